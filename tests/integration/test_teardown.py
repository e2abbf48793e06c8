"""Teardown takes back exactly what setup added: one case after the other."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from localcloud.server import LocalCloudServer
from oss_crr.converge import Convergence
from oss_crr.model import RuleSpec
from oss_crr.operators.batch import utc_now
from oss_crr.outcome import Outcome
from oss_crr.pair import BucketPair
from oss_crr.provenance import is_own
from oss_crr.resources.registry import RESOURCES
from oss_crr.teardown.registry import PARTS
from oss_crr.teardown.removal import Removal
from tests.integration.teardown import IMPATIENT, Torn, carry_out, looks, meaning, plan, tear_down
from tests.integration.teardown_worlds import ADOPTED, FULL_ACCESS, SHARED, TRUST, policy_of, teardown_config
from tests.integration.world import DESTINATION_UID, SOURCE_UID, World

FOREIGN: list[dict[str, Any]] = [
    {"Effect": "Deny", "Action": ["oss:DeleteBucket"], "Principal": ["*"], "Resource": ["acs:oss:*:*:dst-1"]},
    {"Sid": "kept", "Effect": "Allow", "Action": "oss:GetObject", "Principal": "3", "Resource": "acs:oss:*:*:dst-1/*"},
]
BUCKETS = {"source_bucket": "src-1", "destination_bucket": "dst-1"}
SECOND = {"source_bucket": "src-2", "destination_bucket": "dst-1"}


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    with LocalCloudServer(teardown_config()) as server:
        yield server


@pytest.fixture
def world(server: LocalCloudServer) -> World:
    server.runtime.reset()
    return World(server, "root")


@pytest.fixture
def before(world: World) -> Any:
    return meaning(world.state())


def set_up(world: World, **fields: Any) -> BucketPair:
    filled = {**BUCKETS, **fields}
    assert [item.error for item in world.set_up(**filled).values() if item.error] == []
    return world.pair(**filled)


def rules_of(world: World, bucket: str = "src-1") -> list[str]:
    return [rule["id"] for rule in world.state()["buckets"][bucket]["rules"]]


def bucket_policy(world: World, bucket: str = "dst-1") -> Any:
    return world.state()["buckets"][bucket]["policy"]


def put_bucket_policy(world: World, *statements: dict[str, Any]) -> None:
    world.root.get("oss_destination").oss("cn-beijing").put_bucket_policy("dst-1", policy_of(*statements))


def put_foreign_rule(world: World, role: str, destination: str = "dst-1") -> None:
    spec = RuleSpec("by-hand", destination, "cn-beijing", ("PUT",), (), True, "internal", role)
    world.root.get("oss_source").oss("cn-hangzhou").put_rule("src-1", spec)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for what the cloud does on its own."""
    deadline = time.monotonic() + 60.0
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def clean(torn: Torn) -> None:
    assert (torn.errors(), torn.texts("by_hand")) == ([], [])


# --- everything goes -------------------------------------------------------------------------------------------------


def test_setup_then_teardown_leaves_the_clouds_as_they_were(world: World, before: Any) -> None:
    clean(tear_down(world, set_up(world)))
    assert meaning(world.state()) == before


def test_a_second_teardown_writes_nothing(world: World) -> None:
    pair = set_up(world)
    tear_down(world, pair)
    world.reset_calls()
    again = tear_down(world, pair)
    clean(again)
    assert all(item.is_empty for item in again.planned.values())
    assert world.calls()["writes"] == 0


def test_a_plan_writes_nothing_and_reads_little(world: World) -> None:
    pair = set_up(world)
    world.reset_calls()
    found = plan(world, pair)[pair.name]
    assert [change.kind for judged in (found.judgements or {}).values() for change in judged.changes] == ["delete"] * 4
    assert (world.calls()["writes"], world.calls()["reads"] <= 10) == (0, True)


def test_foreign_statements_stay_in_their_order(world: World) -> None:
    put_bucket_policy(world, *FOREIGN)
    tear_down(world, set_up(world))
    assert bucket_policy(world)["Statement"] == FOREIGN


