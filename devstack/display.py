"""Show a DAG run in the terminal, as it happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill
from typing import Any, TextIO

from devstack.api import TaskState

_CLEAR_LINE = "\r\x1b[K"
_WIDTH = 110
_ACTIVE = ("running", "deferred", "queued", "up_for_retry", "restarting")


class RunDisplay:
    """Prints one line for each task that has ended.

    On a terminal, a last line that is written over and over shows what is going on; elsewhere it is left out.

    :param output: where to write.
    """

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._is_terminal = output.isatty()
        self._shown: set[tuple[str, int]] = set()

    def update(self, tasks: Iterable[TaskState], remark: str = "") -> None:
        """Show what has changed.

        :param tasks: every task instance of the run.
        :param remark: shown beside the active tasks, such as a percentage.
        """
        present = list(tasks)
        self._clear()
        for task in present:
            if task.is_final and (task.task_id, task.map_index) not in self._shown:
                self._shown.add((task.task_id, task.map_index))
                self._write(f"{task_line(task)}\n")
        if self._is_terminal:
            active = ", ".join(f"{task.task_id} {task.state}" for task in present if task.state in _ACTIVE)
            self._write(f"  ... {active} {remark}"[:100])

    def close(self) -> None:
        """Take the last line away."""
        self._clear()

    def _clear(self) -> None:
        if self._is_terminal:
            self._write(_CLEAR_LINE)

    def _write(self, text: str) -> None:
        self._output.write(text)
        self._output.flush()


def task_line(task: TaskState) -> str:
    """One line about a task that has ended: name, state, seconds."""
    name = task.task_id if task.map_index < 0 else f"{task.task_id} [{task.map_index}]"
    return f"  {name:24} {task.state or '':16} {task.seconds:6.1f} s"


def report_text(report: Iterable[Mapping[str, Any]], steps: Sequence[str]) -> str:
    """The output of the DAG's last task, as text.

    :param report: one outcome per pair, with a row of facts under ``details``.
    :param steps: the names of the steps in their order, which Airflow's database does not keep.
    """
    return "\n".join(line for outcome in report for line in _pair_lines(outcome["details"], steps))


def _pair_lines(row: Mapping[str, Any], steps: Sequence[str]) -> list[str]:
    facts: dict[str, Any] = {step: row["steps"].get(step) for step in steps}
    facts.update({"rule id": row["rule_id"], "cause": row["cause"]})
    if row["objects"] is not None:
        facts["verified"] = f"{row['objects']:,} objects, {row['bytes']:,} bytes"
    if row["waited_seconds"] is not None:
        facts["waited"] = f"{row['waited_seconds']:.0f} s"
    lines = [f"    {name:22} {value}" for name, value in facts.items() if value is not None]
    return [f"  {row['pair']}: {row['state']}", *lines]


def finding_text(finding: Mapping[str, Any]) -> str:
    """What a verification found, as text."""
    return "\n".join(
        [
            f"  {finding['severity']}: {finding['part']}, {finding['field']}",
            _wrapped(finding["cause"]),
            _wrapped(f"repair: {finding['repair']}"),
        ]
    )


def repair_text(result: Mapping[str, Any]) -> str:
    """What a verification repaired, as text.

    :param result: of one pair.
    """
    outcome = (result.get("repair") or {}).get("outcome") or {}
    head = f"  {result['pair']}: {outcome.get('result', 'nothing repaired')}, now {result['health']}"
    return "\n".join([head, *(_wrapped(f"wrote, because {change}") for change in outcome.get("changes") or ())])


def _wrapped(text: str) -> str:
    return fill(text, _WIDTH, initial_indent="    ", subsequent_indent="    ")


def fleet_table(rows: Iterable[Mapping[str, Any]]) -> str:
    """A fleet's report as a table."""
    lines = [("pair", "state", "history", "objects", "lag", "cause"), *(_fleet_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]) - 1)]
    return "\n".join(
        "  " + "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()
        for line in lines
    )


def _fleet_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    history, objects, lag = row["history"], row["objects"], row["lag_seconds"]
    return (
        row["name"],
        row["state"],
        "" if history is None else f"{history:.0%}",
        "" if objects is None else f"{objects:,}",
        "" if lag is None else f"{lag:.0f} s",
        f"{row['failed_step']}: {row['cause']}" if row["cause"] else "",
    )
