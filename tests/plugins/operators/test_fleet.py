"""The steps of a fleet's run: what they take, what they leave, and when they fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from oss_crr.errors import InputError, InventoryError, PermanentError
from oss_crr.fleet.file import FLEET_FILE_VARIABLE
from oss_crr.operators.batch import REFUSAL
from oss_crr.operators.fleet import (
    BLOCKED,
    CollectFailedOperator,
    CountQuotasOperator,
    FleetReportOperator,
    ResolveFleetOperator,
    brief,
)
from oss_crr.pair import parse_pair
from oss_crr.summary import SUMMARY
from tests.plugins.fake_cloud import FakeCloud, make_pair

NAMES = ("one", "two", "three")
PAIRS = [brief(make_pair(label=name, source_bucket=f"src-{name}", destination_bucket=f"dst-{name}")) for name in NAMES]


class FakeTaskInstance:
    """Answers what the steps ask Airflow for, and counts how often.

    :param xcoms: by task id and key; of mapped tasks a list.
    """

    def __init__(self, xcoms: Mapping[tuple[str, str], Any]) -> None:
        self._xcoms = xcoms
        self.pulls: Counter[str] = Counter()
        self.pushed: dict[str, Any] = {}

    def xcom_pull(self, task_ids: str | list[str], key: str = "return_value", map_indexes: int | None = None) -> Any:
        mapped = isinstance(task_ids, list)
        task_id = task_ids[0] if isinstance(task_ids, list) else task_ids
        assert mapped is (map_indexes is None)
        self.pulls[task_id] += 1
        return self._xcoms.get((task_id, key), [None] if mapped else None)

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


def context(ti: FakeTaskInstance | None = None, conf: Mapping[str, Any] | None = None, **params: Any) -> Any:
    return {"ti": ti or FakeTaskInstance({}), "params": params, "dag_run": SimpleNamespace(conf=conf)}


# --- resolve ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "fleet.yaml"
    pairs = [{**{key: value for key, value in pair.items() if key != "label"}, "name": pair["label"]} for pair in PAIRS]
    path.write_text(yaml.safe_dump({"pairs": pairs}))
    monkeypatch.setenv(FLEET_FILE_VARIABLE, str(path))
    return path


def resolved(conf: Mapping[str, Any]) -> list[str]:
    return [pair["label"] for pair in ResolveFleetOperator(task_id="resolve").execute(context(conf=conf))]


def test_pairs_are_chosen_by_the_runs_parameters(inventory: Path) -> None:
    assert resolved({}) == ["one", "two", "three"]
    assert resolved({"pairs": ["three", "one"]}) == ["one", "three"]
    switches = {"batch_size": 2, "plan_only": True, "wait_for_history": False}
    assert resolved({"pattern": "t*", **switches}) == ["two", "three"]


def test_pairs_travel_with_the_fields_that_are_not_the_default() -> None:
    pair = make_pair(label="one", prefixes=["a/"], destination_conn_id=None, destination_uid="12345")
    assert brief(pair) == {
        "source_bucket": "src",
        "source_region": "cn-hangzhou",
        "destination_bucket": "dst",
        "destination_region": "cn-shanghai",
        "destination_conn_id": "",
        "destination_uid": "12345",
        "prefixes": ["a/"],
        "label": "one",
    }
    assert parse_pair(brief(pair)) == pair


@pytest.mark.parametrize(
    ("conf", "problem"),
    [
        ({"patern": "x"}, "patern: unknown parameter; did you mean 'pattern'?"),
        ({"pairs": ["four"]}, "'four' is not in the inventory"),
        ({"pattern": "x*"}, r"'x\*' matches none of the 3 pairs"),
    ],
)
def test_a_selection_that_is_wrong_is_refused_and_told_to_the_report(
    inventory: Path, conf: dict[str, Any], problem: str
) -> None:
    ti = FakeTaskInstance({})
    with pytest.raises(InputError, match=problem) as caught:
        ResolveFleetOperator(task_id="resolve").execute(context(ti, conf))
    assert ti.pushed == {REFUSAL: str(caught.value)}


def test_a_broken_inventory_is_refused_with_file_and_line(inventory: Path) -> None:
    inventory.write_text("pairs:\n  - nme: x\n")
    ti = FakeTaskInstance({})
    with pytest.raises(InventoryError, match=f"{inventory}:2: pair 1, nme: unknown field"):
        ResolveFleetOperator(task_id="resolve").execute(context(ti))
    assert str(inventory) in ti.pushed[REFUSAL]


# --- count and cut ---------------------------------------------------------------------------------------------------


def cut(cloud: FakeCloud, pairs: list[dict[str, Any]], **params: Any) -> tuple[list[list[str]], dict[str, str]]:
    """Return the names in each batch, and why pairs are blocked."""
    step = CountQuotasOperator(task_id="count_quotas", pairs=pairs)
    step.__dict__["accounts"] = cloud.accounts
    ti = FakeTaskInstance({})
    batches = step.execute(context(ti, **params))
    causes = {outcome["pair"]: outcome["details"]["cause"] for outcome in ti.pushed[BLOCKED]}
    return [[pair["label"] for pair in batch] for batch in batches], causes


def test_batches_have_the_size_that_was_asked_for(cloud: FakeCloud) -> None:
    assert cut(cloud, PAIRS, batch_size=2) == ([["one", "two"], ["three"]], {})
    assert cut(cloud, PAIRS) == ([["one", "two", "three"]], {})


def test_pairs_that_cannot_fit_are_left_out_and_named(cloud: FakeCloud) -> None:
    hub = [brief(make_pair(label=f"p{n}", source_bucket=f"src-{n}")) for n in range(102)]
    (batch,), causes = cut(cloud, hub)
    assert batch == [f"p{n}" for n in range(100)]
    assert list(causes) == ["p100", "p101"]
    assert "rules of bucket `dst`" in causes["p100"]


# --- collect and report ----------------------------------------------------------------------------------------------


def told(name: str, state: str = "complete", **details: Any) -> dict[str, Any]:
    """Return what a batch's report says about a pair."""
    row = {"state": state, "rule_id": "r", "history": 1.0, "objects": 5, "bytes": 50, "lag_seconds": 2.0}
    return {"pair": name, "details": {**row, "failed_step": None, "cause": None, **details}}


