"""Which pairs a verification takes: of the inventory, or of the events that started it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from oss_crr.errors import InputError, InventoryError
from oss_crr.fleet.entry import FleetEntry
from oss_crr.operators.verify_resolve import ResolveVerificationOperator
from oss_crr.pair import parse_pair
from oss_crr.verification.trend import Trend
from oss_crr.verification.trend_store import TrendStore
from tests.plugins.operators.verify_world import (
    PAIR_FIELDS,
    FakeStateStore,
    FakeTaskInstance,
    inventory,
    make_context,
)
from tests.plugins.verification.made import NOON, make_result

PARAMETERS = ("pairs", "pattern", "batch_size")


def resolve(context: Any) -> list[list[str]]:
    """Return the names of the pairs of each batch."""
    batches = ResolveVerificationOperator(task_id="resolve", parameters=PARAMETERS).execute(context)
    return [[FleetEntry.from_dict(entry).name for entry in batch["entries"]] for batch in batches]


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An inventory of three pairs."""
    path = inventory(tmp_path, "logs", "mail", "invoices", verify={"max_lag_minutes": 60})
    monkeypatch.setenv("OSS_CRR_FLEET_FILE", str(path))
    return path


@pytest.mark.usefixtures("fleet")
def test_every_pair_is_verified_unless_some_are_chosen() -> None:
    assert resolve(make_context()) == [["logs", "mail", "invoices"]]
    assert resolve(make_context(conf={"pairs": ["mail"]})) == [["mail"]]
    assert resolve(make_context(conf={"pattern": "*o*", "batch_size": 1})) == [["logs"], ["invoices"]]


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    ("conf", "problem"),
    [({"pair": "logs"}, "unknown parameter; known are pairs, pattern"), ({"pairs": ["lags"]}, "did you mean")],
)
def test_wrong_parameters_are_refused_and_kept_for_the_report(conf: Any, problem: str) -> None:
    ti = FakeTaskInstance()
    with pytest.raises(InputError, match=problem):
        resolve(make_context(ti, conf=conf))
    assert problem in ti.pushed["refusal"]


def test_inventory_without_pairs_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OSS_CRR_FLEET_FILE", str(inventory(tmp_path)))
    with pytest.raises(AirflowSkipException, match="holds no pairs yet: add some"):
        resolve(make_context())


def test_wrong_inventory_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSS_CRR_FLEET_FILE", str(inventory(tmp_path, "a", rtx=True)))
    with pytest.raises(InventoryError, match="rtx"):
        resolve(make_context())


@pytest.mark.usefixtures("fleet")
def test_what_was_measured_before_travels_with_the_batch() -> None:
    store = FakeStateStore()
    trend = Trend().followed_by(make_result(0, pair="mail"), {"check": {"history": 0.5}})
    TrendStore(store).write({"mail": trend}, NOON)
    batches = ResolveVerificationOperator(task_id="resolve", parameters=PARAMETERS).execute(make_context(store=store))
    assert batches[0]["previous"] == {"logs": {}, "mail": {"check": {"history": 0.5}}, "invoices": {}}


@pytest.mark.parametrize(("conf", "expected"), [({}, []), ({"pairs": ["a"]}, ["b"])])
def test_pairs_that_share_a_document_with_the_batch_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, conf: Any, expected: list[str]
) -> None:
    path = inventory(tmp_path, "a", "b", "c")
    path.write_text(path.read_text(encoding="utf-8").replace("b-dst", "a-dst"), encoding="utf-8")
    monkeypatch.setenv("OSS_CRR_FLEET_FILE", str(path))
    operator = ResolveVerificationOperator(task_id="resolve", parameters=PARAMETERS)
    batches = operator.execute(make_context(conf=conf))
    assert [parse_pair(pair).name for batch in batches for pair in batch["others"]] == expected


# --- runs that an event has started ----------------------------------------------------------------------------------


def event_of(source: str, destination: str) -> Any:
    pair = parse_pair({"source_bucket": source, "destination_bucket": destination, **PAIR_FIELDS})
    return SimpleNamespace(extra={"pair": pair.name, "fields": pair.to_dict()})


def of_events(*events: Any) -> Any:
    by_asset: dict[str, Sequence[Any]] = {"asset": events, "alias": events}
    return make_context(run_type="asset_triggered", triggering_asset_events=by_asset)


@pytest.mark.usefixtures("fleet")
def test_event_names_the_pairs() -> None:
    assert resolve(of_events(event_of("x-src", "x-dst"), event_of("mail-src", "mail-dst"))) == [
        ["x-src → x-dst", "mail"]
    ]


@pytest.mark.usefixtures("fleet")
def test_pair_of_an_event_has_the_inventorys_settings() -> None:
    operator = ResolveVerificationOperator(task_id="resolve", parameters=PARAMETERS)
    ((entry,),) = [batch["entries"] for batch in operator.execute(of_events(event_of("mail-src", "mail-dst")))]
    assert FleetEntry.from_dict(entry).verify.max_lag_minutes == 60


@pytest.mark.usefixtures("fleet")
def test_event_of_somebody_else_is_passed_over() -> None:
    with pytest.raises(AirflowSkipException, match="no event tells of a pair"):
        resolve(of_events(SimpleNamespace(extra={})))
