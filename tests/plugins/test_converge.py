"""Bringing resources in order: few calls, bounded attempts, and one pair's failure stops no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from oss_crr import policy
from oss_crr.converge import (
    MAX_ATTEMPTS,
    MAX_THREADS,
    PLAN_IS_FRESH_FOR,
    Convergence,
    PlannedResource,
    Plans,
    group_by_scope,
    in_parallel,
    observe,
)
from oss_crr.errors import (
    AlreadyExists,
    NotFound,
    PermissionDenied,
    RequestRejected,
    ServiceUnavailable,
    Throttled,
)
from oss_crr.outcome import Outcome
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Change, Resource
from oss_crr.resources.destination_grant import DestinationGrant, grant
from oss_crr.resources.role import Role
from oss_crr.resources.rule import ReplicationRule
from oss_crr.resources.source_grant import SourceGrant
from tests.plugins.fake_cloud import FakeCloud, make_resolved, make_rule

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PAIR = make_resolved()
FOREIGN = {"Effect": "Deny", "Action": ["oss:DeleteBucket"], "Principal": ["*"], "Resource": ["acs:oss:*:2:dst"]}


def pairs_to(destination: str, count: int) -> list[ResolvedPair]:
    """Return pairs from different sources to one destination."""
    return [make_resolved(source_bucket=f"src-{number}", destination_bucket=destination) for number in range(count)]


def run(
    cloud: FakeCloud, resource: Resource[Any], pairs: Sequence[ResolvedPair] = (PAIR,), plans: Plans | None = None
) -> list[Outcome]:
    return Convergence(resource, cloud.accounts, "step", plans or {}, NOW).run(pairs)


def run_one(cloud: FakeCloud, resource: Resource[Any], plans: Plans | None = None) -> Outcome:
    (outcome,) = run(cloud, resource, plans=plans)
    return outcome


def plan(cloud: FakeCloud, resource: Resource[Any], *pairs: ResolvedPair, seen: datetime = NOW) -> Plans:
    """Return what preflight would have seen at a time, and forget the calls it took."""
    plans: dict[str, PlannedResource] = {}
    for group in group_by_scope(resource, pairs or (PAIR,)):
        plans.update(observe(resource, cloud.accounts, group, seen))
    cloud.source.journal.actions.clear()
    cloud.destination.journal.actions.clear()
    return plans


def overwrite_policy(cloud: FakeCloud, *statements: dict[str, Any]) -> Callable[[], None]:
    """Play somebody who replaces the destination's bucket policy."""

    def step() -> None:
        cloud.dst.policy = json.dumps({"Version": "1", "Statement": list(statements)})

    return step


# --- results ---------------------------------------------------------------------------------------------------------


def test_thing_that_was_missing_is_created(cloud: FakeCloud) -> None:
    outcome = run_one(cloud, Role())
    assert (outcome.pair, outcome.step, outcome.result, outcome.ok) == (PAIR.name, "step", "created", True)
    assert outcome.changes == (f"role `{PAIR.pair.role}` does not exist",)
    assert cloud.actions == ["GetRole", "CreateRole", "GetRole"]


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


@pytest.mark.parametrize("resource", [Role(), ReplicationRule()])
def test_new_thing_is_created_without_a_first_read(cloud: FakeCloud, resource: Resource[Any]) -> None:
    plans = plan(cloud, resource)
    assert run_one(cloud, resource, plans).result == "created"
    assert [action.startswith("Get") for action in cloud.actions] == [False, True]


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


# --- somebody else at the same time ----------------------------------------------------------------------------------


def test_thing_that_appeared_since_preflight_is_read_and_judged(cloud: FakeCloud) -> None:
    plans = plan(cloud, ReplicationRule())
    cloud.src.rules = [make_rule(PAIR, id="theirs")]
    outcome = run_one(cloud, ReplicationRule(), plans)
    assert (outcome.result, outcome.details) == ("adopted", {"rule_id": "theirs"})
    assert cloud.actions == ["PutBucketReplication", "GetBucketReplication"]


