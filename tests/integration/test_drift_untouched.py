"""Nothing is said of worlds that nobody touched, nor of other spellings of the same meaning."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import oss2
import pytest
from alibabacloud_kms20160120 import models as kms_models

from localcloud.server import LocalCloudServer
from oss_crr.verification.drift import find_drift
from tests.integration.drifting import (
    DESTINATION,
    OVERSEAS,
    SETTINGS,
    SOURCE,
    THEIR_ROLE,
    Document,
    Edit,
    Hands,
    Setting,
    add_statement,
    drift_config,
)
from tests.integration.world import DESTINATION_UID, INSTANCE, KEY_ARN

WORLDS, RUNS_EACH = 50, 4
_FOREIGN = {
    "Effect": "Allow",
    "Action": ["oss:GetObject"],
    "Principal": ["204412345678901234"],
    "Resource": [f"acs:oss:*:{DESTINATION_UID}:{DESTINATION}/*"],
}
_DENY = {**_FOREIGN, "Effect": "Deny", "Principal": ["*"]}
_TLS_ONLY = {**_DENY, "Condition": {"Bool": {"acs:SecureTransport": ["false"]}}}
_DENY_ELSEWHERE = {
    **_DENY,
    "Action": "oss:PutObject",
    "Resource": [f"acs:oss:*:{DESTINATION_UID}:{DESTINATION}/other/*"],
}


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    """Return one cloud for all worlds; each begins anew in it."""
    with LocalCloudServer(drift_config()) as server:
        yield server


def random_setting(chance: random.Random) -> Setting:
    """Return one to three pairs with random options that OSS accepts, in a world where others have been before."""
    role = chance.choice(["", "", "oss-crr-Shared", THEIR_ROLE])
    versioned, foreign = chance.random() < 0.3, chance.random() < 0.5
    places = [(SOURCE, DESTINATION, "cn-beijing"), ("crr-source-2", DESTINATION, "cn-beijing")]
    places.append((SOURCE, OVERSEAS, "ap-southeast-1"))
    chosen = chance.sample(places, chance.randint(1, 3))
    fields = tuple(
        {
            "source_bucket": source,
            "destination_bucket": destination,
            "destination_region": region,
            "role_name": role,
            **_options(chance, region),
        }
        for source, destination, region in chosen
    )

    def before(hands: Hands) -> None:
        if role == THEIR_ROLE:
            hands.create_role(role)
        if versioned:
            for name in (SOURCE, "crr-source-2", DESTINATION, OVERSEAS):
                hands.bucket(name).versioning = "Enabled"
        if foreign:
            hands.edit_bucket_policy(DESTINATION, lambda document: document["Statement"].extend([_FOREIGN, _TLS_ONLY]))
        hands.cloud.behaviour.hide_sync_role = chance.random() < 0.5

    return Setting(fields, before)


def _options(chance: random.Random, region: str) -> dict[str, Any]:
    options: dict[str, Any] = {
        "prefixes": chance.choice([[], ["a/"], ["a/", "b/c"]]),
        "replication_policy": chance.choice(["add_change", "add_delete_change"]),
        "replicate_historical_data": chance.random() < 0.5,
        "on_rule_mismatch": chance.choice(["fail", "replace"]),
    }
    if region != "cn-beijing":
        return options
    options["rtc"] = chance.random() < 0.3
    key = chance.choice([{}, {"kms_key_arn": KEY_ARN}, {"kms_instance_id": INSTANCE}])
    return {**options, "replicate_kms_objects": bool(key), **key}


@pytest.mark.parametrize("seed", range(WORLDS))
def test_a_world_that_nobody_touched(server: LocalCloudServer, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same worlds each time
    hands = Hands(server, random_setting(chance))
    before = hands.meaning()
    for _ in range(RUNS_EACH):
        chosen = chance.sample(hands.pairs, chance.randint(1, len(hands.pairs)))
        others = [pair for pair in hands.pairs if pair not in chosen]
        found = [
            finding.to_dict() for item in find_drift(hands.world.accounts, chosen, others) for finding in item.findings
        ]
        assert found == []
    assert hands.meaning() == before


# --- spelling --------------------------------------------------------------------------------------------------------


def _respelt(document: Document) -> None:
    """Write the same down in another way: order, single values without brackets, case of actions, comments."""
    for number, statement in enumerate(document["Statement"]):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        statement["Action"] = [
            action.upper().replace("OSS:", "oss:").replace("KMS:", "kms:") for action in actions[::-1]
        ]
        resources = statement.get("Resource")
        if isinstance(resources, list):
            statement["Resource"] = resources[0] if len(resources) == 1 else resources[::-1]
        statement["Sid"] = f"number {number}"
    document["Statement"].reverse()


def _split(document: Document) -> None:
    """Give each action a statement of its own."""
    document["Statement"] = [
        {**statement, "Action": [action]} for statement in document["Statement"] for action in statement["Action"]
    ]


def _single_principal(document: Document) -> None:
    for statement in document["Statement"]:
        statement["Principal"] = statement["Principal"][0]


def _trust_respelt(document: Document) -> None:
    document["Statement"] = [
        {"Sid": "x", "Principal": {"Service": "oss.aliyuncs.com"}, "Action": ["STS:assumerole"], "Effect": "Allow"}
    ]


def _bucket_policy(edit: Edit) -> Callable[[Hands], object]:
    return lambda hands: hands.edit_bucket_policy(DESTINATION, edit)


def _rule(**values: Any) -> Callable[[Hands], object]:
    return lambda hands: vars(hands.rule).update(values)


_WITHIN = {"Effect": "Allow", "Action": "oss:ReplicateGet", "Resource": f"acs:oss:*:*:{SOURCE}/folder/*"}

#: Changes that change nothing in meaning: the setting, and what is done.
SPELLINGS: dict[str, tuple[str, Callable[[Hands], object]]] = {
    "source policy respelt": ("plain", lambda hands: hands.edit_policy("source-read", _respelt)),
    "source policy in two statements": ("plain", lambda hands: hands.edit_policy("source-read", _split)),
    "a right within those given": ("plain", lambda hands: hands.edit_policy("source-read", add_statement(**_WITHIN))),
    "bucket policy respelt": ("deletes", _bucket_policy(_respelt)),
    "bucket policy in four statements": ("deletes", _bucket_policy(_split)),
    "bucket policy with one principal": ("plain", _bucket_policy(_single_principal)),
    "a statement of somebody else": ("plain", _bucket_policy(add_statement(**_FOREIGN))),
    "a condition that is always met": ("plain", _bucket_policy(add_statement(**_TLS_ONLY))),
    "a Deny of other actions": ("plain", _bucket_policy(add_statement(**{**_DENY, "Action": "oss:PutBucketAcl"}))),
    "a Deny for objects that do not matter": ("prefixes", _bucket_policy(add_statement(**_DENY_ELSEWHERE))),
    "key policy respelt": ("kms", lambda hands: hands.edit_key_policy(_respelt)),
    "role's key policy respelt": ("kms", lambda hands: hands.edit_policy("kms", _respelt)),
    "trust policy respelt": ("plain", lambda hands: hands.edit_trust(_trust_respelt)),
    "session time of the role": ("plain", lambda hands: vars(hands.role).update(max_session_seconds=7200)),
    "all of a rule's actions": ("deletes", _rule(actions=("PUT", "DELETE", "ABORT"))),
    "prefixes in another order": ("prefixes", _rule(prefixes=("b/", "a/"))),
    "transfer type left out": ("plain", _rule(transfer_type=None)),
    "role as an ARN": ("kms", lambda hands: vars(hands.rule).update(sync_role=hands.role.arn)),
    "role in other letters": ("kms", lambda hands: vars(hands.rule).update(sync_role=hands.role_name.upper())),
    "role shown": ("plain", lambda hands: vars(hands.cloud.behaviour).update(hide_sync_role=False)),
    "rule of another id": ("deletes", lambda hands: hands.put_rule()),
    "an alias more": ("instance", lambda hands: hands.kms.create_alias(_alias_for(hands))),
    "default encryption without a key": ("plain", lambda hands: _encrypt_by_default(hands, DESTINATION)),
}


def _alias_for(hands: Hands) -> Any:
    key = next(iter(hands.cloud.accounts[DESTINATION_UID].kms.keys))
    return kms_models.CreateAliasRequest(alias_name="alias/one-more", key_id=key)


def _encrypt_by_default(hands: Hands, name: str) -> None:
    rule = oss2.models.ServerSideEncryptionRule()
    rule.sse_algorithm = "AES256"
    hands.world.bucket(name).put_bucket_encryption(rule)


@pytest.mark.parametrize("name", SPELLINGS)
def test_another_spelling_is_no_drift(server: LocalCloudServer, name: str) -> None:
    setting, change = SPELLINGS[name]
    hands = Hands(server, SETTINGS[setting])
    change(hands)
    assert [finding.to_dict() for finding in hands.findings()] == []


def test_the_spellings_change_something(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["plain"])
    before = hands.bucket(DESTINATION).policy.current
    hands.edit_bucket_policy(DESTINATION, _respelt)
    after = hands.bucket(DESTINATION).policy.current
    assert json.loads(before or "") != json.loads(after or "")
