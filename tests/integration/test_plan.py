"""The plan: what a run would write, with documents and their differences, and nothing for a finished pair."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from oss_crr.operators.report import report_rows, report_text
from oss_crr.operators.steps import PreflightOperator
from tests.integration.world import (
    DESTINATION_UID,
    INSTANCE,
    KEY_ARN,
    PAIR,
    SOURCE_UID,
    World,
    kms_config,
)

FOREIGN = {
    "Effect": "Allow",
    "Action": ["oss:GetObject"],
    "Principal": ["3333333333333333"],
    "Resource": [f"acs:oss:*:{DESTINATION_UID}:crr-destination/*"],
}
KMS = {"replicate_kms_objects": True, "kms_key_arn": KEY_ARN}


@pytest.fixture
def world(make_world: Any) -> World:
    """Return the usual world, with KMS."""
    made: World = make_world(kms_config())
    return made


def plans_of(world: World, **fields: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the planned changes by resource, and assert that planning wrote nothing."""
    world.reset_calls()
    outcome = world.preflight(**fields).outcome("preflight")
    assert world.calls()["writes"] == 0
    json.dumps(outcome.to_dict())
    return {name: plan["changes"] for name, plan in outcome.details["plans"].items()}


def kinds(plans: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    return {name: [change["kind"] for change in changes] for name, changes in plans.items()}


def rows_of(world: World, **fields: Any) -> list[dict[str, Any]]:
    """Return the report's rows of a run that only plans."""
    return report_rows({"preflight": [world.preflight(**fields).outcome("preflight").to_dict()], "create_role": []})


def test_plan_of_a_new_pair_holds_every_document_that_is_written(world: World) -> None:
    planned = plans_of(world, **KMS)
    assert kinds(planned) == {
        "role": ["create"],
        "source_grant": ["create", "create"],
        "destination_grant": ["create"],
        "kms_key": [],
        "kms_key_grant": ["update"],
        "kms_role_grant": ["create", "create"],
        "rule": ["create"],
    }
    world.set_up(**KMS)
    role = world.pair().role
    ram, state = world.root.source(world.pair()).ram, world.state()
    made = ram.get_role(role)
    assert made is not None
    assert json.loads(made.trust_policy) == planned["role"][0]["after"]
    assert (
        state["accounts"][SOURCE_UID]["policies"][f"{role}-source-read"]["document"]
        == (planned["source_grant"][0]["after"])
    )
    assert state["accounts"][SOURCE_UID]["policies"][f"{role}-kms"]["document"] == planned["kms_role_grant"][0]["after"]
    assert state["buckets"]["crr-destination"]["policy"] == planned["destination_grant"][0]["after"]
    key = world.root.destination(world.pair()).kms("cn-beijing").get_key_policy("key-given")
    assert json.loads(key) == planned["kms_key_grant"][0]["after"]
    assert planned["rule"][0]["after"]["kms_key_arn"] == KEY_ARN


def test_plan_of_a_finished_pair_is_empty(world: World) -> None:
    world.set_up(**KMS)
    assert set(map(tuple, kinds(plans_of(world, **KMS)).values())) == {()}
    (row,) = rows_of(world, **KMS)
    assert (row["state"], row["planned"]) == ("planned", [])


def test_key_that_is_still_to_be_created_is_planned_with_all_that_depends_on_it(world: World) -> None:
    planned = plans_of(world, replicate_kms_objects=True, kms_instance_id=INSTANCE)
    assert kinds(planned)["kms_key"] == ["create"]
    placeholder = "(the key that prepare_kms_key creates)"
    assert placeholder in planned["kms_key_grant"][0]["summary"]
    assert placeholder in json.dumps(planned["kms_role_grant"][0]["after"])
    assert planned["rule"][0]["after"]["kms_key_arn"] == placeholder


def test_update_shows_what_is_added_to_a_foreign_policy(world: World) -> None:
    oss = world.root.destination(world.pair()).oss("cn-beijing")
    oss.put_bucket_policy("crr-destination", json.dumps({"Version": "1", "Statement": [FOREIGN]}))
    (change,) = plans_of(world)["destination_grant"]
    assert (change["kind"], change["before"]["Statement"]) == ("update", [FOREIGN])
    assert change["after"]["Statement"][0] == FOREIGN
    (row,) = rows_of(world)
    diff = next(item["diff"] for item in row["planned"] if item["resource"] == "destination_grant")
    removed = [line for line in diff.splitlines()[2:] if line.startswith("-")]
    added = [line for line in diff.splitlines()[2:] if line.startswith("+")]
    assert removed == []
    assert '+        "oss:ReplicatePut"' in added
    assert not any("oss:GetObject" in line for line in added)


@pytest.mark.parametrize(
    ("fields", "kind", "lines"),
    [
        ({"rtc": True}, "update", ['-  "rtc": "disabled"', '+  "rtc": true']),
        ({"prefixes": ["a/"], "on_rule_mismatch": "replace"}, "replace", ['+    "a/"']),
    ],
)
def test_plan_of_a_change_to_the_rule(world: World, fields: dict[str, Any], kind: str, lines: list[str]) -> None:
    world.set_up()
    planned = plans_of(world, **fields)
    assert kinds(planned)["rule"] == [kind]
    assert [name for name, changes in planned.items() if changes] == ["rule"]
    (row,) = rows_of(world, **fields)
    assert set(lines) <= set(row["planned"][0]["diff"].splitlines())


def test_plan_while_a_deleted_rule_is_closing_says_so(world: World) -> None:
    world.server.cloud.behaviour.rule_close_seconds = 60
    rule = world.set_up()["create_rule"].details["rule_id"]
    world.bucket().delete_bucket_replication(rule)
    (change,) = plans_of(world)["rule"]
    assert (change["kind"], change["before"]["status"]) == ("wait", "closing")


def test_report_of_a_plan_shows_the_differences(world: World) -> None:
    lines = report_text(rows_of(world)).splitlines()
    assert f"  would create       role `{world.pair().role}` does not exist" in lines
    assert '    +        "oss:ReplicateList",' in lines


@pytest.mark.parametrize("plan_only", [True, False])
def test_preflights_log_shows_the_differences_of_a_plan(world: World, plan_only: bool) -> None:
    operator = PreflightOperator(task_id="preflight", pairs=[PAIR])
    operator.__dict__["accounts"] = world.accounts
    context: Any = {"params": {"plan_only": plan_only}, "ti": SimpleNamespace(xcom_push=lambda key, value: None)}
    world.reset_calls()
    with capture_logs() as logs:
        (outcome,) = operator.run_step(context)
    assert world.calls()["writes"] == 0
    text = "\n".join(str(entry["event"]) + str(entry.get("positional_args", "")) for entry in logs)
    assert ("oss:ReplicatePut" in text) is plan_only
    assert (outcome.details["plans"]["role"]["changes"][0]["after"] is not None) is plan_only