def test_both_forms_of_the_grant_are_taken_out(world: World, before: Any) -> None:
    """A pair that was set up anew with deletions has a statement of either kind."""
    set_up(world)
    oss = world.root.get("oss_source").oss("cn-hangzhou")
    oss.delete_rule("src-1", rules_of(world)[0])
    wait_until(lambda: rules_of(world) == [])
    pair = set_up(world, replication_policy="add_delete_change")
    assert len(bucket_policy(world)["Statement"]) == 2
    clean(tear_down(world, pair))
    assert meaning(world.state()) == before


def test_a_teardown_needs_no_option_that_does_not_name_the_pair(world: World, before: Any) -> None:
    arn = f"acs:kms:cn-beijing:{DESTINATION_UID}:key/key-given"
    set_up(world, replicate_kms_objects=True, kms_key_arn=arn, prefixes=["a/"], replication_policy="add_delete_change")
    clean(tear_down(world, world.pair(**BUCKETS)))
    assert meaning(world.state()) == before


def test_a_pair_whose_buckets_are_gone_loses_its_role(world: World) -> None:
    pair = set_up(world)
    for name in ("src-1", "dst-1"):
        del world.server.cloud.buckets[name]
    clean(tear_down(world, pair))
    assert world.state()["accounts"][SOURCE_UID]["roles"] == {}


# --- shared things ---------------------------------------------------------------------------------------------------


def test_a_pair_beside_it_goes_on_replicating(world: World) -> None:
    first, second = set_up(world), set_up(world, **SECOND)
    clean(tear_down(world, first))
    world.bucket("src-2").put_object("later", b"x")
    world.take_over()
    world.replicate()
    assert "later" in world.object_keys("dst-1")
    assert world.preflight(**SECOND).plans["destination_grant"].changes == ()
    clean(tear_down(world, second))


def test_a_shared_role_stays_until_its_last_pair_goes(world: World, before: Any) -> None:
    first, second = (set_up(world, role_name=SHARED, **buckets) for buckets in (BUCKETS, SECOND))
    torn = tear_down(world, first)
    clean(torn)
    assert any("needed by rule" in text for text in torn.texts("kept"))
    assert world.preflight(**SECOND, role_name=SHARED).plans["source_grant"].changes == ()
    world.take_over()
    world.bucket("src-2").put_object("later", b"x")
    world.replicate()
    assert "later" in world.object_keys("dst-1")
    clean(tear_down(world, second))
    assert meaning(world.state()) == before


def test_a_pair_whose_setup_has_only_begun_keeps_what_it_has(world: World) -> None:
    first = set_up(world, role_name=SHARED)
    found = world.preflight(**SECOND, role_name=SHARED)
    assert found.resolved is not None
    assert world.converge("source_grant", found.resolved, found).ok
    torn = tear_down(world, first)
    assert any("although no rule of it is there" in text for text in torn.texts("kept"))
    assert SHARED in world.state()["accounts"][SOURCE_UID]["roles"]
    assert world.preflight(**SECOND, role_name=SHARED).plans["source_grant"].changes == ()


def test_a_user_that_came_after_the_plan_is_seen(world: World) -> None:
    first = set_up(world, role_name=SHARED)
    planned = plan(world, first)
    set_up(world, role_name=SHARED, **SECOND)
    clean(carry_out(world, planned))
    for name in ("role", "source_grant", "destination_grant", "rule"):
        assert world.preflight(**SECOND, role_name=SHARED).plans[name].changes == ()


def test_only_what_was_planned_is_taken_back(world: World) -> None:
    """Nothing was there when the plan was approved, so nothing may go."""
    planned = plan(world, world.pair(**BUCKETS))
    set_up(world)
    after = world.state()
    carry_out(world, planned)
    assert world.state() == after


def test_a_role_that_somebody_extended_stays(world: World) -> None:
    pair = set_up(world)
    world.root.get("oss_source").ram.attach_policy(pair.role, "AliyunRAMReadOnlyAccess", "System")
    torn = tear_down(world, pair)
    assert torn.errors() == []
    assert any("AliyunRAMReadOnlyAccess" in text and "detach" in text for text in torn.texts("by_hand"))
    assert list(world.state()["accounts"][SOURCE_UID]["roles"]) == [pair.role]


