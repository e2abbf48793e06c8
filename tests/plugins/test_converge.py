"""Bringing resources in order: what is read, what is written, and what is told of it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oss_crr import policy
from oss_crr.converge import (
    PLAN_IS_FRESH_FOR,
    PlannedResource,
    group_by_scope,
    in_parallel,
)
from oss_crr.errors import InputError
from oss_crr.parallel import DEFAULT_THREADS, THREADS_VARIABLE
from oss_crr.resources.base import Change
from oss_crr.resources.destination_grant import DestinationGrant, grant
from oss_crr.resources.role import Role
from oss_crr.resources.rule import ReplicationRule
from oss_crr.resources.source_grant import SourceGrant
from tests.plugins.converging import FOREIGN, NOW, PAIR, overwrite_policy, pairs_to, plan, run, run_one
from tests.plugins.fake_cloud import FakeCloud, make_resolved, make_rule

# --- results ---------------------------------------------------------------------------------------------------------


def test_thing_that_was_missing_is_created(cloud: FakeCloud) -> None:
    outcome = run_one(cloud, Role())
    assert (outcome.pair, outcome.step, outcome.result, outcome.ok) == (PAIR.name, "step", "created", True)
    assert outcome.changes == (f"role `{PAIR.pair.role}` does not exist",)
    assert cloud.actions == ["GetRole", "CreateRole"]


def test_thing_that_differed_is_updated(cloud: FakeCloud) -> None:
    overwrite_policy(cloud, FOREIGN)()
    outcome = run_one(cloud, DestinationGrant())
    assert outcome.result == "updated"
    assert outcome.changes == (f"bucket policy of `dst` does not let role `{PAIR.pair.role}` write",)
    assert cloud.actions == ["GetBucketPolicy", "PutBucketPolicy", "GetBucketPolicy"]


def test_own_thing_in_order_is_found(cloud: FakeCloud) -> None:
    run(cloud, Role())
    cloud.forbid_writes()
    outcome = run_one(cloud, Role())
    assert (outcome.result, outcome.changes) == ("in order", ())


def test_foreign_thing_in_order_is_adopted(cloud: FakeCloud) -> None:
    cloud.src.rules = [make_rule(PAIR, id="theirs")]
    cloud.forbid_writes()
    outcome = run_one(cloud, ReplicationRule())
    assert (outcome.result, outcome.details) == ("adopted", {"rule_id": "theirs"})


def test_new_rule_tells_its_id(cloud: FakeCloud) -> None:
    outcome = run_one(cloud, ReplicationRule())
    assert (outcome.result, outcome.details) == ("created", {"rule_id": PAIR.pair.rule_id})


def test_outcomes_keep_the_order_of_the_pairs(cloud: FakeCloud) -> None:
    pairs = pairs_to("dst", 20)
    assert [outcome.pair for outcome in run(cloud, Role(), pairs)] == [pair.name for pair in pairs]


# --- what preflight saw ----------------------------------------------------------------------------------------------


def test_thing_that_preflight_saw_in_order_takes_no_call(cloud: FakeCloud) -> None:
    cloud.src.rules = [make_rule(PAIR, id="theirs")]
    outcome = run_one(cloud, ReplicationRule(), plan(cloud, ReplicationRule()))
    assert (outcome.result, outcome.details) == ("adopted", {"rule_id": "theirs"})
    assert cloud.actions == []


def test_new_rule_is_put_without_a_first_read(cloud: FakeCloud) -> None:
    plans = plan(cloud, ReplicationRule())
    assert run_one(cloud, ReplicationRule(), plans).result == "created"
    assert cloud.actions == ["PutBucketReplication", "GetBucketReplication"]


def test_new_role_is_known_by_the_answer_to_its_creation(cloud: FakeCloud) -> None:
    plans = plan(cloud, Role())
    assert run_one(cloud, Role(), plans).result == "created"
    assert cloud.actions == ["CreateRole"]


def test_a_role_that_is_not_what_was_asked_for_is_found_by_that_answer(cloud: FakeCloud) -> None:
    plans = plan(cloud, Role())
    create = cloud.source.ram.create_role
    cloud.source.ram.create_role = lambda *given: replace(create(*given), trust_policy='{"Statement": []}')  # type: ignore[method-assign]
    outcome = run_one(cloud, Role(), plans)
    assert outcome.error is not None
    assert "does not let oss.aliyuncs.com assume it" in outcome.error["message"]


def test_new_grant_at_the_source_takes_four_calls(cloud: FakeCloud) -> None:
    run(cloud, Role())
    plans = plan(cloud, SourceGrant())
    assert run_one(cloud, SourceGrant(), plans).result == "created"
    assert cloud.actions == ["CreatePolicy", "AttachPolicyToRole", "GetPolicy", "ListPoliciesForRole"]


def test_shared_document_is_always_read_before_it_is_written(cloud: FakeCloud) -> None:
    """OSS does not refuse to overwrite a policy that appeared since preflight looked."""
    plans = plan(cloud, DestinationGrant())
    overwrite_policy(cloud, FOREIGN)()
    assert run_one(cloud, DestinationGrant(), plans).result == "updated"
    assert cloud.actions == ["GetBucketPolicy", "PutBucketPolicy", "GetBucketPolicy"]
    assert policy.parse(cloud.dst.policy or "")["Statement"] == [FOREIGN, grant(PAIR)]


def test_plan_in_order_is_believed_while_it_is_fresh(cloud: FakeCloud) -> None:
    run(cloud, Role())
    fresh = plan(cloud, Role(), seen=NOW - PLAN_IS_FRESH_FOR)
    cloud.ram.roles.clear()
    assert run_one(cloud, Role(), fresh).result == "in order"
    assert cloud.actions == []


def test_stale_plan_in_order_is_not_believed(cloud: FakeCloud) -> None:
    run(cloud, Role())
    stale = plan(cloud, Role(), seen=NOW - PLAN_IS_FRESH_FOR - timedelta(seconds=1))
    cloud.ram.roles.clear()
    assert run_one(cloud, Role(), stale).result == "created"


def test_stale_plan_of_a_creation_is_not_believed(cloud: FakeCloud) -> None:
    stale = plan(cloud, Role(), seen=NOW - PLAN_IS_FRESH_FOR - timedelta(seconds=1))
    run_one(cloud, Role(), stale)
    assert cloud.actions[0] == "GetRole"


def test_plan_of_an_update_is_read_again(cloud: FakeCloud) -> None:
    run(cloud, Role())
    run(cloud, SourceGrant())
    cloud.ram.attached.clear()
    plans = plan(cloud, SourceGrant())
    assert run_one(cloud, SourceGrant(), plans).result == "updated"
    assert cloud.actions[:2] == ["GetPolicy", "ListPoliciesForRole"]


def test_pair_in_order_is_read_again_beside_one_that_is_not(cloud: FakeCloud) -> None:
    first, second = pairs_to("dst", 2)
    run(cloud, DestinationGrant(), [first])
    plans = plan(cloud, DestinationGrant(), first, second)
    results = [outcome.result for outcome in run(cloud, DestinationGrant(), [first, second], plans)]
    assert results == ["in order", "updated"]
    assert cloud.actions.count("GetBucketPolicy") == 2


def test_plan_survives_the_way_between_tasks(cloud: FakeCloud) -> None:
    for resource in (Role(), SourceGrant(), DestinationGrant(), ReplicationRule()):
        (planned,) = plan(cloud, resource).values()
        assert planned.is_creation
        rebuilt = PlannedResource.from_dict(json.loads(json.dumps(planned.to_dict())))
        assert rebuilt.to_dict() == json.loads(json.dumps(planned.to_dict()))
        assert (rebuilt.observed_at, rebuilt.is_creation) == (NOW, True)
        (bare,) = planned.to_dict(with_documents=False)["changes"][:1]
        assert (bare["before"], bare["after"], bare["kind"]) == (None, None, "create")


@pytest.mark.parametrize(
    ("kinds", "is_creation"),
    [([], False), (["create"], True), (["create", "create"], True), (["create", "update"], False)],
)
def test_creation_means_that_nothing_was_there(kinds: list[Any], is_creation: bool) -> None:
    changes = tuple(Change("role", kind, "why") for kind in kinds)
    assert PlannedResource(changes, "in order", NOW).is_creation is is_creation


# --- sharing ---------------------------------------------------------------------------------------------------------


def test_pairs_of_one_document_share_one_read_and_one_write(cloud: FakeCloud) -> None:
    outcomes = run(cloud, DestinationGrant(), pairs_to("dst", 30))
    assert {outcome.result for outcome in outcomes} == {"created"}
    assert cloud.actions == ["GetBucketPolicy", "PutBucketPolicy", "GetBucketPolicy"]


def test_rules_of_one_source_are_put_one_by_one(cloud: FakeCloud) -> None:
    pairs = [make_resolved(destination_bucket=f"dst-{number}") for number in range(3)]
    outcomes = run(cloud, ReplicationRule(), pairs)
    assert [outcome.details["rule_id"] for outcome in outcomes] == [pair.pair.rule_id for pair in pairs]


def test_group_by_scope_keeps_the_order() -> None:
    a1, a2 = pairs_to("dst-a", 2)
    (b1,) = pairs_to("dst-b", 1)
    assert group_by_scope(DestinationGrant(), [a1, b1, a2]) == [[a1, a2], [b1]]


def test_work_is_done_side_by_side_in_bounds() -> None:
    together = threading.Barrier(DEFAULT_THREADS, timeout=10)

    def work(number: int) -> int:
        together.wait()
        return number * number

    numbers = range(2 * DEFAULT_THREADS)
    assert in_parallel(work, numbers) == [number * number for number in numbers]


def test_no_work() -> None:
    assert in_parallel(lambda item: item, []) == []


@pytest.mark.parametrize("text", ["0", "33", "-1", "many", "1.5"])
def test_number_of_threads_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, text)
    with pytest.raises(InputError, match=f"OSS_CRR_THREADS: is '{text}'; give a whole number from 1 to 32"):
        in_parallel(lambda item: item, [1])


def test_number_of_threads_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, "1")
    threads = in_parallel(lambda _: threading.get_ident(), range(20))
    assert len(set(threads)) == 1