def lost(name: str, step: str = "create_role", cause: str = "because") -> dict[str, Any]:
    nothing = dict.fromkeys(("rule_id", "history", "objects", "bytes", "lag_seconds"))
    return told(name, "failed", failed_step=step, cause=cause, **nothing)


def collect(ti: FakeTaskInstance, pairs: Any = PAIRS, **params: Any) -> list[list[str]]:
    step = CollectFailedOperator(
        task_id="collect_failed", pairs=pairs, counted="count_quotas", reports=["batch.report"]
    )
    return [[pair["label"] for pair in batch] for batch in step.execute(context(ti, **params))]


def report(ti: FakeTaskInstance, pairs: Any = PAIRS) -> list[dict[str, Any]]:
    step = FleetReportOperator(
        task_id="report",
        pairs=pairs,
        resolved="resolve",
        counted="count_quotas",
        reports=["batch.report", "alone.report"],
    )
    return step.execute(context(ti))


def test_pairs_that_failed_are_tried_again_each_alone() -> None:
    ti = FakeTaskInstance({("batch.report", "return_value"): [[told("one"), lost("two")], [lost("three")]]})
    assert collect(ti) == [["two"], ["three"]]


def test_pairs_of_a_batch_without_a_report_are_tried_again() -> None:
    assert collect(FakeTaskInstance({("batch.report", "return_value"): [[told("one")], None]})) == [["two"], ["three"]]


