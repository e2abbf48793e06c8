"""How the words of several steps become one result for each pair."""

from __future__ import annotations

from oss_crr.verification.model import PairResult
from oss_crr.verification.results import PairOutput, outputs
from tests.plugins.verification.made import NOON, make_finding, make_item, make_repair


def only(output: PairOutput) -> PairResult:
    return output.result(NOON)


def test_steps_are_put_together() -> None:
    canary = make_finding(part="canary", field="arrival")
    steps = {
        "check": [make_item("a", make_finding(), lag_seconds=1.0), make_item("b")],
        "canary": [make_item("a", canary, arrival_seconds=2.0)],
    }
    a, b = outputs([["a"], ["b"]], steps, [])
    assert only(a).findings == (make_finding(), canary)
    assert only(a).measures == {"lag_seconds": 1.0, "arrival_seconds": 2.0}
    assert a.memory() == {"check": {"lag_seconds": 1.0}}
    assert only(b).health == "healthy"


def test_repair_has_the_last_word_about_the_configuration() -> None:
    repaired = {**make_item("a", lag_seconds=7.0), "repair": make_repair(make_finding())}
    steps = {"check": [make_item("a", make_finding(), lag_seconds=1.0)], "repair": [repaired]}
    (output,) = outputs([["a"]], steps, [])
    assert only(output).health == "healthy"
    assert output.memory() == {"check": {"lag_seconds": 7.0}}
    assert output.repair == make_repair(make_finding())


def test_pair_whose_task_failed_is_unknown() -> None:
    steps = {"check": [make_item("a")]}
    a, b = outputs([["a"], ["b"]], steps, [("check", 1)])
    assert only(a).health == "healthy"
    assert only(b).health == "unknown"
    assert "`check` failed" in only(b).findings[0].cause


def test_pair_is_not_healthy_when_a_further_step_crashed() -> None:
    steps = {"check": [make_item("a"), make_item("b")]}
    a, b = outputs([["a"], ["b"]], steps, [("canary", 0)])
    assert [only(a).health, only(b).health] == ["unknown", "healthy"]


def test_step_that_failed_but_told_of_the_pair_is_believed() -> None:
    steps = {"check": [make_item("a")], "canary": [make_item("a", make_finding(part="canary"))]}
    (output,) = outputs([["a"]], steps, [("canary", 0)])
    assert [finding.part for finding in only(output).findings] == ["canary"]


def test_pair_that_no_step_tells_of_is_unknown() -> None:
    (output,) = outputs([["a"]], {}, [])
    assert only(output).health == "unknown"


def test_comparison_goes_on_from_its_cursor() -> None:
    compare = [{**make_item("a"), "cursor": {"after": "k"}}, {**make_item("b"), "cursor": None}]
    a, b = outputs([["a", "b"]], {"check": [make_item("a"), make_item("b")], "compare": compare}, [])
    assert (a.memory(), b.memory()) == ({"compare": {"cursor": {"after": "k"}}}, {})
