"""A stack that cannot start says why, and leaves nothing running. What a running one does is tested end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from devstack import process, sessions
from devstack.errors import StartFailed
from devstack.ports import free_port
from devstack.settings import Settings
from devstack.stack import Stack


def test_a_part_that_cannot_start_is_named_and_the_others_are_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    start = process.start

    def remember(*arguments: object, **options: object) -> process.Part:
        part = start(*arguments, **options)  # type: ignore[arg-type]
        started.append(part.pid)
        return part

    monkeypatch.setattr(process, "start", remember)
    config = tmp_path / "cloud.yaml"
    config.write_text("accounts: forty-two\n", encoding="utf-8")
    stack = Stack(Settings(tmp_path / "state", free_port(), free_port(), config))
    try:
        with pytest.raises(StartFailed, match=r"(?s)localcloud ended with status 2.*cloud\.yaml: accounts"):
            stack.start()
        stack.stop()
    finally:
        stack.postgres.remove()
    assert len(started) >= 3
    assert sessions.members(started) == []
