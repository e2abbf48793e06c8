"""The replication rule: put once, adopted when equal, never changed behind anybody's back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from oss_crr.errors import AlreadyExists, NotYetEffective, PermissionDenied, RequestRejected
from oss_crr.model import RuleSpec
from oss_crr.pair import ResolvedPair
from oss_crr.resources.destination_grant import DestinationGrant
from oss_crr.resources.role import Role
from oss_crr.resources.rule import PROBE_PAUSES, ReplicationRule, differences, find_rule, rule_spec
from oss_crr.resources.source_grant import SourceGrant
from tests.plugins.fake_cloud import FakeCloud, make_resolved, make_rule

RULE = ReplicationRule()
PAIR = make_resolved()
REPLACING = make_resolved(on_rule_mismatch="replace")


def change_of(pair: ResolvedPair, *rules: Any) -> tuple[str, str]:
    (change,) = RULE.changes(pair, rules)
    return change.kind, change.summary


# --- what is asked for -----------------------------------------------------------------------------------------------


def test_rule_of_a_plain_pair() -> None:
    assert rule_spec(PAIR) == RuleSpec(
        id=PAIR.pair.rule_id,
        destination_bucket="dst",
        destination_region="cn-shanghai",
        actions=("PUT",),
        prefixes=(),
        historical_data=True,
        transfer_type="internal",
        role_name=PAIR.pair.role,
        rtc=False,
    )


def test_rule_of_an_elaborate_pair() -> None:
    pair = make_resolved(
        prefixes=["b/", "a/"],
        replication_policy="add_delete_change",
        replicate_historical_data=False,
        role_name="R",
        rtc=True,
    )
    spec = rule_spec(replace(pair, transfer_type="oss_acc"))
    assert (spec.actions, spec.prefixes, spec.historical_data) == (("ALL",), ("b/", "a/"), False)
    assert (spec.transfer_type, spec.role_name, spec.rtc) == ("oss_acc", "R", True)
    assert RULE.desired(pair)["role_name"] == "R"


# --- what differs ----------------------------------------------------------------------------------------------------


def test_missing_rule_is_to_be_created() -> None:
    other = make_rule(PAIR, destination_bucket="elsewhere")
    assert change_of(PAIR, other) == ("create", "no replication rule from `src` to `dst`")


@pytest.mark.parametrize("status", ["starting", "doing"])
def test_own_rule_is_in_order(status: Any) -> None:
    observed = (make_rule(PAIR, status=status),)
    assert RULE.changes(PAIR, observed) == ()
    assert RULE.origin(PAIR, observed) == "in order"
    assert RULE.details(PAIR, observed) == {"rule_id": PAIR.pair.rule_id}


def test_equal_rule_of_somebody_is_adopted() -> None:
    observed = (make_rule(PAIR, id="theirs"),)
    assert RULE.changes(PAIR, observed) == ()
    assert RULE.origin(PAIR, observed) == "adopted"
    assert RULE.details(PAIR, observed) == {"rule_id": "theirs"}


@pytest.mark.parametrize(
    "same",
    [
        {"role_name": None},
        {"role_name": PAIR.pair.role.upper()},
        {"role_name": f"acs:ram::1:role/{PAIR.pair.role}"},
    ],
)
def test_role_is_compared_as_the_service_shows_it(same: dict[str, Any]) -> None:
    """OSS hides the role on rules without KMS settings, and names it in either of two ways."""
    assert RULE.changes(PAIR, (make_rule(PAIR, **same),)) == ()


def test_order_of_prefixes_makes_no_difference() -> None:
    pair = make_resolved(prefixes=["b/", "a/"])
    assert RULE.changes(pair, (make_rule(pair, prefixes=("a/", "b/")),)) == ()


@pytest.mark.parametrize("actions", [("ALL",), ("PUT", "DELETE", "ABORT"), ("ABORT", "PUT", "DELETE")])
def test_all_actions_may_be_listed_one_by_one(actions: tuple[str, ...]) -> None:
    pair = make_resolved(replication_policy="add_delete_change")
    assert RULE.changes(pair, (make_rule(pair, actions=actions),)) == ()


@pytest.mark.parametrize(
    ("change", "spelled"),
    [
        ({"actions": ("ALL",)}, "actions is "),
        ({"actions": ("PUT", "DELETE")}, "actions is "),
        ({"prefixes": ("a/",)}, "prefixes is ['a/'], asked for []"),
        ({"historical_data": False}, "historical_data is False, asked for True"),
        ({"transfer_type": "oss_acc"}, "transfer_type is 'oss_acc', asked for 'internal'"),
        ({"role_name": "other"}, f"role_name is 'other', asked for '{PAIR.pair.role}'"),
    ],
)
def test_different_rule_is_refused_with_the_difference(change: dict[str, Any], spelled: str) -> None:
    kind, summary = change_of(PAIR, make_rule(PAIR, id="theirs", **change))
    assert kind == "blocked"
    assert summary.startswith(f"rule `theirs` to `dst` differs: {spelled}")
    assert "on_rule_mismatch" in summary


def test_all_differences_are_spelled_out() -> None:
    found = differences(make_rule(PAIR, prefixes=("a/",), historical_data=False), rule_spec(PAIR))
    assert found == {"prefixes": (["a/"], []), "historical_data": (False, True)}


def test_different_rule_is_replaced_on_demand() -> None:
    kind, summary = change_of(REPLACING, make_rule(REPLACING, historical_data=False))
    assert kind == "replace"
    assert "historical_data is False, asked for True" in summary
    assert "it is deleted and created again" in summary


def test_closing_rule_is_waited_for() -> None:
    assert change_of(PAIR, make_rule(PAIR, status="closing")) == (
        "wait",
        f"rule `{PAIR.pair.rule_id}` is being removed; a new one can be put when it is gone",
    )


@pytest.mark.parametrize(
    ("rtc", "found", "in_order"),
    [
        (True, "enabled", True),
        (True, "enabling", True),
        (True, "disabled", False),
        (False, "disabled", True),
        (False, "enabling", False),
    ],
)
def test_replication_time_control_is_changed_in_place(rtc: bool, found: str, in_order: bool) -> None:
    pair = make_resolved(rtc=rtc)
    changes = RULE.changes(pair, (make_rule(pair, rtc=found),))
    assert [change.kind for change in changes] == ([] if in_order else ["update"])


def test_find_rule() -> None:
    rules = tuple(make_rule(PAIR, id=name, destination_bucket=name) for name in ("a", "b"))
    assert find_rule(rules, "b") is rules[1]
    assert find_rule(rules, "c") is None


def test_pairs_of_one_source_share_a_read_but_no_write() -> None:
    assert RULE.scope(PAIR) == RULE.scope(make_resolved(destination_bucket="dst-2"))
    assert RULE.scope(PAIR) != RULE.scope(make_resolved(source_bucket="src-2"))
    assert not RULE.shared_document


# --- writing ---------------------------------------------------------------------------------------------------------


def test_missing_rule_is_put(cloud: FakeCloud) -> None:
    RULE.apply(cloud.accounts, [PAIR], RULE.observe(cloud.accounts, PAIR))
    assert cloud.src.rules == [make_rule(PAIR, status="starting")]
    assert set(cloud.source.regions) == {"cn-hangzhou"}
    assert cloud.destination.regions == []


def test_replication_time_control_is_switched(cloud: FakeCloud) -> None:
    pair = make_resolved(rtc=True)
    cloud.src.rules = [make_rule(pair, id="theirs")]
    RULE.apply(cloud.accounts, [pair], RULE.observe(cloud.accounts, pair))
    assert cloud.writes == ["PutBucketRtc"]
    assert RULE.changes(pair, RULE.observe(cloud.accounts, pair)) == ()


def test_different_rule_is_deleted_first(cloud: FakeCloud) -> None:
    cloud.src.rules = [make_rule(REPLACING, id="theirs", historical_data=False)]
    RULE.apply(cloud.accounts, [REPLACING], RULE.observe(cloud.accounts, REPLACING))
    assert cloud.writes == ["DeleteBucketReplication"]
    assert change_of(REPLACING, *RULE.observe(cloud.accounts, REPLACING))[0] == "wait"


def test_rule_that_appeared_meanwhile_is_told(cloud: FakeCloud) -> None:
    cloud.src.rules = [make_rule(PAIR)]
    with pytest.raises(AlreadyExists):
        RULE.apply(cloud.accounts, [PAIR], ())


# --- freshly granted rights ------------------------------------------------------------------------------------------


def granted(cloud: FakeCloud) -> FakeCloud:
    """Grant the role everything it needs."""
    for resource in (Role(), SourceGrant(), DestinationGrant()):
        resource.apply(cloud.accounts, [PAIR], resource.observe(cloud.accounts, PAIR))  # type: ignore[arg-type]
    return cloud


def refuse(cloud: FakeCloud, times: int) -> None:
    cloud.source.journal.fail("PutBucketReplication", *(PermissionDenied(f"no {number}") for number in range(times)))


@pytest.mark.parametrize("refusals", [0, 1, 3, len(PROBE_PAUSES)])
def test_rule_is_tried_again_while_rights_take_effect(cloud: FakeCloud, refusals: int) -> None:
    waits: list[float] = []
    refuse(granted(cloud), refusals)
    ReplicationRule(sleep=waits.append).apply(cloud.accounts, [PAIR], ())
    assert waits == list(PROBE_PAUSES[:refusals])
    assert len(cloud.src.rules) == 1


def test_trying_ends_with_the_reason(cloud: FakeCloud) -> None:
    waits: list[float] = []
    refuse(granted(cloud), 3)
    with pytest.raises(NotYetEffective, match="the rights are not effective yet") as caught:
        ReplicationRule((0.5, 1.5), waits.append).apply(cloud.accounts, [PAIR], ())
    assert waits == [0.5, 1.5]
    assert isinstance(caught.value.__cause__, PermissionDenied)
    assert cloud.src.rules == []


def test_cause_is_looked_for_once(cloud: FakeCloud) -> None:
    refuse(granted(cloud), 2)
    ReplicationRule(sleep=lambda _: None).apply(cloud.accounts, [PAIR], ())
    assert cloud.actions.count("GetRole") == 2
    assert cloud.actions.count("PutBucketReplication") == 3


def test_missing_right_is_named_at_once(cloud: FakeCloud) -> None:
    waits: list[float] = []
    refuse(granted(cloud), 1)
    cloud.dst.policy = None
    with pytest.raises(PermissionDenied, match=r"bucket policy of `dst` does not let role .* write"):
        ReplicationRule(sleep=waits.append).apply(cloud.accounts, [PAIR], ())
    assert waits == []


def test_other_refusals_are_not_tried_again(cloud: FakeCloud) -> None:
    waits: list[float] = []
    cloud.source.journal.fail("PutBucketReplication", RequestRejected("InvalidTargetLocation"))
    with pytest.raises(RequestRejected):
        ReplicationRule(sleep=waits.append).apply(cloud.accounts, [PAIR], ())
    assert waits == []


# --- removal ---------------------------------------------------------------------------------------------------------


def test_removal_deletes_the_pairs_rule_alone(cloud: FakeCloud) -> None:
    other = make_rule(PAIR, id="other", destination_bucket="elsewhere")
    cloud.src.rules = [make_rule(PAIR), other]
    RULE.remove(cloud.accounts, [PAIR], RULE.observe(cloud.accounts, PAIR))
    assert cloud.src.rules == [make_rule(PAIR, status="closing"), other]


@pytest.mark.parametrize("rules", [[], [make_rule(PAIR, status="closing")], [make_rule(PAIR, destination_bucket="x")]])
def test_removal_where_nothing_is_left(cloud: FakeCloud, rules: list[Any]) -> None:
    cloud.src.rules = rules
    cloud.forbid_writes()
    RULE.remove(cloud.accounts, [PAIR], RULE.observe(cloud.accounts, PAIR))


def test_rule_without_kms_differs_from_one_whose_key_is_still_to_be_created() -> None:
    wanted = make_resolved(replicate_kms_objects=True, kms_instance_id="kst-1", on_rule_mismatch="replace")
    (change,) = ReplicationRule().changes(wanted, (make_rule(make_resolved()),))
    assert change.kind == "replace"
    assert "kms_key_arn is None" in change.summary


@pytest.mark.parametrize(("enabled", "differing"), [(True, set()), (False, {"kms_key_arn"})])
def test_key_counts_only_where_the_switch_for_kms_is_on(enabled: bool, differing: set[str]) -> None:
    """With the switch off, OSS leaves encrypted objects out silently, whatever key the rule names."""
    arn = "acs:kms:cn-shanghai:2222222222222222:key/key-1"
    wanted = make_resolved(replicate_kms_objects=True, kms_key_arn=arn).with_key(arn)
    rule = make_rule(wanted, kms_key_arn=arn, kms_enabled=enabled)
    assert set(differences(rule, rule_spec(wanted))) == differing


def test_removal_leaves_a_rule_that_somebody_else_made(cloud: FakeCloud) -> None:
    adopted = make_rule(PAIR, id="made-by-hand")
    cloud.forbid_writes()
    RULE.remove(cloud.accounts, [PAIR], (adopted,))
