"""The step of a verification that repairs, or shows what a repair would write."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import indent
from typing import TYPE_CHECKING, Any

from oss_crr.fleet.entry import FleetEntry
from oss_crr.operators.batch import run_value, utc_now
from oss_crr.operators.create_rule import CLOSING_TIMEOUT
from oss_crr.operators.verify_batch import REPORT_ONLY, TARGETS, CheckedBatch, Target, sibling
from oss_crr.operators.waiting import defer_until, waiting_since
from oss_crr.outcome import Outcome, combined_error
from oss_crr.pair import BucketPair, parse_pair
from oss_crr.progress import WaitedRule
from oss_crr.resources.base import json_diff
from oss_crr.sensors.history import waited_rule
from oss_crr.verification.check import Checked, check_pairs
from oss_crr.verification.drift import DriftResult, find_drift
from oss_crr.verification.repair import REPAIRED, plan_repair, repair
from oss_crr.verification.results import CHECK

if TYPE_CHECKING:
    from airflow.sdk import Context

#: Key in the task's state store: what was written before a wait or a retry, by pair.
_WRITTEN = "written"
_CLOSING = "RuleClosing"

Item = dict[str, Any]


class RepairOperator(CheckedBatch):
    """Write what drifted, and nothing else, then check the pairs again; in mode ``plan`` only show it.

    The findings after the repair take the place of those before, which stay in the report beside what was written.

    :param poke_interval: seconds between two looks at a rule that is being removed.
    """

    switch = ("repair", REPORT_ONLY)
    ui_color = "#e6f4ea"

    def __init__(self, *, poke_interval: float = 10.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.poke_interval = poke_interval
        #: Further pairs of the inventory that share documents with the batch.
        self.others: list[BucketPair] = []

    def take(self, found: Mapping[str, Target], checked: Mapping[str, Any]) -> None:
        """Take the batch, with the pairs beside it."""
        super().take(found, checked)
        self.others = [parse_pair(pair) for pair in checked.get("others", ())]

    def execute(self, context: Context) -> list[Item]:
        """Repair what the check has found.

        :returns: an item for each pair that has, or had, findings.
        :raises AirflowSkipException: the run is only to report.
        :raises OssCrrError: a repair failed that is worth a retry.
        """
        self.skip_unless_wanted(context)
        if run_value(context, "repair", REPORT_ONLY) == "plan":
            return self._plan(context)
        found = [DriftResult.from_dict(item) for item in self.drifts]
        # Before a further try, or when somebody clears the task, much may have changed.
        return self._apply(context, found if context["ti"].try_number == 1 else self._drifts_now())

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> list[Item]:
        """Go on now that rules which were in the way are gone, or the waiting time is over."""
        self.log.info("Waiting ended: %s", event["status"])
        return self._apply(context, self._drifts_now())

    def _plan(self, context: Context) -> list[Item]:
        checked = self._checked(context)
        drifts = [DriftResult.from_dict(item) for item in self.drifts]
        outcomes = plan_repair(self.accounts, drifts, remove_extra=_remove_extra(context))
        planned = [outcome for outcome in outcomes if checked[outcome.pair]["findings"]]
        for outcome in planned:
            self.log.info("%s: %s\n%s", outcome.pair, outcome.result, plan_text(outcome))
        return [_item(checked[outcome.pair], outcome, "plan") for outcome in planned]

    def _apply(self, context: Context, drifts: Sequence[DriftResult]) -> list[Item]:
        outcomes = repair(self.accounts, drifts, remove_extra=_remove_extra(context))
        outcomes = self._with_earlier(context, outcomes)
        for outcome in outcomes:
            self._log_outcome(outcome)
        self._wait_for_rules(context, drifts, outcomes)
        checked = self._checked(context)
        again = {item.entry.name: item for item in self._check_again(outcomes, checked)}
        context["ti"].xcom_push(key=TARGETS, value={"pairs": [item.target() for item in again.values()]})
        items = [
            _item(checked[outcome.pair], outcome, "apply", again.get(outcome.pair))
            for outcome in outcomes
            if checked[outcome.pair]["findings"] or outcome.changes
        ]
        self._retry(context, outcomes, items)
        return items

    def _drifts_now(self) -> list[DriftResult]:
        return find_drift(self.accounts, [entry.pair for entry in self._entries], self.others)

    def _checked(self, context: Context) -> dict[str, Item]:
        """Return what the check has found, by pair."""
        ti = context["ti"]
        items = ti.xcom_pull(task_ids=sibling(self, CHECK), map_indexes=ti.map_index) or []
        return {item["pair"]: item for item in items}

    def _with_earlier(self, context: Context, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Add what was written before a wait or a retry: it belongs to this repair, too."""
        store: Any = context["task_state_store"]
        known: dict[str, list[str]] = store.get(_WRITTEN) or {}
        merged = [_merged(outcome, known.get(outcome.pair, ())) for outcome in outcomes]
        written = {outcome.pair: list(outcome.changes) for outcome in merged if outcome.changes}
        if written:
            store.set(_WRITTEN, written)
        return merged

    def _wait_for_rules(self, context: Context, drifts: Sequence[DriftResult], outcomes: Sequence[Outcome]) -> None:
        """Defer while deleted rules are in the way of new ones; does not return then."""
        closing = closing_rules(drifts, outcomes)
        deadline = waiting_since(context) + CLOSING_TIMEOUT.total_seconds() if closing else 0.0
        if closing and time.time() < deadline:
            self.log.info("Waiting until deleted rules are gone: %s", ", ".join(rule.rule_id for rule in closing))
            defer_until(self, closing, "gone", self.poke_interval, deadline)

    def _check_again(self, outcomes: Sequence[Outcome], checked: Mapping[str, Item]) -> list[Checked]:
        """Check the pairs for which something was written."""
        written = {outcome.pair for outcome in outcomes if outcome.changes}
        entries = [entry for entry in self._entries if entry.name in written]
        rest = [entry.pair for entry in self._entries if entry.name not in written]
        measures = {pair: item["measures"] for pair, item in checked.items()}
        return check_pairs(self.accounts, entries, utc_now(), measures, [*rest, *self.others]) if entries else []

    def _retry(self, context: Context, outcomes: Sequence[Outcome], items: Sequence[Item]) -> None:
        """Fail while trying again may help a pair."""
        ti = context["ti"]
        failures = [outcome for outcome in outcomes if outcome.retryable]
        if failures and ti.try_number <= (ti.max_tries or 0):
            ti.xcom_push(key="return_value", value=list(items))
            raise combined_error(failures)

    def _log_outcome(self, outcome: Outcome) -> None:
        if outcome.error:
            self.log.error("%s: %s: %s", outcome.pair, outcome.error["type"], outcome.error["message"])
        for change in outcome.changes:
            self.log.info("%s: wrote because %s", outcome.pair, change)

    @property
    def _entries(self) -> list[FleetEntry]:
        return [FleetEntry.from_dict(entry) for entry in self.entries]


