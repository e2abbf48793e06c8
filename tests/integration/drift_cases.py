"""The drift matrix: one change behind the product's back each, and what a verification has to say of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, Literal

import oss2
from alibabacloud_kms20160120 import models as kms_models

from localcloud.oss.model import Retention
from tests.integration.drifting import (
    DESTINATION,
    OVERSEAS,
    SOURCE,
    STRANGER_UID,
    Edit,
    Hands,
    add_statement,
    drop_statement,
    edit_statement,
    plus,
    without,
)
from tests.integration.world import DESTINATION_UID, INSTANCE, SOURCE_UID

#: Who may repair it: ``apply``, only with ``remove_extra``, or a person alone.
Repairer = Literal["apply", "remove_extra", "person"]


@dataclass(frozen=True)
class Case:
    """One change.

    :param setting: the world it is made in.
    :param findings: part and field of all findings that follow.
    :param cause: what the causes have to say.
    :param restores: whether the repair brings the cloud back to what it was, and does not leave what a stranger added.
    :param covers: parts of which nothing can be told while this change stands.
    """

    name: str
    setting: str
    change: Callable[[Hands], object]
    findings: frozenset[tuple[str, str]]
    cause: str
    repairer: Repairer
    restores: bool = True
    covers: tuple[str, ...] = ()


def _case(
    name: str,
    findings: str,
    cause: str,
    repairer: Repairer,
    change: Callable[[Hands], object],
    setting: str = "plain",
    **more: Any,
) -> Case:
    """Make a case; findings are written ``part/field``, with blanks between them."""
    parts = frozenset((part, field) for part, _, field in (item.partition("/") for item in findings.split()))
    return Case(name, setting, change, parts, cause, repairer, **more)


# --- role ------------------------------------------------------------------------------------------------------------


def _trust(edit: Edit) -> Callable[[Hands], object]:
    return lambda hands: hands.edit_trust(edit)


def _service(*names: str) -> Edit:
    return edit_statement(Principal={"Service": list(names)})


OSS = "oss.aliyuncs.com"
_IP = {"IpAddress": {"acs:SourceIp": ["10.0.0.0/8"]}}
_VPC = {"StringEquals": {"acs:SourceVpc": ["vpc-1"]}}
_TLS = {"Bool": {"acs:SecureTransport": ["true"]}}
_DENY_OSS = {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"Service": [OSS]}}
_ACCOUNT_MAY = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [f"acs:ram::{STRANGER_UID}:root"]}}

ROLE = [
    _case(
        "role deleted",
        "role/exists source_grant/attached",
        "does not exist any more",
        "apply",
        Hands.delete_role,
        covers=("role", "source_grant"),
    ),
    _case(
        "role with a given name deleted",
        "role/exists source_grant/attached",
        "does not exist any more",
        "apply",
        Hands.delete_role,
        "shared",
    ),
    _case(
        "trust without OSS",
        "role/trust_policy role/extra_trust",
        "cannot assume",
        "remove_extra",
        _trust(_service("ecs.aliyuncs.com")),
    ),
    _case(
        "trust under a condition", "role/trust_policy", "cannot assume", "apply", _trust(edit_statement(Condition=_IP))
    ),
    _case("trust denied", "role/trust_policy", "cannot assume", "apply", _trust(add_statement(**_DENY_OSS))),
    _case(
        "trust for another service",
        "role/extra_trust",
        "others than OSS",
        "remove_extra",
        _trust(_service(OSS, "ecs.aliyuncs.com")),
    ),
    _case(
        "trust for another account",
        "role/extra_trust",
        "others than OSS",
        "remove_extra",
        _trust(add_statement(**_ACCOUNT_MAY)),
    ),
    _case(
        "trust for every action",
        "role/extra_trust",
        "others than OSS",
        "remove_extra",
        _trust(edit_statement(Action="sts:*")),
    ),
    _case(
        "full access to OSS",
        "role/extra_policy:AliyunOSSFullAccess",
        "nobody asked for",
        "remove_extra",
        lambda hands: hands.attach("AliyunOSSFullAccess"),
    ),
    _case(
        "full access to KMS",
        "role/extra_policy:AliyunKMSFullAccess",
        "nobody asked for",
        "remove_extra",
        lambda hands: hands.attach("AliyunKMSFullAccess"),
    ),
    _case(
        "foreign policy",
        "role/extra_policy:theirs",
        "rights of its own",
        "remove_extra",
        Hands.attach_foreign,
        restores=False,
    ),
    _case(
        "adopted role with more policies",
        "role/extra_policy:AliyunOSSFullAccess",
        "made by somebody else",
        "person",
        lambda hands: hands.attach("AliyunOSSFullAccess"),
        "adopted",
    ),
    _case(
        "adopted role with more trust",
        "role/extra_trust",
        "made by somebody else",
        "person",
        _trust(add_statement(**_ACCOUNT_MAY)),
        "adopted",
    ),
    _case(
        "adopted role without trust",
        "role/trust_policy role/extra_trust",
        "cannot assume",
        "person",
        _trust(_service("ecs.aliyuncs.com")),
        "adopted",
    ),
]

# --- source grant ----------------------------------------------------------------------------------------------------


def _source(edit: Edit) -> Callable[[Hands], object]:
    return lambda hands: hands.edit_policy("source-read", edit)


_READS = f"acs:oss:*:*:{SOURCE}"
_DENY_READS = {"Effect": "Deny", "Action": "oss:ReplicateGet", "Resource": f"{_READS}/*"}
_EVERYTHING = {"Effect": "Allow", "Action": "oss:*", "Resource": "*"}

SOURCE_GRANT = [
    _case(
        "source policy deleted",
        "source_grant/policy",
        "does not exist any more",
        "apply",
        lambda hands: hands.delete_policy("source-read"),
        covers=("source_grant",),
    ),
    _case(
        "source policy detached",
        "source_grant/attached",
        "not attached",
        "apply",
        lambda hands: hands.detach(hands.policy_name("source-read")),
    ),
    _case(
        "source policy without an action",
        "source_grant/actions",
        "another version the default",
        "apply",
        _source(edit_statement(Action=without("oss:ReplicateGet"))),
    ),
    _case(
        "source policy without objects",
        "source_grant/resources",
        "does not let the role read",
        "apply",
        _source(edit_statement(Resource=without(f"{_READS}/*"))),
    ),
    _case(
        "source policy for a folder only",
        "source_grant/resources",
        "does not let the role read",
        "apply",
        _source(edit_statement(Resource=[_READS, f"{_READS}/folder/*"])),
    ),
    _case(
        "source policy under a condition",
        "source_grant/condition",
        "does not let the role read",
        "apply",
        _source(edit_statement(Condition=_IP)),
    ),
    _case(
        "source policy turned into a Deny",
        "source_grant/statement source_grant/denied",
        "Deny",
        "apply",
        _source(edit_statement(Effect="Deny")),
    ),
    _case(
        "source policy with a Deny",
        "source_grant/denied",
        "added a Deny",
        "apply",
        _source(add_statement(**_DENY_READS)),
    ),
    _case(
        "source policy's older version",
        "source_grant/statement",
        "v1",
        "apply",
        lambda hands: hands.set_default_version("source-read", "v1"),
        "shared",
    ),
    _case(
        "source policy with an action more",
        "source_grant/extra_rights",
        "more than any known pair needs",
        "remove_extra",
        _source(edit_statement(Action=plus("oss:PutObject"))),
    ),
    _case(
        "source policy with a bucket more",
        "source_grant/extra_rights",
        "more than any known pair needs",
        "remove_extra",
        _source(edit_statement(Resource=plus("acs:oss:*:*:other", "acs:oss:*:*:other/*"))),
    ),
    _case(
        "source policy with a statement more",
        "source_grant/extra_rights",
        "more than any known pair needs",
        "remove_extra",
        _source(add_statement(**_EVERYTHING)),
    ),
    _case(
        "source policy with every action",
        "source_grant/extra_rights",
        "more than any known pair needs",
        "remove_extra",
        _source(edit_statement(Action="oss:*")),
    ),
    _case(
        "source policy for every bucket",
        "source_grant/extra_rights",
        "more than any known pair needs",
        "remove_extra",
        _source(edit_statement(Resource="*")),
    ),
    _case(
        "system policy detached",
        "source_grant/attached",
        "not attached",
        "apply",
        lambda hands: hands.detach("AliyunOSSFullAccess", "System"),
        "full",
    ),
]

# --- destination grant -----------------------------------------------------------------------------------------------


def _policy(edit: Edit, name: str = DESTINATION) -> Callable[[Hands], object]:
    return lambda hands: hands.edit_bucket_policy(name, edit)


def _about_role(make: Callable[[Hands], Edit], name: str = DESTINATION) -> Callable[[Hands], object]:
    return lambda hands: hands.edit_bucket_policy(name, make(hands))


def _foreign_instead(hands: Hands) -> None:
    foreign = {"Effect": "Allow", "Action": "oss:GetObject", "Principal": ["123456"], "Resource": [f"{_WRITES}/*"]}
    hands.edit_bucket_policy(DESTINATION, lambda document: document.update(Statement=[foreign]))


def _deny(hands: Hands, **more: Any) -> Edit:
    statement = {
        "Effect": "Deny",
        "Action": "oss:ReplicatePut",
        "Principal": [hands.principal],
        "Resource": f"{_WRITES}/*",
    }
    return add_statement(**{**statement, **more})


_WRITES = f"acs:oss:*:{DESTINATION_UID}:{DESTINATION}"
_OTHER_ROLE = f"arn:sts::{SOURCE_UID}:assumed-role/other-role/*"

DESTINATION_GRANT = [
    _case(
        "bucket policy deleted",
        "destination_grant/policy",
        "was deleted",
        "apply",
        lambda hands: hands.delete_bucket_policy(DESTINATION),
        covers=("destination_grant",),
    ),
    _case(
        "statement replaced",
        "destination_grant/statement",
        "took the role, or its statement, out",
        "apply",
        _foreign_instead,
        restores=False,
        covers=("destination_grant",),
    ),
    _case(
        "statement without an action",
        "destination_grant/actions",
        "took actions out",
        "apply",
        _policy(edit_statement(Action=without("oss:ReplicatePut"))),
    ),
    _case(
        "statement without deletes",
        "destination_grant/actions",
        "took actions out",
        "apply",
        _policy(edit_statement(Action=without("oss:ReplicateDelete"))),
        "deletes",
    ),
    _case(
        "statement of a versioned pair without deletes",
        "destination_grant/actions",
        "took actions out",
        "apply",
        _policy(edit_statement(Action=without("oss:ReplicateDelete"))),
        "versioned",
    ),
    _case(
        "statement without objects",
        "destination_grant/resources",
        "took resources out",
        "apply",
        _policy(edit_statement(Resource=without(f"{_WRITES}/*"))),
    ),
    _case(
        "statement for a folder only",
        "destination_grant/resources",
        "took resources out",
        "apply",
        _policy(edit_statement(Resource=[_WRITES, f"{_WRITES}/folder/*"])),
    ),
    _case(
        "statement under a condition",
        "destination_grant/condition",
        "added a condition",
        "apply",
        _policy(edit_statement(Condition=_VPC)),
    ),
    _case(
        "statement turned into a Deny",
        "destination_grant/statement destination_grant/denied",
        "Deny",
        "person",
        _policy(edit_statement(Effect="Deny")),
        covers=("destination_grant",),
    ),
    _case(
        "role in capital letters",
        "destination_grant/principal",
        "only `arn:sts",
        "apply",
        _policy(edit_statement(Principal=lambda items: [items[0].replace("oss-crr", "OSS-CRR")])),
        covers=("destination_grant",),
    ),
    _case(
        "another role in its place",
        "destination_grant/statement",
        "took the role, or its statement, out",
        "apply",
        _policy(edit_statement(Principal=[_OTHER_ROLE])),
        restores=False,
        covers=("destination_grant",),
    ),
    _case(
        "the account in its place",
        "destination_grant/principal destination_grant/extra_principals",
        "another principal in the role's place",
        "remove_extra",
        _policy(edit_statement(Principal=[SOURCE_UID])),
        covers=("destination_grant",),
    ),
    _case(
        "everybody in its place",
        "destination_grant/extra_principals",
        "to others as well: `*`",
        "remove_extra",
        _policy(edit_statement(Principal=["*"])),
        covers=("destination_grant",),
    ),
    _case(
        "everybody and everything in its place",
        "destination_grant/principal destination_grant/extra_principals",
        "another principal in the role's place",
        "person",
        _policy(edit_statement(Principal=["*"], Action="oss:*")),
        covers=("destination_grant",),
    ),
    _case(
        "a user beside it",
        "destination_grant/extra_principals",
        "to others as well: `2044",
        "remove_extra",
        _policy(edit_statement(Principal=plus("204412345678901234"))),
    ),
    _case(
        "another role beside it",
        "destination_grant/extra_principals",
        "to others as well",
        "person",
        _policy(edit_statement(Principal=plus(_OTHER_ROLE))),
    ),
    _case(
        "statement with an action more",
        "destination_grant/extra_rights",
        "was widened",
        "remove_extra",
        _policy(edit_statement(Action=plus("oss:PutObject"))),
    ),
    _case(
        "statement with deletes",
        "destination_grant/extra_rights",
        "was widened",
        "remove_extra",
        _policy(edit_statement(Action=plus("oss:ReplicateDelete"))),
    ),
    _case(
        "statement with every action",
        "destination_grant/extra_rights",
        "was widened",
        "remove_extra",
        _policy(edit_statement(Action="oss:*")),
    ),
    _case(
        "another statement for the role",
        "destination_grant/extra_rights",
        "was widened",
        "remove_extra",
        _about_role(
            lambda hands: add_statement(
                Effect="Allow", Action="oss:GetObject", Principal=[hands.principal], Resource=f"{_WRITES}/*"
            )
        ),
    ),
    _case("role denied", "destination_grant/denied", "added a Deny", "person", _about_role(_deny)),
    _case(
        "everybody denied to put",
        "destination_grant/denied",
        "denies oss:PutObject",
        "person",
        _about_role(lambda hands: _deny(hands, Action="oss:PutObject", Principal=["*"])),
    ),
    _case(
        "everybody denied who uses TLS",
        "destination_grant/denied",
        "its condition decides",
        "person",
        _about_role(lambda hands: _deny(hands, Principal=["*"], Condition=_TLS)),
    ),
    _case(
        "role denied under a condition",
        "destination_grant/denied",
        "its condition decides",
        "person",
        _about_role(lambda hands: _deny(hands, Condition=_VPC)),
    ),
]

# --- buckets ---------------------------------------------------------------------------------------------------------


def _set(name: str, **values: Any) -> Callable[[Hands], object]:
    return lambda hands: vars(hands.bucket(name)).update(values)


def _key_by_default(name: str) -> Callable[[Hands], object]:
    rule = oss2.models.ServerSideEncryptionRule()
    rule.sse_algorithm, rule.kms_master_keyid = "KMS", "key-by-default"
    return lambda hands: hands.world.bucket(name).put_bucket_encryption(rule)


def _delete_bucket(name: str) -> Callable[[Hands], object]:
    return lambda hands: hands.cloud.buckets.pop(name)


def _give_away(name: str) -> Callable[[Hands], object]:
    """Return a change after which a bucket belongs to somebody else, who lets everybody look at it."""

    def change(hands: Hands) -> None:
        hands.bucket(name).owner_uid = STRANGER_UID

    return change


def _retain(hands: Hands) -> None:
    now = hands.cloud.clock.now()
    hands.bucket(DESTINATION).retention = Retention("r", 30, now, locked=True)
    hands.bucket(DESTINATION).worm_days = 30


BUCKETS = [
    _case(
        "source bucket deleted",
        "source_bucket/exists",
        "does not exist any more",
        "person",
        _delete_bucket(SOURCE),
        covers=("source_bucket", "rule"),
    ),
    _case(
        "source bucket in another region",
        "source_bucket/region",
        "in another region",
        "person",
        _set(SOURCE, region="cn-shanghai"),
        covers=("source_bucket", "rule"),
    ),
    _case(
        "source bucket of somebody else",
        "access/source_bucket",
        "belongs to somebody else by now",
        "person",
        _give_away(SOURCE),
        covers=("source_bucket", "rule"),
    ),
    _case(
        "source versioning suspended",
        "source_bucket/versioning",
        "was suspended",
        "person",
        _set(SOURCE, versioning="Suspended"),
        "versioned",
    ),
    _case(
        "source versioning enabled",
        "source_bucket/versioning",
        "are alike",
        "person",
        _set(SOURCE, versioning="Enabled"),
        covers=("source_bucket", "destination_bucket"),  # It takes both to compare them.
    ),
    _case(
        "source encrypts with a key", "source_bucket/encryption", "are not copied", "person", _key_by_default(SOURCE)
    ),
    _case(
        "source denies the role",
        "source_bucket/denied",
        "added a Deny",
        "person",
        _about_role(
            lambda hands: _deny(hands, Action="oss:GetObject", Resource=f"acs:oss:*:{SOURCE_UID}:{SOURCE}/*"), SOURCE
        ),
    ),
    _case(
        "source lets the role do more",
        "source_bucket/extra_rights",
        "nobody asked",
        "person",
        _about_role(
            lambda hands: add_statement(
                Effect="Allow",
                Action="oss:PutObject",
                Principal=[hands.principal],
                Resource=f"acs:oss:*:{SOURCE_UID}:{SOURCE}/*",
            ),
            SOURCE,
        ),
    ),
    _case(
        "destination bucket deleted",
        "destination_bucket/exists",
        "does not exist any more",
        "person",
        _delete_bucket(DESTINATION),
        covers=("destination_bucket", "destination_grant"),
    ),
    _case(
        "destination bucket in another region",
        "destination_bucket/region",
        "in another region",
        "person",
        _set(DESTINATION, region="cn-shanghai"),
        covers=("destination_bucket", "destination_grant"),
    ),
    _case(
        "destination bucket of somebody else",
        "access/destination_bucket",
        "belongs to somebody else by now",
        "person",
        _give_away(DESTINATION),
        covers=("destination_bucket", "destination_grant"),
    ),
    _case(
        "destination versioning suspended",
        "destination_bucket/versioning",
        "was suspended",
        "person",
        _set(DESTINATION, versioning="Suspended"),
        "versioned",
    ),
    _case(
        "destination versioning enabled",
        "destination_bucket/versioning",
        "are alike",
        "person",
        _set(DESTINATION, versioning="Enabled"),
        covers=("source_bucket", "destination_bucket"),  # It takes both to compare them.
    ),
    _case(
        "destination made anew without versioning",
        "destination_bucket/versioning",
        "are alike",
        "person",
        _set(DESTINATION, versioning=""),
        "versioned",
        covers=("source_bucket", "destination_bucket"),  # It takes both to compare them.
    ),
    _case(
        "destination encrypts with a key",
        "destination_bucket/encryption",
        "no plain object is copied",
        "person",
        _key_by_default(DESTINATION),
    ),
    _case(
        "destination retains objects", "destination_bucket/retention", "no overwrite and no deletion", "person", _retain
    ),
    _case(
        "acceleration off",
        "destination_bucket/acceleration",
        "was switched off",
        "apply",
        _set(OVERSEAS, acceleration=False),
        "overseas",
    ),
]

# --- key -------------------------------------------------------------------------------------------------------------


def _keys(hands: Hands) -> Any:
    return hands.cloud.accounts[DESTINATION_UID].kms


def _instance(**values: Any) -> Callable[[Hands], object]:
    return lambda hands: vars(hands.cloud.accounts[DESTINATION_UID].kms_instances[0]).update(values)


def _key_policy(edit: Edit) -> Callable[[Hands], object]:
    return lambda hands: hands.edit_key_policy(edit)


def _move_alias(hands: Hands) -> None:
    request = kms_models.UpdateAliasRequest(alias_name=f"alias/oss-crr-{INSTANCE}", key_id="key-other")
    hands.kms.update_alias(request)


def _delete_alias(hands: Hands) -> None:
    hands.kms.delete_alias(kms_models.DeleteAliasRequest(alias_name=f"alias/oss-crr-{INSTANCE}"))


def _delete_all(*changes: Callable[[Hands], object]) -> Callable[[Hands], object]:
    return lambda hands: [change(hands) for change in changes]


_ROLE_ARN = f"acs:ram::{SOURCE_UID}:role/"
_THEIR_ROLE_ARN = f"{_ROLE_ARN}other-role"


def _deny_key(hands: Hands) -> None:
    principal = {"RAM": [f"{_ROLE_ARN}{hands.role_name}"]}
    deny = {"Effect": "Deny", "Action": ["kms:GenerateDataKey"], "Principal": principal, "Resource": ["*"]}
    hands.edit_key_policy(add_statement(**deny))


KEY = [
    _case(
        "key disabled",
        "kms_key/state",
        "Disabled",
        "person",
        lambda hands: hands.kms.disable_key(kms_models.DisableKeyRequest(key_id="key-given")),
        "kms",
    ),
    _case(
        "key to be deleted",
        "kms_key/state",
        "PendingDeletion",
        "person",
        lambda hands: hands.kms.schedule_key_deletion(
            kms_models.ScheduleKeyDeletionRequest(key_id="key-given", pending_window_in_days=7)
        ),
        "kms",
    ),
    _case(
        "key gone",
        "kms_key/exists",
        "does not exist any more",
        "person",
        lambda hands: _keys(hands).keys.pop("key-given"),
        "kms",
        covers=("kms_key", "kms_key_grant"),
    ),
    _case("alias deleted", "kms_key/alias", "was deleted", "apply", _delete_alias, "instance"),
    _case(
        "alias and rule deleted",
        "kms_key/alias rule/exists",
        "was deleted",
        "apply",
        _delete_all(_delete_alias, Hands.delete_rule),
        "instance",
        covers=("kms_key", "rule"),
    ),
    _case(
        "alias, rule and all that names the key deleted",
        "kms_key/exists kms_key_grant/statement kms_role_grant/policy rule/exists",
        "nothing that tells which one it was",
        "apply",
        _delete_all(_delete_alias, Hands.delete_rule, lambda hands: hands.delete_policy("kms")),
        "instance",
        restores=False,
        covers=("kms_key", "kms_key_grant", "kms_role_grant", "rule"),
    ),
    _case("alias moved", "kms_key/alias", "moved to another key", "person", _move_alias, "instance"),
    _case(
        "instance disconnected",
        "kms_key/instance_status",
        "Disconnected",
        "person",
        _instance(status="Disconnected"),
        "kms",
    ),
    _case(
        "instance shared with nobody",
        "kms_key/instance_access",
        "1 account",
        "person",
        _instance(access_management_quantity=1),
        "kms",
        covers=("kms_key_grant",),
    ),
    _case(
        "key's statement dropped",
        "kms_key_grant/statement",
        "took the role, or its statement, out",
        "apply",
        _key_policy(drop_statement(1)),
        "kms",
        covers=("kms_key_grant",),
    ),
    _case(
        "key's statement without an action",
        "kms_key_grant/actions",
        "took actions out",
        "apply",
        _key_policy(edit_statement(1, Action=without("kms:Decrypt"))),
        "kms",
    ),
    _case(
        "key's statement under a condition",
        "kms_key_grant/condition",
        "added a condition",
        "apply",
        _key_policy(edit_statement(1, Condition=_VPC)),
        "kms",
    ),
    _case(
        "key's statement for another role",
        "kms_key_grant/statement",
        "took the role, or its statement, out",
        "apply",
        _key_policy(edit_statement(1, Principal={"RAM": [_THEIR_ROLE_ARN]})),
        "kms",
        restores=False,
        covers=("kms_key_grant",),
    ),
    _case(
        "key's statement for the account",
        "kms_key_grant/principal kms_key_grant/extra_principals",
        "another principal in the role's place",
        "remove_extra",
        _key_policy(edit_statement(1, Principal={"RAM": [f"acs:ram::{SOURCE_UID}:root"]})),
        "kms",
        covers=("kms_key_grant",),
    ),
    _case(
        "key's statement with every action",
        "kms_key_grant/extra_rights",
        "was widened",
        "remove_extra",
        _key_policy(edit_statement(1, Action=["kms:*"])),
        "kms",
    ),
    _case(
        "key's statement with an action more",
        "kms_key_grant/extra_rights",
        "was widened",
        "remove_extra",
        _key_policy(edit_statement(1, Action=plus("kms:Encrypt"))),
        "kms",
    ),
    _case("key denied", "kms_key_grant/denied", "added a Deny", "person", _deny_key, "kms"),
    _case(
        "key policy of the role deleted",
        "kms_role_grant/policy",
        "does not exist any more",
        "apply",
        lambda hands: hands.delete_policy("kms"),
        "kms",
        covers=("kms_role_grant",),
    ),
    _case(
        "key policy of the role detached",
        "kms_role_grant/attached",
        "not attached",
        "apply",
        lambda hands: hands.detach(hands.policy_name("kms")),
        "kms",
    ),
    _case(
        "key policy of the role without an action",
        "kms_role_grant/actions",
        "does not let the role use key",
        "apply",
        lambda hands: hands.edit_policy("kms", edit_statement(Action=without("kms:GenerateDataKey"))),
        "kms",
    ),
    _case(
        "key policy of the role without the source's keys",
        "kms_role_grant/resources",
        "does not let the role use key",
        "apply",
        lambda hands: hands.edit_policy("kms", drop_statement(1)),
        "kms",
    ),
    _case(
        "key policy of the role for every key",
        "kms_role_grant/extra_rights",
        "more than any known pair needs",
        "remove_extra",
        lambda hands: hands.edit_policy("kms", edit_statement(Resource=plus("*"))),
        "kms",
    ),
    _case(
        "system policy for keys detached",
        "kms_role_grant/attached",
        "not attached",
        "apply",
        lambda hands: hands.detach("AliyunKMSCryptoUserAccess", "System"),
        "kms user",
    ),
]

# --- rule ------------------------------------------------------------------------------------------------------------


def _rule(**values: Any) -> Callable[[Hands], object]:
    """Return a change after which the rule is another one, as if somebody had deleted and put it."""
    return lambda hands: vars(hands.rule).update(values)


def _close(hands: Hands) -> None:
    hands.cloud.behaviour.rule_close_seconds = 3600
    hands.world.bucket(SOURCE).delete_bucket_replication(hands.rule.id)


RULE = [
    _case("rule deleted", "rule/exists", "somebody deleted it", "apply", Hands.delete_rule, covers=("rule",)),
    _case("rule closing", "rule/status", "is being removed", "person", _close, covers=("rule",)),
    _case(
        "rule with deletes",
        "rule/actions",
        "delete replicas",
        "person",
        _rule(actions=("ALL",)),
        covers=("rule",),
    ),
    _case(
        "rule without deletes",
        "rule/actions",
        "not repeated",
        "person",
        lambda hands: hands.put_rule(action_list=["PUT"]),
        "deletes",
    ),
    _case("rule with prefixes", "rule/prefixes", "other objects", "person", _rule(prefixes=("a/",))),
    _case("rule without a prefix", "rule/prefixes", "other objects", "person", _rule(prefixes=("a/",)), "prefixes"),
    _case("rule for the whole bucket", "rule/prefixes", "other objects", "person", _rule(prefixes=()), "prefixes"),
    _case("rule without history", "rule/historical_data", "never copied", "person", _rule(history=False)),
    _case("rule with history", "rule/historical_data", "copied, too", "apply", _rule(history=True), "replace"),
    _case(
        "rule with another transfer type",
        "rule/transfer_type",
        "another way",
        "person",
        _rule(transfer_type="internal"),
        "overseas",
    ),
    _case(
        "rule with another role",
        "rule/role_name",
        "rights of another role",
        "person",
        _rule(sync_role="other-role"),
        "kms",
    ),
    _case("rule without keys", "rule/kms_objects", "left out silently", "person", _rule(kms_enabled=False), "kms"),
    _case(
        "rule with keys",
        "rule/kms_objects",
        "nobody asked for",
        "person",
        _rule(kms_enabled=True, kms_key_id="key-other"),
    ),
    _case(
        "rule with another key",
        "rule/kms_key_arn",
        "with another key",
        "person",
        _rule(kms_key_id=f"acs:kms:cn-beijing:{DESTINATION_UID}:key/key-other"),
        "kms",
    ),
    _case("rtc off", "rule/rtc", "switched off", "apply", _rule(rtc="disabled"), "rtc"),
    _case("rtc on", "rule/rtc", "nobody asked for it", "apply", _rule(rtc="enabled")),
    _case("rule that may be replaced", "rule/prefixes", "other objects", "apply", _rule(prefixes=("a/",)), "replace"),
]

# --- access ----------------------------------------------------------------------------------------------------------


def _without_right(side: str, action: str) -> Callable[[Hands], object]:
    def change(hands: Hands) -> None:
        account = hands.cloud.accounts[SOURCE_UID if side == "source" else DESTINATION_UID]
        policy = account.ram.policies[f"{side}-user-1"]
        version = policy.versions[policy.default_version]
        text = version.document.replace(f'"{action}"', '"oss:GetBucketTagging"')
        assert text != version.document
        version.document = text
        policy.effective_document.set(text, hands.cloud.clock.now() - timedelta(seconds=1), 0.0)

    return change


def _disable_key(side: str) -> Callable[[Hands], object]:
    def change(hands: Hands) -> None:
        account = hands.cloud.accounts[SOURCE_UID if side == "source" else DESTINATION_UID]
        account.ram.access_keys.pop(f"LTAI-{side}-user")

    return change


def _fault(action: str, **fault: Any) -> Callable[[Hands], object]:
    return lambda hands: hands.world.control("POST", "faults", json={"action": action, **fault})


ACCESS = [
    _case(
        "source key disabled",
        "access/source_connection",
        "could not be read",
        "person",
        _disable_key("source"),
        covers=("role", "source_grant", "source_bucket", "rule", "destination_grant"),
    ),
    _case(
        "destination key disabled",
        "access/destination_connection",
        "could not be read",
        "person",
        _disable_key("destination"),
        covers=("destination_bucket", "destination_grant"),
    ),
    _case(
        "no right to read the destination's policy",
        "access/destination_grant",
        "oss:GetBucketPolicy",
        "person",
        _without_right("destination", "oss:GetBucketPolicy"),
        covers=("destination_grant",),
    ),
    _case(
        "no right to read the rules",
        "access/rule",
        "oss:GetBucketReplication",
        "person",
        _without_right("source", "oss:GetBucketReplication"),
        covers=("rule",),
    ),
    _case(
        "no right to read the retention",
        "access/retention",
        "oss:GetBucketWorm",
        "person",
        _without_right("destination", "oss:GetBucketWorm"),
    ),
    _case(
        "throttled without end",
        "access/rule",
        "could not be read",
        "person",
        _fault("GetBucketReplication", status=503, code="ServiceBusy", times=100),
        covers=("rule",),
    ),
]

GROUPS = (ROLE, SOURCE_GRANT, DESTINATION_GRANT, BUCKETS, KEY, RULE, ACCESS)
CASES: dict[str, Case] = {case.name: case for group in GROUPS for case in group}
assert len(CASES) == sum(map(len, GROUPS)), "two cases of one name"


#: How many random pairs of changes there are.
PAIRS = 60


def _two_changes() -> Iterator[tuple[Case, Case]]:
    """Yield random pairs of changes in one world that say something of their own each."""
    chance = random.Random(4)  # noqa: S311 - the same pairs each time
    while True:
        first = chance.choice(list(CASES.values()))
        second = chance.choice([case for case in CASES.values() if case.setting == first.setting])
        if not _are_at_odds(first, second):
            yield first, second


def _are_at_odds(first: Case, second: Case) -> bool:
    """Tell whether one change hides or undoes what the other does."""
    parts = [{part for part, _ in case.findings} for case in (first, second)]
    hides = set(first.covers) & (parts[1] | set(second.covers)) or set(second.covers) & parts[0]
    return bool(hides or first.findings & second.findings)


TWO = tuple(islice(dict.fromkeys(islice(_two_changes(), 4 * PAIRS)), PAIRS))
assert len(TWO) == PAIRS
