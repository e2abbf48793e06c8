"""A fleet is counted over the wire, with no more than the documented rights, and nothing is written."""

from __future__ import annotations

import copy
import json
from typing import Any

from oss_crr.errors import OssCrrError
from oss_crr.fleet.quota_reading import read_quota_facts, resolve_accounts
from oss_crr.fleet.quotas import QuotaFacts, causes, count
from oss_crr.pair import BucketPair
from tests.integration.conftest import MakeWorld
from tests.integration.world import INSTANCE, PAIR, World, kms_config, world_config


def config_with(buckets: int, config: dict[str, Any]) -> dict[str, Any]:
    """Return a cloud with many source buckets."""
    config = copy.deepcopy(config)
    config["accounts"][0]["buckets"] = [{"name": f"crr-source-{n:03}", "region": "cn-hangzhou"} for n in range(buckets)]
    return config


def fleet(world: World, number: int, **fields: Any) -> list[BucketPair]:
    """Return pairs into the one destination bucket."""
    return [world.pair(source_bucket=f"crr-source-{n:03}", label=f"p{n:03}", **fields) for n in range(number)]


def counted(world: World, pairs: list[BucketPair]) -> tuple[QuotaFacts, dict[str, str]]:
    """Return what was read, and why pairs are blocked."""
    resolved = resolve_accounts(world.accounts, pairs)
    facts = read_quota_facts(world.accounts, resolved)
    assert world.calls()["writes"] == 0
    return facts, causes(count(resolved, facts))


def unreadable(facts: QuotaFacts) -> list[OssCrrError]:
    """Return why things could not be read."""
    tables = (
        *(facts.summaries, facts.rules, facts.bucket_policies),
        *(facts.role_grants, facts.key_policies, facts.instances),
    )
    return [found for table in tables for found in table.values() if isinstance(found, OssCrrError)]


def test_the_documented_rights_are_enough_to_count(make_world: MakeWorld) -> None:
    world = make_world(config_with(3, kms_config()))
    pairs = fleet(world, 3, role_name="oss-crr-shared", replicate_kms_objects=True, kms_instance_id=INSTANCE)
    facts, blocked = counted(world, pairs)
    assert (unreadable(facts), blocked) == ([], {})
    assert all((facts.summaries, facts.rules, facts.bucket_policies, facts.role_grants, facts.key_policies))
    assert [instance.access_quantity for instance in facts.instances.values()] == [2]  # type: ignore[union-attr]


def test_what_is_there_takes_its_place(make_world: MakeWorld) -> None:
    """Rules run out at a hundred; a policy of somebody else leaves room for a part of the grants only."""
    world = make_world(config_with(101, world_config()))
    _, blocked = counted(world, fleet(world, 101))
    assert list(blocked) == ["p100"]
    filler = {
        "Effect": "Allow",
        "Action": ["oss:GetObject"],
        "Principal": ["1111111111111111"],
        "Resource": [f"acs:oss:*:2222222222222222:{PAIR['destination_bucket']}/{'x' * 3900}"],
    }
    document = json.dumps({"Version": "1", "Statement": [{**filler, "Action": [f"oss:{n}"]} for n in range(3)]})
    world.root.get("oss_destination").oss("cn-beijing").put_bucket_policy(PAIR["destination_bucket"], document)
    resolved = resolve_accounts(world.accounts, fleet(world, 100))
    blocked = causes(count(resolved, read_quota_facts(world.accounts, resolved)))
    assert 0 < len(blocked) < 100
    assert list(blocked) == sorted(blocked)
    assert all("policy of bucket `crr-destination`" in cause for cause in blocked.values())


def test_a_set_up_pair_is_never_blocked(make_world: MakeWorld) -> None:
    world = make_world(config_with(101, world_config()))
    last = f"crr-source-{100:03}"
    assert all(outcome.ok for outcome in world.set_up(source_bucket=last).values())
    resolved = resolve_accounts(world.accounts, fleet(world, 101))
    assert list(causes(count(resolved, read_quota_facts(world.accounts, resolved)))) == ["p099"]
