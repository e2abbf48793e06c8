"""A rule that differs from what is asked for: refused, or replaced on demand."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.e2e.airflow import Airflow, Run
from tests.e2e.cloud import LocalCloud
from tests.e2e.conftest import NewPair
from tests.e2e.world import Pair

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Case:
    """A pair with a rule for one prefix, and a run that asks for another rule."""

    pair: Pair
    run: Run
    writes_before: dict[str, int]


@pytest.fixture(scope="module")
def cases(airflow: Airflow, cloud: LocalCloud, new_pair: NewPair) -> dict[str, Case]:
    """One pair for each answer to a rule that differs."""
    pairs = {answer: new_pair() for answer in ("fail", "replace")}
    firsts = [airflow.start(pair.conf(prefixes=["logs/"], wait_for_history=False)) for pair in pairs.values()]
    # The documented rights do not let anybody delete a rule.
    cloud.allow(pairs["replace"].source, "may-replace", "oss:DeleteBucketReplication", "acs:oss:*:*:*")
    for first in firsts:
        first.succeed()
    writes = {answer: cloud.calls(pair).writes() for answer, pair in pairs.items()}
    return {
        answer: Case(pair, airflow.start(pair.conf(on_rule_mismatch=answer)), writes[answer])
        for answer, pair in pairs.items()
    }


def test_the_differences_are_spelled_out_and_nothing_is_written(cases: dict[str, Case], cloud: LocalCloud) -> None:
    case = cases["fail"]
    error = case.run.fail().error("preflight")

    assert "PreflightError" in error
    assert "prefixes is ['logs/'], asked for []" in error
    assert "replace" in error
    assert case.run.tries()["preflight"] == 1
    assert cloud.calls(case.pair).writes() == case.writes_before


def test_a_replaced_rule_is_waited_for_in_the_triggerer(cases: dict[str, Case]) -> None:
    run = cases["replace"].run
    run.until("create_rule", {"deferred"})

    assert run.succeed().tries()["create_rule"] == 1


def test_a_replaced_rule_is_the_one_asked_for(cases: dict[str, Case], cloud: LocalCloud) -> None:
    case = cases["replace"]
    report = case.run.succeed().report()
    (rule,) = cloud.bucket(case.pair.source)["rules"]
    written = {name: count - case.writes_before.get(name, 0) for name, count in cloud.calls(case.pair).writes().items()}

    assert (report["state"], report["steps"]["create_rule"]) == ("complete", "created")
    assert rule["prefixes"] == []
    assert {name: count for name, count in written.items() if count} == {
        "DeleteBucketReplication": 1,
        "PutBucketReplication": 1,
    }