def closing_rules(drifts: Sequence[DriftResult], outcomes: Sequence[Outcome]) -> list[WaitedRule]:
    """Return the deleted rules that are in the way of new ones."""
    resolved = {drift.pair.name: drift.resolved for drift in drifts}
    return [
        waited_rule(pair, step["details"]["rule_id"])
        for outcome in outcomes
        for step in outcome.details["steps"]
        if step["error"] and step["error"]["type"] == _CLOSING and (pair := resolved[outcome.pair])
    ]


def plan_text(outcome: Outcome) -> str:
    """Return what would be written for a pair, with the documents as they are and as they would be."""
    changes = [change for step in outcome.details["steps"] for change in step["details"].get("changes", ())]
    return "\n".join(
        f"{change['kind']:8} {change['summary']}\n{indent(json_diff(change['before'], change['after']), '  ')}"
        for change in changes
    )


def _merged(outcome: Outcome, earlier: Sequence[str]) -> Outcome:
    changes = tuple(dict.fromkeys((*earlier, *outcome.changes)))
    return replace(outcome, changes=changes, result=REPAIRED if earlier and outcome.ok else outcome.result)


def _item(before: Item, outcome: Outcome, mode: str, after: Checked | None = None) -> Item:
    """Return what the report takes of a pair: its findings now, what was done, and the findings before."""
    done = {"mode": mode, "outcome": outcome.to_dict(), "before": before["findings"]}
    return {**(after.item() if after else before), "repair": done}


def _remove_extra(context: Context) -> bool:
    return bool(run_value(context, "remove_extra", False))