def test_different_thing_that_appeared_is_a_conflict(cloud: FakeCloud) -> None:
    plans = plan(cloud, ReplicationRule())
    cloud.src.rules = [make_rule(PAIR, id="theirs", historical_data=False)]
    outcome = run_one(cloud, ReplicationRule(), plans)
    assert outcome.error is not None
    assert outcome.error["type"] == "Conflict"
    assert "historical_data is False, asked for True" in outcome.error["message"]
    assert not outcome.retryable


def test_lost_answer_to_a_creation_is_in_order(cloud: FakeCloud) -> None:
    """A repeated call met the effect of its predecessor: the hooks raise AlreadyExists, and what is there is ours."""

    def created_by_the_lost_call() -> None:
        cloud.ram.create_role(PAIR.pair.role, policy.dump(policy.render("trust_policy")), "Created by oss_crr")

    cloud.source.journal.before("CreateRole", created_by_the_lost_call)
    assert run_one(cloud, Role()).result == "in order"


@pytest.mark.parametrize("losses", range(MAX_ATTEMPTS))
def test_lost_update_is_written_again(cloud: FakeCloud, losses: int) -> None:
    nothing: list[Callable[[], None]] = [lambda: None]
    intrusion = overwrite_policy(cloud, FOREIGN)
    # The first read comes before the first write; each later one reads back.
    cloud.destination.journal.before("GetBucketPolicy", *nothing, *[intrusion] * losses)
    outcome = run_one(cloud, DestinationGrant())
    assert outcome.ok
    assert outcome.result in ("created", "updated")
    assert outcome.changes == (f"bucket policy of `dst` does not let role `{PAIR.pair.role}` write",)
    assert cloud.writes == ["PutBucketPolicy"] * (losses + 1)
    expected = [FOREIGN, grant(PAIR)] if losses else [grant(PAIR)]
    assert policy.parse(cloud.dst.policy or "")["Statement"] == expected


def test_update_that_is_always_lost_ends(cloud: FakeCloud) -> None:
    cloud.destination.journal.before("GetBucketPolicy", *[overwrite_policy(cloud, FOREIGN)] * 99)
    outcome = run_one(cloud, DestinationGrant())
    assert outcome.error is not None
    assert outcome.error["type"] == "LostUpdate"
    assert outcome.error["message"] == (
        f"written, but read back without effect: bucket policy of `dst` does not let role `{PAIR.pair.role}` write"
    )
    assert outcome.retryable
    assert cloud.writes == ["PutBucketPolicy"] * MAX_ATTEMPTS


def test_creation_that_is_always_refused_ends(cloud: FakeCloud) -> None:
    """Something is said to exist, and is never there when it is read."""
    cloud.source.journal.fail("CreateRole", *[AlreadyExists("role")] * 99)
    outcome = run_one(cloud, Role())
    assert outcome.error is not None
    assert outcome.error["type"] == "LostUpdate"
    assert cloud.writes == ["CreateRole"] * MAX_ATTEMPTS


# --- replacing a rule ------------------------------------------------------------------------------------------------


def test_rule_to_be_replaced_is_waited_for(cloud: FakeCloud) -> None:
    pair = make_resolved(on_rule_mismatch="replace")
    cloud.src.rules = [make_rule(pair, id="theirs", historical_data=False)]
    (outcome,) = run(cloud, ReplicationRule(), [pair])
    assert outcome.error is not None
    assert (outcome.error["type"], outcome.details) == ("RuleClosing", {"rule_id": "theirs"})
    assert outcome.retryable
    assert cloud.writes == ["DeleteBucketReplication"]


def test_rule_is_put_when_the_replaced_one_is_gone_at_once(cloud: FakeCloud) -> None:
    pair = make_resolved(on_rule_mismatch="replace")
    cloud.src.rules = [make_rule(pair, id="theirs", historical_data=False)]
    cloud.source.journal.before("GetBucketReplication", lambda: None, cloud.src.rules.clear)
    (outcome,) = run(cloud, ReplicationRule(), [pair])
    assert (outcome.result, outcome.details) == ("created", {"rule_id": pair.pair.rule_id})
    assert len(outcome.changes) == 2
    assert cloud.writes == ["DeleteBucketReplication", "PutBucketReplication"]


