"""The whole setup of a pair, by the hooks and the real SDKs, against the local cloud."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.world import DESTINATION_UID, PAIR, SOURCE_UID, World

#: As a bucket's owner may have written it: conditions, denials, strings where lists are usual, a Sid.
FOREIGN_STATEMENTS: list[dict[str, Any]] = [
    {
        "Effect": "Allow",
        "Action": "oss:GetObject",
        "Principal": ["3333333333333333"],
        "Resource": f"acs:oss:*:{DESTINATION_UID}:crr-destination/public/*",
        "Condition": {"StringEquals": {"acs:UserAgent": "reader"}},
    },
    {
        "Sid": "nobody deletes",
        "Effect": "Deny",
        "Action": ["oss:DeleteBucket"],
        "Principal": ["*"],
        "Resource": [f"acs:oss:*:{DESTINATION_UID}:crr-destination"],
    },
    {
        "Effect": "Deny",
        "Action": ["oss:PutObject", "oss:AbortMultipartUpload"],
        "Principal": ["4444444444444444"],
        "Resource": [f"acs:oss:*:{DESTINATION_UID}:crr-destination/frozen/*"],
        "Condition": {"Bool": {"acs:SecureTransport": ["false"]}},
    },
    {
        "Effect": "Allow",
        "Action": ["oss:ReplicateList", "oss:ReplicateGet", "oss:ReplicatePut"],
        "Principal": ["arn:sts::5555555555555555:assumed-role/somebody-else/*"],
        "Resource": [
            f"acs:oss:*:{DESTINATION_UID}:crr-destination",
            f"acs:oss:*:{DESTINATION_UID}:crr-destination/*",
        ],
    },
    {
        "Effect": "Allow",
        "Action": "oss:ListObjects",
        "Principal": ["3333333333333333", "arn:sts::3333333333333333:assumed-role/reporting/*"],
        "Resource": [f"acs:oss:*:{DESTINATION_UID}:crr-destination"],
        "Condition": {"StringLike": {"oss:Prefix": ["public/*", "shared/*"]}},
    },
]


def test_first_run_creates_everything_and_the_history_arrives(world: World) -> None:
    outcomes = world.set_up()
    assert {step: outcome.result for step, outcome in outcomes.items()} == {
        "preflight": "passed",
        "create_role": "created",
        "grant_source": "created",
        "grant_destination": "created",
        "create_rule": "created",
    }
    assert world.wait(outcomes).state == "complete"
    counts = world.verify(outcomes)
    assert (counts.matched, counts.bytes, counts.ok) == (20, 2000, True)


def test_second_run_writes_nothing_and_reads_little(world: World) -> None:
    world.wait(world.set_up())
    world.reset_calls()
    outcomes = world.set_up()
    assert [outcome.result for outcome in outcomes.values()] == ["passed"] + ["in order"] * 4
    calls = world.calls()
    assert calls["writes"] == 0
    assert calls["reads"] <= 11  # and one more for the single poll of the wait


def test_first_run_stays_within_its_budget_of_calls(world: World) -> None:
    world.set_up()
    calls = world.calls()
    assert calls["writes"] == 5  # role, policy, attachment, bucket policy, rule
    assert calls["reads"] + calls["writes"] <= 24


def test_foreign_statements_stay_as_they_were(world: World) -> None:
    pair = world.pair()
    oss = world.root.destination(pair).oss(pair.destination_region)
    oss.put_bucket_policy(pair.destination_bucket, json.dumps({"Version": "1", "Statement": FOREIGN_STATEMENTS}))
    outcomes = world.set_up()
    assert outcomes["grant_destination"].result == "updated"
    text = oss.get_bucket_policy(pair.destination_bucket)
    assert text is not None
    statements = json.loads(text)["Statement"]
    assert statements[:5] == FOREIGN_STATEMENTS
    assert len(statements) == 6


def test_an_equal_rule_is_adopted_and_a_different_one_refused_with_the_difference(world: World) -> None:
    world.wait(world.set_up())
    before = world.state()
    refused = world.preflight(replication_policy="add_delete_change", prefixes=["logs/"]).outcome("preflight")
    assert refused.error is not None
    assert "actions is ['PUT'], asked for ['ALL']" in refused.error["message"]
    assert "prefixes is [], asked for ['logs/']" in refused.error["message"]
    assert world.state() == before


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ("destination policy gone", "does not let role"),
        ("destination policy upper case", "OSS matches lower case only"),
        ("deny at destination", "denies oss:PutObject"),
        ("deny at source", "denies oss:GetObject"),
        ("policy detached", "is not attached to role"),
    ],
)
def test_a_refused_rule_is_explained(world: World, change: str, cause: str) -> None:
    found = world.preflight()
    assert found.resolved is not None
    from datetime import UTC, datetime

    from oss_crr.converge import Convergence
    from oss_crr.resources.registry import RESOURCES

    for resource in ("role", "source_grant", "destination_grant"):
        Convergence(RESOURCES[resource], world.accounts, resource, {}, datetime.now(UTC)).run([found.resolved])
    sabotage(world, change, found.resolved.pair.role)
    outcome = Convergence(RESOURCES["rule"], world.accounts, "rule", {}, datetime.now(UTC)).run([found.resolved])[0]
    assert outcome.error is not None
    assert outcome.error["type"] == "PermissionDenied"
    assert cause in outcome.error["message"]


def sabotage(world: World, change: str, role: str) -> None:
    """Break one grant behind the product's back."""
    pair = world.pair()
    destination = world.root.destination(pair).oss(pair.destination_region)
    source = world.root.source(pair).oss(pair.source_region)
    text = destination.get_bucket_policy(pair.destination_bucket) or ""
    if change == "destination policy gone":
        destination.delete_bucket_policy(pair.destination_bucket)
    elif change == "destination policy upper case":
        destination.put_bucket_policy(pair.destination_bucket, text.replace(role, role.upper()))
    elif change == "deny at destination":
        document = json.loads(text)
        document["Statement"].append(deny("oss:PutObject", DESTINATION_UID, pair.destination_bucket, role))
        destination.put_bucket_policy(pair.destination_bucket, json.dumps(document))
    elif change == "deny at source":
        denied = {"Version": "1", "Statement": [deny("oss:GetObject", SOURCE_UID, pair.source_bucket, role)]}
        source.put_bucket_policy(pair.source_bucket, json.dumps(denied))
    else:
        world.root.source(pair).ram.detach_policy(role, f"{role}-source-read", "Custom")


