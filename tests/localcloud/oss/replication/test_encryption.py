"""The encryption matrix, row by row, and the use of customers' keys."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.oss.model import Encryption
from localcloud.oss.replication.keys import KeyUse

OSS = Encryption("AES256")
DEFAULT_KEY = Encryption("KMS")
SOURCE_KEY = Encryption("KMS", "key-source")
BUCKET_KEY = Encryption("KMS", "key-bucket")
RULE_KEY = Encryption("KMS", "key-rule")
NOT_COPIED = "not copied"
EVERY_DEFAULT = (None, OSS, DEFAULT_KEY, BUCKET_KEY)

ROWS = [
    *((None, None, switch, None) for switch in (None, False, True)),
    *((None, OSS, switch, OSS) for switch in (None, False, True)),
    *((None, DEFAULT_KEY, switch, DEFAULT_KEY) for switch in (None, False, True)),
    (None, BUCKET_KEY, True, BUCKET_KEY),
    (None, BUCKET_KEY, False, NOT_COPIED),
    (None, BUCKET_KEY, None, NOT_COPIED),
    *((OSS, default, switch, OSS) for default in EVERY_DEFAULT for switch in (None, True)),
    *((DEFAULT_KEY, default, switch, DEFAULT_KEY) for default in EVERY_DEFAULT for switch in (None, True)),
    *((SOURCE_KEY, default, True, RULE_KEY) for default in EVERY_DEFAULT),
    *((SOURCE_KEY, default, switch, NOT_COPIED) for default in EVERY_DEFAULT for switch in (None, False)),
]


class Keys:
    """Keys that can be taken away, and a record of what they were used for."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.uses: list[KeyUse] = []

    def allows(self, cloud: Any, role: Any, use: KeyUse) -> bool:
        assert role.name == "Crr-Role"
        self.uses.append(use)
        return use.key_id not in self.refused


@pytest.mark.parametrize(("source", "default", "switch", "expected"), ROWS)
def test_replica_is_encrypted_by_the_matrix(
    world: Any, source: Encryption | None, default: Encryption | None, switch: bool | None, expected: object
) -> None:
    world.engine.keys = Keys()
    world.destination.encryption = default
    world.put("a", encryption=source)
    rule = world.rule(kms_enabled=switch, kms_key_id="key-rule" if switch else None)
    world.run()
    replica = world.destination.latest("a")
    assert (replica.encryption if replica else NOT_COPIED) == expected
    assert rule.task.history_finished is not None, "what is not copied is skipped silently"


def test_keys_are_asked_for_on_both_sides(world: Any) -> None:
    keys = world.engine.keys = Keys()
    world.put("a", encryption=SOURCE_KEY)
    world.put("plain")
    world.rule(kms_enabled=True, kms_key_id="key-rule")
    world.run()
    assert keys.uses == [
        KeyUse("kms:Decrypt", "key-source", world.source.owner_uid, "cn-hangzhou"),
        KeyUse("kms:GenerateDataKey", "key-rule", world.destination.owner_uid, "cn-beijing"),
    ]


@pytest.mark.parametrize("refused", ["key-source", "key-rule"])
def test_refused_key_holds_its_objects_up_until_it_is_repaired(world: Any, refused: str) -> None:
    keys = world.engine.keys = Keys()
    keys.refused.add(refused)
    world.put("secret", encryption=SOURCE_KEY)
    world.put("plain")
    rule = world.rule(kms_enabled=True, kms_key_id="key-rule")
    world.run()
    world.run()
    assert list(world.destination.keys) == ["plain"]
    assert (rule.task.history_done, rule.task.history_finished) == (1, None)
    keys.refused.clear()
    world.run()
    assert list(world.destination.keys) == ["plain", "secret"]
    assert rule.task.history_finished is not None