def test_a_policy_of_ours_that_somebody_attached_elsewhere_is_named(world: World) -> None:
    pair = set_up(world)
    ram = world.root.get("oss_source").ram
    ram.create_role("another", json.dumps(TRUST), "theirs")
    ram.attach_policy("another", f"{pair.role}-source-read", "Custom")
    assert any(f"{pair.role}-source-read" in text for text in tear_down(world, pair).errors())


def test_a_foreign_rule_that_may_use_a_role_of_ours_keeps_it(world: World) -> None:
    pair = set_up(world, role_name=SHARED)
    put_bucket_policy(world, *bucket_policy(world)["Statement"])
    world.root.get("oss_destination").oss("cn-beijing").put_bucket_policy(
        "dst-2", json.dumps(bucket_policy(world)).replace("dst-1", "dst-2")
    )
    put_foreign_rule(world, SHARED, "dst-2")
    torn = tear_down(world, pair)
    assert any("rule `by-hand`" in text for text in torn.texts("kept"))
    assert SHARED in world.state()["accounts"][SOURCE_UID]["roles"]
    assert rules_of(world) == ["by-hand"]


# --- adopted things --------------------------------------------------------------------------------------------------


def adopt_rule(world: World) -> BucketPair:
    """Let a setup adopt a rule that was there, with a role and grants of somebody else."""
    ram = world.root.get("oss_source").ram
    ram.create_role(ADOPTED, json.dumps(TRUST), "theirs")
    ram.attach_policy(ADOPTED, FULL_ACCESS, "System")
    principal = f"arn:sts::{SOURCE_UID}:assumed-role/{ADOPTED.lower()}/*"
    actions = ["oss:ReplicateList", "oss:ReplicateGet", "oss:ReplicatePut"]
    resource = [f"acs:oss:*:{DESTINATION_UID}:dst-1", f"acs:oss:*:{DESTINATION_UID}:dst-1/*"]
    put_bucket_policy(world, {"Effect": "Allow", "Action": actions, "Principal": [principal], "Resource": resource})
    put_foreign_rule(world, ADOPTED)
    return world.pair(**BUCKETS, role_name=ADOPTED)


def test_an_adopted_rule_stays_with_all_that_it_may_need(world: World) -> None:
    pair = adopt_rule(world)
    before = meaning(world.state())
    set_up(world, role_name=ADOPTED)
    after = meaning(world.state())
    torn = tear_down(world, pair)
    clean(torn)
    assert any("was not created by this product" in text for text in torn.texts("kept"))
    assert meaning(world.state()) == after
    assert after["buckets"] == before["buckets"]


def test_an_adopted_rule_goes_when_the_run_says_so(world: World) -> None:
    pair = adopt_rule(world)
    torn = tear_down(world, pair, remove_adopted=True)
    assert torn.errors() == []
    assert rules_of(world) == []
    assert bucket_policy(world)["Statement"] != []
    assert ADOPTED in world.state()["accounts"][SOURCE_UID]["roles"]
    assert any("take" in text and "by hand" in text for text in torn.texts("by_hand"))


def test_another_role_than_that_of_the_setup_is_refused(world: World) -> None:
    set_up(world, role_name=SHARED)
    after = world.state()
    torn = tear_down(world, world.pair(**BUCKETS))
    assert [text for text in torn.errors() if "give role_name" in text] == torn.errors()
    assert len(torn.errors()) == 1
    assert world.state() == after


def test_a_rule_that_took_the_place_of_the_planned_one_is_not_deleted(world: World) -> None:
    pair = set_up(world, role_name=SHARED)
    planned = plan(world, pair)
    world.root.get("oss_source").oss("cn-hangzhou").delete_rule("src-1", rules_of(world)[0])
    wait_until(lambda: rules_of(world) == [])
    put_foreign_rule(world, SHARED)
    assert any("start again" in text for text in carry_out(world, planned).errors())
    assert rules_of(world) == ["by-hand"]