def deny(action: str, owner: str, bucket: str, role: str) -> dict[str, Any]:
    """Return a statement that denies one action to the role."""
    return {
        "Effect": "Deny",
        "Action": [action],
        "Principal": [f"arn:sts::{SOURCE_UID}:assumed-role/{role}/*"],
        "Resource": [f"acs:oss:*:{owner}:{bucket}/*"],
    }


def test_teardown_by_the_resources_gives_the_cloud_back_as_it_was(world: World) -> None:
    before = world.state()
    outcomes = world.set_up()
    world.wait(outcomes)
    found = world.preflight()
    assert found.resolved is not None
    from oss_crr.resources.registry import RESOURCES

    for resource in reversed([item for item in RESOURCES.values() if item.applies(found.resolved)]):
        resource.remove(world.root, [found.resolved], resource.observe(world.root, found.resolved))
    world.control("POST", "clock", json={"advance_seconds": 3600})
    after = world.state()
    assert _without_objects(after) == _without_objects(before)


def _without_objects(state: Any) -> Any:
    """Drop what replication itself changed: the copied objects."""
    if isinstance(state, dict):
        return {
            key: _without_objects(value) for key, value in state.items() if key not in ("objects", "bytes", "versions")
        }
    return [_without_objects(item) for item in state] if isinstance(state, list) else state


def test_wrong_region_owner_and_bucket_are_named_before_any_write(world: World) -> None:
    cases = {
        "source_region": ("cn-shanghai", "cn-hangzhou"),
        "destination_bucket": ("no-such-bucket", "no-such-bucket"),
        "destination_region": ("cn-shenzhen", "cn-beijing"),
    }
    for field, (value, named) in cases.items():
        world.reset_calls()
        outcome = world.preflight(**{field: value}).outcome("preflight")
        assert outcome.error is not None, field
        assert named in outcome.error["message"], outcome.error["message"]
        assert world.calls()["writes"] == 0
    assert PAIR["source_bucket"] == "crr-source"
