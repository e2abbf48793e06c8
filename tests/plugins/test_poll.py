"""Reading the progress of many rules."""

from __future__ import annotations

from typing import Any

import pytest

from oss_crr.errors import ConnectionSetupError, NotFound, PermissionDenied, ServiceUnavailable, Throttled
from oss_crr.model import Progress
from oss_crr.poll import poll_rules
from oss_crr.progress import RuleProgress, WaitedRule
from tests.plugins.fake_cloud import FakeCloud


def rules(*ids: str) -> list[WaitedRule]:
    return [WaitedRule(f"pair-{name}", "oss_source", "cn-hangzhou", "src", name, True) for name in ids]


def poll(cloud: FakeCloud, *ids: str) -> list[RuleProgress]:
    account: Any = cloud.source
    return poll_rules(rules(*ids), {"oss_source": account}.__getitem__)


def test_each_rule_takes_one_read(cloud: FakeCloud) -> None:
    cloud.forbid_writes()
    progresses = {f"r{number}": Progress("doing", True, number / 20, None) for number in range(20)}
    cloud.source.storage.progresses = progresses
    found = poll(cloud, *progresses)
    assert [(item.pair, item.history) for item in found] == [(f"pair-r{n}", n / 20) for n in range(20)]
    assert cloud.actions == ["GetBucketReplicationProgress"] * 20
    assert set(cloud.source.regions) == {"cn-hangzhou"}


def test_rule_that_does_not_exist_has_vanished(cloud: FakeCloud) -> None:
    assert poll(cloud, "gone") == [RuleProgress("pair-gone", "vanished")]


@pytest.mark.parametrize("failure", [Throttled("slowly"), ServiceUnavailable("cut")])
def test_passing_failure_means_waiting(cloud: FakeCloud, failure: Exception) -> None:
    cloud.source.journal.fail("GetBucketReplicationProgress", failure)
    assert poll(cloud, "r") == [RuleProgress("pair-r", "waiting")]


@pytest.mark.parametrize("failure", [PermissionDenied("may not"), NotFound("no bucket")])
def test_lasting_failure_is_told_and_hides_no_other_rule(cloud: FakeCloud, failure: Exception) -> None:
    cloud.source.storage.progresses = {"b": Progress("doing", True, 1.0, None)}
    cloud.source.journal.fail("GetBucketReplicationProgress", failure)
    found = {item.state: item for item in poll(cloud, "b", "b")}
    assert set(found) == {"unreadable", "complete"}
    assert found["unreadable"].error == {"type": type(failure).__name__, "message": str(failure), "retryable": False}


def test_account_that_cannot_be_had_ends_the_poll() -> None:
    def get(conn_id: str) -> Any:
        raise ConnectionSetupError(f"connection `{conn_id}` does not exist")

    with pytest.raises(ConnectionSetupError):
        poll_rules(rules("r"), get)


def test_no_rules(cloud: FakeCloud) -> None:
    assert poll(cloud) == []