# --- two teams -------------------------------------------------------------------------------------------------------


def test_each_team_takes_back_its_own_side(world: World, before: Any) -> None:
    set_up(world, role_name=SHARED)
    fields = {**BUCKETS, "role_name": SHARED}
    source = tear_down(world, world.pair(**fields, destination_conn_id=None, destination_uid=DESTINATION_UID))
    assert source.errors() == []
    (text,) = source.texts("by_hand")
    assert f"assumed-role/{SHARED}/*" in text
    assert bucket_policy(world)["Statement"] != []
    assert world.state()["accounts"][SOURCE_UID]["roles"] == {}
    conf = json.loads(text[text.index("{", text.index("oss_crr_teardown")) :])
    destination = tear_down(world, world.pair(**conf))
    assert destination.errors() == []
    assert plan(world, world.pair(**conf))[world.pair(**conf).name].by_hand == []
    assert "has to stop the rule" in destination.texts("by_hand")[0]
    assert meaning(world.state()) == before


# --- writers at the same time ----------------------------------------------------------------------------------------


def taken(world: World, pair: BucketPair) -> tuple[Removal, list[Outcome]]:
    """Take the pair's grant at the destination back."""
    claim = plan(world, pair)[pair.name].claim
    assert claim is not None
    removal = Removal(PARTS["destination_grant"], world.accounts, "remove_destination_grant", [claim], IMPATIENT)
    return removal, removal.run([claim])


def test_a_statement_that_a_stale_write_put_back_is_taken_out_again(world: World) -> None:
    put_bucket_policy(world, *FOREIGN)
    pair, other = set_up(world), set_up(world, **SECOND)
    stale = bucket_policy(world)
    removal, outcomes = taken(world, pair)
    put_bucket_policy(world, *stale["Statement"])
    claim = plan(world, pair)[pair.name].claim
    assert claim is not None
    (again,) = removal.look_again([claim], looks(outcomes))
    assert (again.result, again.error) == ("taken back", None)
    assert pair.role not in json.dumps(bucket_policy(world))
    assert other.role in json.dumps(bucket_policy(world))
    assert bucket_policy(world)["Statement"][:2] == FOREIGN


def test_a_grant_that_our_stale_write_dropped_is_healed_by_its_own_writer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setup of another pair runs between our read and our write; both end right, whoever comes last."""
    pair = set_up(world)
    oss = world.accounts.get("oss_destination").oss("cn-beijing")
    delete = oss.delete_bucket_policy
    setups: list[dict[str, Outcome]] = []

    def later(bucket: str) -> None:
        if not setups:
            setups.append(world.set_up(**SECOND))
        delete(bucket)

    monkeypatch.setattr(oss, "delete_bucket_policy", later)
    removal, outcomes = taken(world, pair)
    (granted,) = (outcome for outcome in setups[0].values() if outcome.step == "grant_destination")
    found = world.preflight(**SECOND)
    assert found.resolved is not None
    convergence = Convergence(RESOURCES["destination_grant"], world.accounts, "grant", {}, utc_now(), timing=IMPATIENT)
    (healed,) = convergence.look_again([found.resolved], looks([granted]))
    assert healed.error is None
    claim = plan(world, pair)[pair.name].claim
    assert claim is not None
    (again,) = removal.look_again([claim], looks(outcomes))
    assert again.error is None
    text = json.dumps(bucket_policy(world))
    assert (pair.role in text, found.resolved.pair.role in text) == (False, True)


def test_a_setup_and_a_teardown_of_other_pairs_do_not_disturb_each_other(world: World) -> None:
    pair = set_up(world)
    planned = plan(world, pair)
    set_up(world, **SECOND)
    clean(carry_out(world, planned))
    assert rules_of(world) == []
    (rule,) = rules_of(world, "src-2")
    assert is_own(rule, world.pair(**SECOND))
    assert all(plan.changes == () for plan in world.preflight(**SECOND).plans.values())
