"""The fleet of the demo: fifty pairs that share what can be shared."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from devstack.fleet_world import ACCOUNTS, OBJECTS, FleetWorld
from devstack.settings import Settings
from localcloud.configuration.loading import load_config
from oss_crr.fleet.file import load_fleet

WORLD = FleetWorld()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "new"
    settings = Settings(folder, 8081, 9091, folder / "cloud.yaml", fleet_file=folder / "fleet.yaml")
    WORLD.write(settings)
    return settings


def test_it_has_fifty_pairs_and_one_of_them_is_broken() -> None:
    assert len(WORLD.pairs) == len({pair.name for pair in WORLD.pairs}) == 50
    assert [pair.name for pair in WORLD.pairs if pair.broken] == ["archive-07"]


def test_it_shares_in_every_way() -> None:
    destinations = Counter(pair.destination.name for pair in WORLD.pairs)
    sources = Counter(pair.source.name for pair in WORLD.pairs)
    roles = Counter(pair.options.get("role_name") for pair in WORLD.pairs)
    keys = Counter(pair.options.get("kms_key_arn") for pair in WORLD.pairs)
    ways = {(pair.source.name, pair.destination.name) for pair in WORLD.pairs}
    back = [way for way in ways if way[::-1] in ways]

    assert max(destinations.values()) == 12
    assert max(sources.values()) == 8
    assert roles["oss-crr-team"] == 8
    assert sorted(keys.values()) == [6, 44]
    assert len(back) == 6
    assert sum(destinations[pair.destination.name] == sources[pair.source.name] == 1 for pair in WORLD.pairs) >= 10


def test_the_local_cloud_reads_its_part(settings: Settings) -> None:
    accounts = load_config(settings.cloud_config).accounts

    assert [account.uid for account in accounts] == [account.uid for account in ACCOUNTS]
    there = {bucket.name for account in accounts for bucket in account.buckets}
    named = {bucket for pair in WORLD.pairs for bucket in (pair.source, pair.destination)}
    assert {bucket.name for bucket in named} - there == {"fleet-a-logs-07"}


def test_the_inventory_is_valid(settings: Settings) -> None:
    fleet = load_fleet(settings.fleet_file)

    assert fleet.names == [pair.name for pair in WORLD.pairs]
    assert {entry.pair.source_conn_id for entry in fleet.entries} == {"fleet_a", "fleet_b", "fleet_c"}


def test_objects_of_many_sources_do_not_meet_in_one_destination(settings: Settings) -> None:
    text = settings.cloud_config.read_text(encoding="utf-8")
    seeded = [bucket for bucket in WORLD.buckets if bucket.objects]

    assert {bucket.objects for bucket in seeded} == {OBJECTS}
    assert all(f"prefix: from-{bucket.name}/" in text for bucket in seeded)


def test_connections_carry_the_accounts_own_number() -> None:
    extras = [account.connection_extra("http://cloud") for account in ACCOUNTS]

    assert [extra["account_uid"] for extra in extras] == [account.uid for account in ACCOUNTS]
    assert len({extra["access_key_id"] for extra in extras}) == 3
    assert replace(ACCOUNTS[0], name="x").connection_id == "fleet_x"
