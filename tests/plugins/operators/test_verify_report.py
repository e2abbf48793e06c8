"""When a verification is a success, and what it says otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from oss_crr.errors import PermanentError, ReplicationBroken
from oss_crr.operators.verify_report import VerificationReportOperator
from tests.plugins.operators.verify_world import FakeTaskInstance, make_context
from tests.plugins.verification.made import lagging, make_finding, unreadable
from tests.plugins.verification.test_table import row

BROKEN = row("bad", make_finding("bad"))
LATE = row("late", lagging("late"))
UNKNOWN = row("away", unreadable("away"))
GOOD = row("good")


def report(ti: FakeTaskInstance) -> list[dict[str, Any]]:
    operator = VerificationReportOperator(task_id="report", resolved="resolve", judged="judge", announced="announce")
    return operator.execute(make_context(ti))


def judged(*rows: dict[str, Any], **states: str) -> FakeTaskInstance:
    return FakeTaskInstance({"judge": [[item] for item in rows]}, states=states)


def test_healthy_pairs_are_a_success() -> None:
    assert report(judged(GOOD)) == [GOOD]


@pytest.mark.parametrize("other", [LATE, UNKNOWN])
def test_pair_that_lags_or_cannot_be_read_is_a_warning(other: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(judged(GOOD, other)) == [GOOD, other]
    logged = capsys.readouterr().out
    assert f"[warning  ] 2 pairs: 1 {other['health']}, 1 healthy" in logged
    assert other["findings"][0]["cause"] in logged


def test_broken_pair_fails_the_run_and_is_named() -> None:
    ti = judged(GOOD, BROKEN, LATE)
    with pytest.raises(ReplicationBroken) as caught:
        report(ti)
    assert str(caught.value).splitlines() == [
        "3 pairs: 1 broken, 1 lagging, 1 healthy",
        "bad: destination_grant statement: the role may not write",
    ]
    assert ti.pushed["return_value"] == [GOOD, BROKEN, LATE]


def test_run_that_could_read_nothing_fails() -> None:
    with pytest.raises(ReplicationBroken, match="no pair could be verified\naway: no key"):
        report(judged(UNKNOWN))


def test_lost_events_are_no_success() -> None:
    with pytest.raises(PermanentError, match="events about them were not sent: see why announce_1 failed"):
        report(judged(GOOD, announce_0="success", announce_1="failed"))


def test_broken_pair_is_the_better_reason() -> None:
    with pytest.raises(ReplicationBroken):
        report(judged(BROKEN, announce_0="failed"))


def test_nothing_to_verify_is_skipped() -> None:
    with pytest.raises(AirflowSkipException):
        report(FakeTaskInstance(states={"resolve": "skipped", "judge": "skipped"}))


def test_refused_input_is_repeated() -> None:
    ti = FakeTaskInstance(keyed={("resolve", "refusal"): "pairs: 'x' is unknown"}, states={"resolve": "failed"})
    with pytest.raises(PermanentError, match="`resolve` refused the input: pairs: 'x' is unknown"):
        report(ti)


@pytest.mark.parametrize("step", ["resolve", "judge"])
def test_crash_before_the_report_is_named(step: str) -> None:
    with pytest.raises(PermanentError, match=f"see why `{step}` failed"):
        report(FakeTaskInstance(states={step: "failed"}))
