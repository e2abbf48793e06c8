"""What is made of the words of all batches: rows with trend, news, and events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowSkipException

from oss_crr.fleet.entry import FleetEntry
from oss_crr.notifications import Change
from oss_crr.operators import verify_judge
from oss_crr.operators.verify_judge import (
    EVENTS_PER_TASK,
    PAIR_HEALTH,
    AnnounceOperator,
    JudgeOperator,
    health_asset,
)
from oss_crr.pair import parse_pair
from oss_crr.verification.model import Finding
from tests.plugins.operators.verify_world import PAIR_FIELDS, FakeStateStore, FakeTaskInstance, make_context
from tests.plugins.verification.made import NOON, make_finding, make_item, make_repair


def entry(name: str) -> dict[str, Any]:
    fields = {"source_bucket": f"{name}-src", "destination_bucket": f"{name}-dst", "label": name, **PAIR_FIELDS}
    return FleetEntry(parse_pair(fields)).to_dict()


def run_of(*batches: list[str], states: Any = None, **steps: Any) -> FakeTaskInstance:
    """Return a run with batches of pairs; each step's items by batch."""
    resolved = [{"entries": [entry(name) for name in names], "previous": {}} for names in batches]
    return FakeTaskInstance(
        {"resolve": resolved, **{f"batch.{step}": items for step, items in steps.items()}}, states=states or {}
    )


def at(hour: int, item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "checked_at": NOON.replace(hour=hour).isoformat()}


@pytest.fixture
def news(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What notifiers are told."""
    told: list[str] = []

    def listen(context: Any, changes: list[Change]) -> None:
        told.extend(map(str, changes))

    monkeypatch.setattr(verify_judge, "notify", listen)
    return told


def judge(ti: FakeTaskInstance, store: FakeStateStore | None = None) -> list[dict[str, Any]]:
    chunks = JudgeOperator(task_id="judge", group="batch", resolved="resolve").execute(make_context(ti, store))
    return [row for chunk in chunks for row in chunk]


def test_rows_of_all_batches(news: list[str]) -> None:
    checks = [[make_item("a", make_finding("a")), make_item("b")], [make_item("c", lag_seconds=4.0)]]
    rows = judge(run_of(["a", "b"], ["c"], check=checks))
    assert [(row["pair"], row["health"]) for row in rows] == [("a", "broken"), ("b", "healthy"), ("c", "healthy")]
    assert rows[0]["findings"][0]["since"] == NOON.isoformat()
    assert rows[2]["trend"] == [
        {"at": NOON.isoformat(), "health": "healthy", "drift": 0, "lag_seconds": 4.0, "arrival_seconds": None}
    ]
    assert json.loads(json.dumps(rows)) == rows
    assert news == ["a is broken"]


def test_next_run_goes_on_from_the_last_one(news: list[str]) -> None:
    store = FakeStateStore()
    finding = make_finding("a")
    for hour, findings in ((12, [finding]), (13, [finding]), (14, [])):
        rows = judge(run_of(["a"], check=[[at(hour, make_item("a", *findings))]]), store)
        if hour == 13:
            assert rows[0]["findings"][0]["since"] == NOON.isoformat()
    assert [point["health"] for point in rows[0]["trend"]] == ["broken", "broken", "healthy"]
    assert news == ["a is broken", "a is healthy, was broken"]


def test_repair_is_news_though_the_health_is_the_same(news: list[str]) -> None:
    check = [[make_item("a", make_finding("a"))]]
    repair = [[{**make_item("a"), "repair": make_repair(make_finding("a"))}]]
    (row,) = judge(run_of(["a"], check=check, repair=repair))
    assert row["health"] == "healthy"
    assert row["repair"]["before"][0]["part"] == "destination_grant"
    assert news == ["a is healthy"]


def test_plan_of_a_repair_is_no_news(news: list[str]) -> None:
    plan = {**make_repair(make_finding("a")), "mode": "plan"}
    store = FakeStateStore()
    for _ in range(2):
        judge(run_of(["a"], repair=[[{**make_item("a", make_finding("a")), "repair": plan}]]), store)
    assert len(news) == 2  # both judge the first verification, in which the pair is broken


@pytest.mark.usefixtures("news")
def test_killed_task_makes_its_batch_unknown() -> None:
    ti = run_of(["a"], ["b"], check=[[make_item("a")]], states={"batch.check_0": "success", "batch.check_1": "failed"})
    assert [row["health"] for row in judge(ti)] == ["healthy", "unknown"]


def test_nothing_to_judge() -> None:
    with pytest.raises(AirflowSkipException):
        judge(FakeTaskInstance())


@pytest.mark.usefixtures("news")
def test_chunks_are_small_enough_for_their_events() -> None:
    names = [f"p{number}" for number in range(EVENTS_PER_TASK + 1)]
    ti = run_of(names, check=[[make_item(name) for name in names]])
    chunks = JudgeOperator(task_id="judge", group="batch", resolved="resolve").execute(make_context(ti))
    assert [len(chunk) for chunk in chunks] == [EVENTS_PER_TASK, 1]


# --- events ----------------------------------------------------------------------------------------------------------


class FakeEvents:
    """Remembers the events of an alias."""

    def __init__(self) -> None:
        self.sent: list[tuple[Asset, dict[str, Any]]] = []

    def add(self, asset: Asset, extra: dict[str, Any]) -> None:
        self.sent.append((asset, extra))


def judged(pair: str, *findings: Finding) -> dict[str, Any]:
    return {**make_item(pair, *findings, lag_seconds=3.0), "health": "broken" if findings else "healthy"}


def test_event_for_each_pair() -> None:
    events = FakeEvents()
    rows = [judged("a", make_finding("a")), judged("b")]
    AnnounceOperator(task_id="announce", rows=rows).execute(make_context(outlet_events={PAIR_HEALTH: events}))
    assert [asset.uri for asset, _ in events.sent] == ["oss-crr://health/a", "oss-crr://health/b"]
    assert events.sent[0][1] == {
        "pair": "a",
        "health": "broken",
        "checked_at": NOON.isoformat(),
        "findings": 1,
        "causes": ["destination_grant statement: the role may not write"],
        "lag_seconds": 3.0,
    }


@pytest.mark.parametrize(
    ("pair", "uri"),
    [
        ("logs", "oss-crr://health/logs"),
        ("src → dst", "oss-crr://health/src/dst"),
        ("Büro 7", "oss-crr://health/B%C3%BCro%207"),
    ],
)
def test_address_of_a_pairs_health(pair: str, uri: str) -> None:
    assert (health_asset(pair).uri, health_asset(pair).name) == (uri, uri)
