"""Saving and loading the cloud."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from localcloud.cloud import Cloud
from localcloud.configuration.loading import load_config
from localcloud.dump import dump_cloud
from localcloud.oss.replication.model import ReplicationRule
from localcloud.runtime import Runtime
from localcloud.state import StateError, load_state, save_state
from tests.localcloud.conftest import TWO_ACCOUNTS


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return Runtime(load_config(TWO_ACCOUNTS), state_file=tmp_path / "state")


def add_rule(runtime: Runtime) -> ReplicationRule:
    now = runtime.cloud.clock.now()
    rule = ReplicationRule("rule-1", "bucket-a", "bucket-b", "oss-cn-shanghai", now, sync_role="Replicator")
    runtime.cloud.buckets["bucket-a"].rules[rule.id] = rule
    runtime.engine.attach()
    return rule


def test_a_second_run_finds_everything_in_place(runtime: Runtime, tmp_path: Path) -> None:
    add_rule(runtime)
    del runtime.cloud.buckets["bucket-b"]
    runtime.cloud.clock.advance(5000)
    runtime.save()
    again = Runtime(load_config(TWO_ACCOUNTS), state_file=tmp_path / "state")
    assert dump_cloud(again.cloud) == dump_cloud(runtime.cloud)
    assert abs((again.cloud.clock.now() - runtime.cloud.clock.now()).total_seconds()) < 60
    assert len(again.cloud.buckets["bucket-a"].listeners) == 1
    assert again.cloud.access_key("key-reader") == runtime.cloud.access_key("key-reader")


def test_a_run_without_a_state_file_begins_with_the_configuration(runtime: Runtime) -> None:
    assert set(runtime.cloud.buckets) == {"bucket-a", "bucket-b"}


def test_the_saved_file_replaces_the_old_one_at_once(runtime: Runtime, tmp_path: Path) -> None:
    runtime.save()
    runtime.save()
    assert [file.name for file in tmp_path.iterdir()] == ["state"]


class Planted:
    """Does what a malicious file would."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("code ran",))


@pytest.mark.parametrize("content", [b"", b"not a pickle", pickle.dumps({"a": 1}), pickle.dumps(Planted())])
def test_foreign_files_are_refused(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "state"
    file.write_bytes(content)
    with pytest.raises(StateError, match="not a state file"):
        load_state(Cloud(), file)
    assert capsys.readouterr().out == ""


def test_functions_of_this_package_cannot_be_called_by_a_file(tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.write_bytes(b"clocalcloud.state\nsave_state\n.")
    with pytest.raises(StateError, match="not a class"):
        load_state(Cloud(), file)


def test_an_empty_cloud(tmp_path: Path) -> None:
    save_state(Cloud(), tmp_path / "state")
    cloud = Cloud()
    load_state(cloud, tmp_path / "state")
    assert cloud.accounts == {}
