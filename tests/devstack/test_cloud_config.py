"""The configuration that the demo gives the local cloud."""

from __future__ import annotations

import json
from pathlib import Path

from devstack import cloud_config
from devstack.cloud_config import DESTINATION, SOURCE
from devstack.settings import CHECKOUT
from localcloud.configuration.loading import load_config


def test_the_local_cloud_reads_it(tmp_path: Path) -> None:
    cloud_config.write(tmp_path / "new folder" / "cloud.yaml", objects=500, objects_per_second=25)
    config = load_config(tmp_path / "new folder" / "cloud.yaml")
    assert config.behaviour.objects_per_second == 25
    assert [account.uid for account in config.accounts] == [SOURCE.uid, DESTINATION.uid]
    source, destination = (account.buckets[0] for account in config.accounts)
    assert (source.name, source.region) == (SOURCE.bucket, SOURCE.region)
    assert len(source.objects) == 1
    assert destination.objects == ()


def test_each_user_has_exactly_the_documented_rights(tmp_path: Path) -> None:
    cloud_config.write(tmp_path / "cloud.yaml", objects=1)
    for side, account in zip((SOURCE, DESTINATION), load_config(tmp_path / "cloud.yaml").accounts, strict=True):
        (owner,) = account.access_keys
        assert (owner.id, owner.secret) == side.owner_key
        assert owner.id not in side.connection_extra("http://cloud").values(), "Airflow does not have it"
        (user,) = account.users
        for purpose, policy in zip(("", "-canary"), user.policies, strict=True):
            documented = CHECKOUT / "include" / "policies" / f"caller-{side.role}{purpose}.json"
            assert policy.document
            assert json.loads(policy.document) == json.loads(documented.read_text(encoding="utf-8"))
        assert user.access_keys[0].id == side.connection_extra("http://cloud")["access_key_id"]


def test_the_regions_differ() -> None:
    assert SOURCE.region != DESTINATION.region
