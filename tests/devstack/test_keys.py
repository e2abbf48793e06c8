"""Keys: made once, private, and of the kinds that Airflow asks for."""

from __future__ import annotations

import stat
from pathlib import Path

from cryptography.fernet import Fernet

from devstack.keys import Keys, write_private


def test_keys_are_kept_from_one_start_to_the_next(tmp_path: Path) -> None:
    first = Keys.load_or_create(tmp_path / "keys.json")
    assert Keys.load_or_create(tmp_path / "keys.json") == first


def test_two_stacks_have_different_keys(tmp_path: Path) -> None:
    assert Keys.load_or_create(tmp_path / "a.json") != Keys.load_or_create(tmp_path / "b.json")


def test_only_the_owner_can_read_the_keys(tmp_path: Path) -> None:
    Keys.load_or_create(tmp_path / "keys.json")
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600


def test_a_private_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_private(tmp_path / "file", "a long text")
    write_private(tmp_path / "file", "short")
    assert (tmp_path / "file").read_text() == "short"


def test_the_keys_have_the_shapes_that_airflow_asks_for() -> None:
    keys = Keys.generate()
    fernet = Fernet(keys.fernet_key)
    assert fernet.decrypt(fernet.encrypt(b"text")) == b"text"
    assert len(keys.jwt_secret.encode()) >= 64
