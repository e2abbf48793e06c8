"""A missing right: named at the first try, and nothing is repeated once it is granted."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.e2e.airflow import Airflow, Run
from tests.e2e.cloud import LocalCloud
from tests.e2e.conftest import NewPair
from tests.e2e.world import Pair, SideName

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Missing:
    """A right that the user of one side lacks.

    :param task_id: the task that fails for it.
    :param cleared: whether the run goes on after clearing it, or a new one is started.
    """

    side: SideName
    action: str
    task_id: str
    cleared: bool


MISSING = [
    Missing("source", "ram:CreateRole", "create_role", cleared=True),
    Missing("destination", "oss:PutBucketPolicy", "grant_destination", cleared=True),
    Missing("source", "oss:PutBucketReplication", "create_rule", cleared=False),
]


@dataclass(frozen=True)
class Case:
    """A run without a right, and the run after it was granted."""

    missing: Missing
    pair: Pair
    run: Run


@pytest.fixture(scope="module")
def cases(airflow: Airflow, cloud: LocalCloud, new_pair: NewPair) -> dict[str, Case]:
    """Runs for all the missing rights, side by side."""
    found = {}
    for missing in MISSING:
        pair = new_pair()
        cloud.take_right(getattr(pair, missing.side), missing.action)
        found[missing.action] = Case(missing, pair, airflow.start(pair.conf()))
    for case in found.values():
        case.run.fail()
    return found


@pytest.fixture(scope="module")
def causes(cases: dict[str, Case]) -> dict[str, tuple[str, str]]:
    """What the failing task and the report of each run said, before anything was granted."""
    return {action: (case.run.error(case.missing.task_id), case.run.error("report")) for action, case in cases.items()}


@pytest.fixture(scope="module")
def tries(cases: dict[str, Case]) -> dict[str, dict[str, int]]:
    """How often each task of each run was tried, before anything was granted."""
    return {action: case.run.tries() for action, case in cases.items()}


@pytest.fixture(scope="module")
def repaired(
    cases: dict[str, Case],
    causes: dict[str, tuple[str, str]],
    tries: dict[str, dict[str, int]],
    airflow: Airflow,
    cloud: LocalCloud,
) -> dict[str, Run]:
    """The rights granted, and the work done by the same run or by a new one."""
    for case in cases.values():
        cloud.give_rights_back(getattr(case.pair, case.missing.side))
    return {
        action: case.run.clear_failed() if case.missing.cleared else airflow.start(case.pair.conf())
        for action, case in cases.items()
    }


ACTIONS = [missing.action for missing in MISSING]


@pytest.mark.parametrize("action", ACTIONS)
def test_the_task_names_the_right_and_is_not_retried(
    cases: dict[str, Case], causes: dict[str, tuple[str, str]], tries: dict[str, dict[str, int]], action: str
) -> None:
    missing, (error, _) = cases[action].missing, causes[action]

    assert "PermissionDenied" in error
    assert action in error
    assert getattr(cases[action].pair, missing.side).connection_id in error
    assert tries[action][missing.task_id] == 1


@pytest.mark.parametrize("action", ACTIONS)
def test_the_report_gives_the_cause(
    cases: dict[str, Case], causes: dict[str, tuple[str, str]], tries: dict[str, dict[str, int]], action: str
) -> None:
    _, report = causes[action]

    assert f"{cases[action].missing.task_id}: " in report
    assert action in report
    assert tries[action]["report"] == 1


@pytest.mark.parametrize("action", ACTIONS)
def test_once_granted_the_work_is_finished_and_nothing_repeated(
    cases: dict[str, Case], repaired: dict[str, Run], cloud: LocalCloud, action: str
) -> None:
    report = repaired[action].succeed().report()
    refused = action.partition(":")[2]
    repeated = {name: count for name, count in cloud.calls(cases[action].pair).writes().items() if count > 1}

    assert report["state"] == "complete"
    # The refused call itself was made once before, and once after the right was granted. The policy that holds the
    # rights is the test's own: taken, and given back.
    assert repeated == {refused: 2, "CreatePolicyVersion": 2}
