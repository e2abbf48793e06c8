"""The trigger form: every field of a pair as an Airflow parameter, in sections, with help and defaults.

The form shows no italics, and code in boxes that cover the line above, so the help texts do without both.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from oss_crr.fields import MAX_PREFIXES
from oss_crr.regions import REGIONS

#: The buckets come first and belong to no section: Airflow opens "Run Parameters" by itself, and only that.
_BUCKETS = None
_WHAT = "What is replicated"
_KMS = "Encrypted objects"
_ACCOUNTS = "Accounts and rights"
_RUN = "This run"


def _bucket(title: str, help_text: str) -> Param:
    return Param(type="string", title=title, description_md=help_text, section=_BUCKETS, minLength=3, maxLength=63)


def _region(title: str) -> Param:
    return Param(
        type="string",
        title=title,
        description_md="The region that the bucket is in. The other bucket has to be in another region.",
        section=_BUCKETS,
        enum=list(REGIONS),
        values_display={region: f"{name}: {region}" for region, name in REGIONS.items()},
    )


def _choice(default: str, title: str, help_text: str, section: str, shown: dict[str, str]) -> Param:
    return Param(
        default,
        type="string",
        title=title,
        description_md=help_text,
        section=section,
        enum=list(shown),
        values_display=shown,
    )


def _switch(default: bool, title: str, help_text: str, section: str) -> Param:
    return Param(default, type="boolean", title=title, description_md=help_text, section=section)


def _connection(default: str, title: str, help_text: str) -> Param:
    return Param(default, type=["null", "string"], title=title, description_md=help_text, section=_ACCOUNTS)


def _account_uid(side: str) -> Param:
    return Param(
        None,
        type=["null", "string"],
        title=f"UID of the {side} account",
        description_md="Required without a connection to that account, because the grants name it. With a connection "
        "it is a guard: a key of any other account is refused.",
        section=_ACCOUNTS,
    )


def _optional(title: str, help_text: str) -> Param:
    return Param(None, type=["null", "string"], title=title, description_md=help_text, section=_KMS)


SETUP_PARAMS: dict[str, Any] = {
    "source_bucket": _bucket("Source bucket", "The bucket whose objects are copied. It stays as it is."),
    "source_region": _region("Source region"),
    "destination_bucket": _bucket(
        "Destination bucket",
        "The bucket in the **other account** that receives the copies. It has to exist; objects of the same name are "
        "overwritten.",
    ),
    "destination_region": _region("Destination region"),
    "prefixes": Param(
        None,
        type=["null", "array"],
        items={"type": "string"},
        title="Prefixes",
        description_md=f"One a line, up to {MAX_PREFIXES}: only objects whose names begin like this are copied. Leave "
        "it empty for the whole bucket.",
        section=_WHAT,
    ),
    "replication_policy": _choice(
        "add_change",
        "Which changes travel",
        "With “new and changed objects” an object that is deleted at the source stays at the destination.",
        _WHAT,
        {"add_change": "new and changed objects", "add_delete_change": "new, changed and deleted objects"},
    ),
    "replicate_historical_data": _switch(
        True, "Copy what is there already", "Off: only objects written from now on are copied.", _WHAT
    ),
    "transfer_type": _choice(
        "auto",
        "Transfer",
        "“Automatic” takes what the regions require: acceleration between mainland China and the rest, the internal "
        "network elsewhere. Acceleration is billed to the destination account.",
        _WHAT,
        {"auto": "automatic", "internal": "internal network", "oss_acc": "transfer acceleration"},
    ),
    "replicate_kms_objects": _switch(
        False,
        "Copy KMS-encrypted objects",
        "Off: OSS leaves objects that are encrypted with a KMS key of yours out, silently. On: give the key or the "
        "instance below.",
        _KMS,
    ),
    "kms_key_arn": _optional("Key", "ARN of a key in a KMS instance of the destination region."),
    "kms_instance_id": _optional(
        "KMS instance", "Instead of a key: the instance (kst-…) in which one key is made, once for all pairs."
    ),
    "kms_permissions": _choice(
        "minimal",
        "Rights of the role on keys",
        "“Minimal” is decrypting and generating data keys with that one key.",
        _KMS,
        {
            "minimal": "minimal",
            "AliyunKMSCryptoUserAccess": "AliyunKMSCryptoUserAccess (use of every key)",
            "AliyunKMSFullAccess": "AliyunKMSFullAccess (everything in KMS)",
        },
    ),
    "rtc": _switch(
        False,
        "Replication time control",
        "99.99 % of new objects within ten minutes; billed to the source account. Offered between some regions only.",
        _WHAT,
    ),
    "source_conn_id": _connection(
        "oss_source",
        "Connection of the source account",
        "Id of an Airflow connection of type alibaba_cloud. Empty: grant only the destination's side, from the "
        "source account's UID and the role's name.",
    ),
    "destination_conn_id": _connection(
        "oss_destination",
        "Connection of the destination account",
        "Id of an Airflow connection of type alibaba_cloud, with a key of the other account. Empty: another team "
        "owns that account; the run shows what they have to grant and waits for their approval.",
    ),
    "source_uid": _account_uid("source"),
    "destination_uid": _account_uid("destination"),
    "role_name": Param(
        None,
        type=["null", "string"],
        title="Role name",
        description_md="The RAM role that OSS assumes. Empty: a role of its own. One that exists is used as it is.",
        section=_ACCOUNTS,
        maxLength=64,
    ),
    "role_permissions": _choice(
        "minimal",
        "Rights of the role at the source",
        "“Minimal” is what replication needs and nothing else.",
        _ACCOUNTS,
        {"minimal": "minimal", "AliyunOSSFullAccess": "AliyunOSSFullAccess (everything in OSS)"},
    ),
    "on_rule_mismatch": _choice(
        "fail",
        "A rule that differs",
        "OSS cannot change a rule. “Replace it” deletes it, waits until it is gone (up to half an hour) and creates it "
        "again; the history is copied again.",
        _RUN,
        {"fail": "stop and name the differences", "replace": "replace it"},
    ),
    "plan_only": _switch(
        False, "Plan only", "Check everything and show what would be written, and write nothing.", _RUN
    ),
    "wait_for_history": _switch(
        True, "Wait for the history", "Off: the run ends when replication is on; nothing is verified.", _RUN
    ),
}
