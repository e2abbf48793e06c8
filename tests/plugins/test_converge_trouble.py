"""Bringing resources in order while others write and calls fail: bounded attempts, and no pair stops another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oss_crr import policy
from oss_crr.converge import (
    MAX_ATTEMPTS,
)
from oss_crr.errors import (
    AlreadyExists,
    NotFound,
    PermissionDenied,
    RequestRejected,
    ServiceUnavailable,
    Throttled,
)
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Change
from oss_crr.resources.destination_grant import DestinationGrant, grant
from oss_crr.resources.role import Role
from oss_crr.resources.rule import ReplicationRule
from oss_crr.resources.source_grant import SourceGrant
from tests.plugins.converging import FOREIGN, PAIR, overwrite_policy, pairs_to, plan, run, run_one
from tests.plugins.fake_cloud import FakeCloud, make_resolved, make_rule

REPLACING = make_resolved(on_rule_mismatch="replace")

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


def test_created_rule_that_the_service_shows_otherwise_is_not_replaced_in_turn(cloud: FakeCloud) -> None:
    """Each round would copy the whole history again."""
    shown = make_rule(REPLACING, historical_data=False)
    cloud.source.journal.before(
        "GetBucketReplication", lambda: None, lambda: cloud.src.rules.__setitem__(slice(None), [shown])
    )
    (outcome,) = run(cloud, ReplicationRule(), [REPLACING])
    assert outcome.error is not None
    assert (outcome.error["type"], outcome.retryable) == ("Conflict", False)
    assert "historical_data is False, asked for True" in outcome.error["message"]
    assert cloud.writes == ["PutBucketReplication"]


@pytest.mark.parametrize("losses", range(MAX_ATTEMPTS))
def test_lost_update_is_written_again(cloud: FakeCloud, losses: int) -> None:
    nothing: list[Callable[[], None]] = [lambda: None]
    intrusion = overwrite_policy(cloud, FOREIGN)
    # Each write is read back; a lost one is followed by a pause and another read.
    cloud.destination.journal.before("GetBucketPolicy", *nothing, *[intrusion, *nothing] * losses)
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
        "written, but read back without effect, perhaps because others write, too: "
        f"bucket policy of `dst` does not let role `{PAIR.pair.role}` write"
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
