"""Keys in the configuration, and in the saved state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from localcloud.configuration.errors import ConfigError
from localcloud.configuration.loading import load_config
from localcloud.dump import dump_cloud
from localcloud.runtime import Runtime
from tests.localcloud.kms.sdk import KEY_A, KEY_B, REGION_A, UID_A, UID_B, settings


def with_key(**key: Any) -> dict[str, Any]:
    declared = settings()
    declared["accounts"][0]["kms_instances"][0]["keys"].append(key)
    return declared


def with_encryption(place: str, key_id: str) -> dict[str, Any]:
    declared = settings()
    encryption = {"algorithm": "KMS", "key_id": key_id}
    bucket = declared["accounts"][0]["buckets"][0]
    if place == "bucket":
        bucket["encryption"] = encryption
    else:
        bucket["objects"] = {"count": 1, "encryption": encryption}
    return declared


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (with_key(id=KEY_A), "declared twice"),
        (with_key(state="PendingImport"), "state"),
        (with_key(alias="made-up"), "InvalidParameter"),
        (with_key(policy={"Version": "1"}), "InvalidParameter"),
        (with_key(colour="blue"), "colour"),
        (with_encryption("bucket", "key-none"), "there is no key key-none"),
        (with_encryption("objects", "key-none"), "there is no key key-none"),
    ],
)
def test_faults(declared: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Runtime(load_config(declared))


def test_reset_forgets_what_was_done_with_keys() -> None:
    runtime = Runtime(load_config(with_encryption("objects", KEY_A)))
    instance = runtime.cloud.accounts[UID_B].kms_instances[0]
    instance.status = "Disconnected"
    instance.released_shares["3"] = instance.created
    runtime.cloud.accounts[UID_B].kms.keys.clear()
    runtime.reset()
    again = runtime.cloud.accounts[UID_B]
    assert (again.kms_instances[0].status, again.kms_instances[0].released_shares) == ("Connected", {})
    assert list(again.kms.keys) == [KEY_B]


def test_keys_are_saved(tmp_path: Path) -> None:
    file = tmp_path / "state"
    runtime = Runtime(load_config(settings()), state_file=file)
    before = runtime.cloud.accounts[UID_A].kms
    before.keys[KEY_A].state = "Disabled"
    runtime.save()
    after = Runtime(load_config(settings()), state_file=file).cloud.accounts[UID_A].kms
    assert after.keys[KEY_A].state == "Disabled"
    assert after.keys[KEY_A].material == before.keys[KEY_A].material
    assert after.keys[KEY_A].policy.current == before.keys[KEY_A].policy.current
    assert after.keys[KEY_A].region == REGION_A


def test_the_dump_tells_what_can_be_changed_about_a_key() -> None:
    policy = {"Version": "1", "Statement": []}
    runtime = Runtime(load_config(with_key(id="key-extra", alias="alias/extra", state="Disabled")))
    key = runtime.cloud.accounts[UID_A].kms.keys["key-extra"]
    key.policy.set(json.dumps(policy), runtime.cloud.clock.now(), 0)
    key.tags["team"] = "a"
    accounts = dump_cloud(runtime.cloud)["accounts"]
    assert accounts[UID_A]["kms_keys"]["key-extra"] == {
        "region": REGION_A,
        "instance": key.instance_id,
        "state": "Disabled",
        "policy": policy,
        "aliases": ["alias/extra"],
        "tags": {"team": "a"},
    }
