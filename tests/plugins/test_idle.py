"""Steps that have nothing to do need not start, and nothing starts too early because of that."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG

from oss_crr.converge import PlannedResource
from oss_crr.idle import IDLE, FollowingSteps, idle_outcomes
from oss_crr.pair import ResolvedPair
from oss_crr.pipeline import replication_pipeline
from oss_crr.preflight import Check
from oss_crr.resources.base import Change
from oss_crr.survey import Survey
from tests.plugins.fake_cloud import DAWN, make_resolved

STEPS = FollowingSteps(
    resources={"create_role": "role", "prepare_kms_key": "kms_key", "create_rule": "rule"},
    optional=("prepare_kms_key",),
    approvals=("hand_over",),
    others=("verify",),
)
IN_ORDER = PlannedResource((), "in order", DAWN, {"rule_id": "r-1"})
MISSING = PlannedResource((Change("role", "create", "is missing"),), "in order", DAWN)


def found(pair: ResolvedPair | None = None, *, blocked: bool = False, **plans: PlannedResource) -> Survey:
    pair = pair or make_resolved()
    return Survey(pair.pair, (Check("x", "blocks" if blocked else "ok", ""),), pair, plans)


def handed_over() -> ResolvedPair:
    return make_resolved(source_bucket="other", destination_conn_id=None, destination_uid="12345")


def test_a_run_that_only_plans_has_no_further_steps() -> None:
    assert set(STEPS.planned()) == {"create_role", "prepare_kms_key", "create_rule", "hand_over", "verify"}


def test_where_all_is_in_order_only_waiting_and_verifying_are_left() -> None:
    assert STEPS.idle([found(role=IN_ORDER, rule=IN_ORDER)]) == {**STEPS.resources, "hand_over": ""}


def test_where_something_is_missing_only_what_nobody_needs_is_skipped() -> None:
    surveys = [found(role=IN_ORDER, rule=IN_ORDER), found(role=MISSING, rule=IN_ORDER)]
    assert STEPS.idle(surveys) == {"prepare_kms_key": "", "hand_over": ""}
    surveys.append(found(role=IN_ORDER, kms_key=IN_ORDER))
    assert STEPS.idle(surveys) == {"hand_over": ""}


def test_nothing_passes_an_approval_by() -> None:
    surveys = [found(role=IN_ORDER), found(handed_over(), role=IN_ORDER)]
    assert STEPS.idle(surveys) == {"prepare_kms_key": ""}


def test_pairs_that_a_check_blocks_need_nothing() -> None:
    surveys = [found(role=IN_ORDER, rule=IN_ORDER), found(blocked=True, role=MISSING)]
    assert STEPS.idle(surveys) == {**STEPS.resources, "hand_over": ""}


def description(*surveys: Survey) -> list[dict[str, Any]]:
    idle = STEPS.idle(surveys)
    items = [item.outcome("preflight").to_dict() for item in surveys]
    return [{**item, "details": {**item["details"], IDLE: idle}} for item in items]


def test_a_skipped_step_has_said_what_preflight_saw() -> None:
    blocked = found(make_resolved(source_bucket="other"), blocked=True, rule=IN_ORDER)
    told = idle_outcomes(description(found(role=IN_ORDER, rule=IN_ORDER), blocked), "create_rule")
    assert told is not None
    (outcome,) = told
    assert (outcome["step"], outcome["result"], outcome["error"]) == ("create_rule", "in order", None)
    assert outcome["details"] == {"rule_id": "r-1"}


def test_a_step_that_nobody_needs_has_said_nothing() -> None:
    assert idle_outcomes(description(found(role=MISSING)), "prepare_kms_key") == []


@pytest.mark.parametrize("described", [[], description(found(role=MISSING))])
def test_a_step_that_was_not_skipped_speaks_for_itself(described: list[dict[str, Any]]) -> None:
    assert idle_outcomes(described, "create_role") is None


# --- the order of the steps ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tasks() -> dict[str, Any]:
    with DAG(dag_id="dag", schedule=None) as dag:
        replication_pipeline([])
    return dict(dag.task_dict)


@pytest.mark.parametrize(
    "skipped",
    [
        ("hand_over",),
        ("hand_over", "prepare_kms_key", "grant_kms_key", "grant_kms_role"),
        *[
            (
                *("create_role", "grant_source", "grant_destination", "prepare_kms_key", "grant_kms_key"),
                *("grant_kms_role", "hand_over", "create_rule"),
            )
        ],
    ],
)
def test_what_follows_skipped_steps_still_waits_for_all_before_them(
    tasks: dict[str, Any], skipped: tuple[str, ...]
) -> None:
    """A task starts when those right before it are done, and a skipped one is done at once."""
    for name, task in tasks.items():
        if name in skipped:
            continue
        right_before = set(task.upstream_task_ids) - set(skipped)
        reached = right_before.union(*(tasks[other].get_flat_relative_ids(upstream=True) for other in right_before))
        before = set(task.get_flat_relative_ids(upstream=True)) - set(skipped)
        assert before <= reached, name