def test_pairs_that_cannot_fit_are_not_tried_again() -> None:
    xcoms = {
        ("batch.report", "return_value"): [[told("one"), told("two")]],
        ("count_quotas", BLOCKED): [lost("three", "count_quotas", "no room")],
    }
    assert collect(FakeTaskInstance(xcoms)) == []


def test_pairs_whose_hand_over_was_declined_are_not_asked_about_again() -> None:
    ti = FakeTaskInstance({("batch.report", "return_value"): [[told("one"), lost("two", "hand_over"), lost("three")]]})
    assert collect(ti) == [["three"]]


def test_a_run_that_only_plans_tries_nothing_again() -> None:
    ti = FakeTaskInstance({("batch.report", "return_value"): [[lost("one"), told("two"), told("three")]]})
    assert collect(ti, plan_only=True) == []


def test_very_many_pairs_that_failed_are_tried_again_in_batches_of_equal_causes() -> None:
    buckets = [{"source_bucket": f"src-{n}", "destination_bucket": f"dst-{n}"} for n in range(250)]
    pairs = [brief(make_pair(label=f"p{n}", **fields)) for n, fields in enumerate(buckets)]
    failures = [lost(f"p{n}", cause=f"cause {n % 2}") for n in range(250)]
    batches = collect(FakeTaskInstance({("batch.report", "return_value"): [failures]}), pairs)
    assert max(map(len, batches)) == 3
    assert len(batches) <= 100
    assert sum(len({int(name[1:]) % 2 for name in batch}) > 1 for batch in batches) <= 1


def test_the_report_has_a_row_for_each_pair_and_the_last_word_counts() -> None:
    ti = FakeTaskInstance(
        {
            ("batch.report", "return_value"): [[told("one"), lost("two")], [told("three")]],
            ("alone.report", "return_value"): [[told("two", objects=7)]],
        }
    )
    rows = report(ti)
    assert [(row["name"], row["pair"], row["state"], row["objects"]) for row in rows] == [
        ("one", "src-one → dst-one", "complete", 5),
        ("two", "src-two → dst-two", "complete", 7),
        ("three", "src-three → dst-three", "complete", 5),
    ]
    assert set(rows[0]) == {
        *("name", "pair", "state", "rule_id", "history", "objects", "bytes", "lag_seconds", "failed_step", "cause")
    }
    assert max(ti.pulls.values()) == 1


def test_the_report_fails_when_a_pair_failed_and_names_each() -> None:
    ti = FakeTaskInstance(
        {
            ("batch.report", "return_value"): [[told("one"), lost("two", cause="no right")]],
            ("count_quotas", BLOCKED): [lost("three", "count_quotas", "no room")],
        }
    )
    with pytest.raises(PermanentError) as caught:
        report(ti)
    assert str(caught.value).splitlines() == [
        "2 of 3 pairs failed:",
        "two: create_role: no right",
        "three: count_quotas: no room",
    ]
    assert [row["state"] for row in ti.pushed["return_value"]] == ["complete", "failed", "failed"]
    assert ti.pushed[SUMMARY] == "1 of 3 pairs complete, 2 failed (two, three)"


def test_a_plan_is_reported_with_what_would_be_written() -> None:
    planned = [{"kind": "create", "summary": "role `r` does not exist", "diff": "+ long"}]
    one, *_ = report(
        FakeTaskInstance({("batch.report", "return_value"): [[told("one", "planned", planned=planned)]]}), PAIRS[:1]
    )
    assert one["planned"] == ["create: role `r` does not exist"]


def test_the_report_tells_why_nothing_was_done() -> None:
    with pytest.raises(PermanentError, match="nothing was done: `resolve` refused the input: no such pair"):
        report(FakeTaskInstance({("resolve", REFUSAL): "no such pair"}), None)
    with pytest.raises(PermanentError, match="see why `resolve` failed"):
        report(FakeTaskInstance({}), None)
