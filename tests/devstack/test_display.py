"""What the demo prints about a run."""

from __future__ import annotations

import io
from typing import Any

from devstack.api import TaskState
from devstack.display import RunDisplay, finding_text, fleet_table, repair_text, report_text

RESOLVED = TaskState("resolve", -1, "success", 1, 0.31)
WAITING = TaskState("wait_for_history", -1, "deferred", 1, 3.0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_each_task_is_printed_once_when_it_has_ended() -> None:
    output = io.StringIO()
    display = RunDisplay(output)
    display.update([TaskState("resolve", -1, "running", 1, 0.1)])
    display.update([RESOLVED, WAITING], "(12 of 500 objects)")
    display.update([RESOLVED, WAITING])
    display.close()
    assert output.getvalue() == "  resolve                  success             0.3 s\n"


def test_mapped_tasks_are_told_apart() -> None:
    output = io.StringIO()
    RunDisplay(output).update([TaskState("verify", 0, "success", 1, 1), TaskState("verify", 1, "failed", 1, 1)])
    assert [line.split()[:3] for line in output.getvalue().splitlines()] == [
        ["verify", "[0]", "success"],
        ["verify", "[1]", "failed"],
    ]


def test_a_terminal_shows_what_is_going_on_in_a_line_that_goes_away() -> None:
    output = Terminal()
    display = RunDisplay(output)
    display.update([WAITING], "(12 of 500 objects)")
    assert output.getvalue().endswith("wait_for_history deferred (12 of 500 objects)")
    display.close()
    assert output.getvalue().endswith("\r\x1b[K")


def outcome(**changes: Any) -> dict[str, Any]:
    row = {
        "pair": "a → b",
        "state": "complete",
        "steps": {"verify": "verified", "create_role": "created"},
        "rule_id": "rule-1",
        "objects": 1500,
        "bytes": 2_000_000,
        "waited_seconds": 12.4,
        "cause": None,
    }
    return {"details": {**row, **changes}}


def test_the_report_lists_the_steps_in_order_and_the_numbers() -> None:
    text = report_text([outcome()], ["create_role", "verify", "report"])
    assert [line.split(maxsplit=1) for line in text.splitlines()] == [
        ["a", "→ b: complete"],
        ["create_role", "created"],
        ["verify", "verified"],
        ["rule", "id                rule-1"],
        ["verified", "1,500 objects, 2,000,000 bytes"],
        ["waited", "12 s"],
    ]


def test_a_plan_has_neither_objects_nor_waiting() -> None:
    text = report_text([outcome(state="planned", steps={}, rule_id=None, objects=None, waited_seconds=None)], [])
    assert text == "  a → b: planned"


def test_finding_is_told_with_its_cause_and_its_repair() -> None:
    finding = {"severity": "broken", "part": "rule", "field": "status", "cause": "It is gone.", "repair": "Create it."}

    assert finding_text(finding).splitlines() == [
        "  broken: rule, status",
        "    It is gone.",
        "    repair: Create it.",
    ]


def test_repair_is_told_with_what_was_written() -> None:
    outcome = {"result": "updated", "changes": ["the statement was gone"]}

    assert repair_text({"pair": "a", "health": "healthy", "repair": {"outcome": outcome}}).splitlines() == [
        "  a: updated, now healthy",
        "    wrote, because the statement was gone",
    ]
    assert repair_text({"pair": "a", "health": "broken", "repair": None}) == "  a: nothing repaired, now broken"


def test_fleet_is_a_table() -> None:
    nothing = dict.fromkeys(("history", "objects", "lag_seconds", "failed_step", "cause"))
    rows = [
        {**nothing, "name": "a", "state": "complete", "history": 1.0, "objects": 1234, "lag_seconds": 2.0},
        {**nothing, "name": "longer", "state": "failed", "failed_step": "verify", "cause": "it differs"},
    ]

    assert [line.split() for line in fleet_table(rows).splitlines()] == [
        ["pair", "state", "history", "objects", "lag", "cause"],
        ["a", "complete", "100%", "1,234", "2", "s"],
        ["longer", "failed", "verify:", "it", "differs"],
    ]