# --- failures --------------------------------------------------------------------------------------------------------


def test_failure_of_a_pair_does_not_stop_another(cloud: FakeCloud) -> None:
    pairs = [make_resolved(source_bucket=name) for name in ("src-1", "src-none", "src-2")]
    for name in ("src-1", "src-2"):
        cloud.add_bucket(name)
    outcomes = run(cloud, ReplicationRule(), pairs)
    assert [outcome.ok for outcome in outcomes] == [True, False, True]
    assert outcomes[1].error == {
        "type": "NotFound",
        "message": "bucket `src-none` does not exist",
        "retryable": False,
    }


def test_rule_that_is_refused_does_not_stop_others_of_its_source(cloud: FakeCloud) -> None:
    cloud.source.journal.fail("PutBucketReplication", RequestRejected("InvalidTargetLocation"))
    outcomes = run(cloud, ReplicationRule(), [make_resolved(destination_bucket=f"dst-{n}") for n in range(3)])
    assert sorted(outcome.result for outcome in outcomes) == ["created", "created", "failed"]


def test_blocked_pair_does_not_stop_its_group(cloud: FakeCloud) -> None:
    class NoSecond(DestinationGrant):
        def changes(self, pair: ResolvedPair, observed: Any) -> tuple[Change, ...]:
            found = super().changes(pair, observed)
            return (Change(self.name, "blocked", "not this one"),) if pair.name == second.name else found

    first, second, third = pairs_to("dst", 3)
    outcomes = run(cloud, NoSecond(), [first, second, third])
    assert [outcome.result for outcome in outcomes] == ["created", "failed", "created"]
    assert outcomes[1].error == {"type": "Conflict", "message": "not this one", "retryable": False}
    assert cloud.writes == ["PutBucketPolicy"]


def test_failure_to_write_a_shared_document_fails_its_pairs_alone(cloud: FakeCloud) -> None:
    cloud.add_bucket("dst-2")
    here, there = pairs_to("dst", 2), pairs_to("dst-2", 1)
    overwrite_policy(cloud, *[{"Effect": "Deny", "Sid": "x" * 4000}] * 4)()
    outcomes = run(cloud, DestinationGrant(), [here[0], there[0], here[1]])
    assert [outcome.ok for outcome in outcomes] == [False, True, False]
    assert outcomes[0].error is not None
    assert outcomes[0].error["type"] == "PolicyError"


@pytest.mark.parametrize(
    ("failure", "retryable"),
    [
        (PermissionDenied("no"), False),
        (NotFound("gone"), False),
        (Throttled("slowly", 2.0), True),
        (ServiceUnavailable("later"), True),
    ],
)
@pytest.mark.parametrize("action", ["GetRole", "CreateRole"])
def test_failure_keeps_its_class(cloud: FakeCloud, action: str, failure: Exception, retryable: bool) -> None:
    cloud.source.journal.fail(action, failure)
    outcome = run_one(cloud, Role())
    assert outcome.error == {"type": type(failure).__name__, "message": str(failure), "retryable": retryable}
    assert (outcome.result, outcome.changes) == ("failed", ())


def test_rerun_finishes_what_was_half_done(cloud: FakeCloud) -> None:
    run(cloud, Role())
    cloud.source.journal.fail("AttachPolicyToRole", ServiceUnavailable("cut"))
    assert not run_one(cloud, SourceGrant()).ok
    outcome = run_one(cloud, SourceGrant())
    assert outcome.result == "updated"
    assert cloud.writes == ["CreateRole", "CreatePolicy", "AttachPolicyToRole", "AttachPolicyToRole"]


def test_bug_is_not_hidden(cloud: FakeCloud) -> None:
    cloud.source.journal.fail("GetRole", ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        run(cloud, Role())


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
    import threading

    together = threading.Barrier(MAX_THREADS, timeout=10)

    def work(number: int) -> int:
        together.wait()
        return number * number

    numbers = range(2 * MAX_THREADS)
    assert in_parallel(work, numbers) == [number * number for number in numbers]


def test_no_work() -> None:
    assert in_parallel(lambda item: item, []) == []
