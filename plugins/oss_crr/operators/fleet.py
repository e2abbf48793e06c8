"""The steps of a fleet's run that are not about one batch: choose, count and cut, collect, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator, TriggerRule, conf

from oss_crr.errors import InputError, LimitReached, PermanentError
from oss_crr.fleet.batches import MAX_BATCHES, cut_batches
from oss_crr.fleet.file import load_fleet
from oss_crr.fleet.problems import suggestion
from oss_crr.fleet.quota_reading import read_quota_facts, resolve_accounts
from oss_crr.fleet.quotas import causes, count
from oss_crr.fleet.report import Row, failed, fleet_rows, second_batches, summary, table
from oss_crr.fleet.selection import select
from oss_crr.operators.batch import REFUSAL, run_parameter, run_value
from oss_crr.operators.retry import RETRIES, RETRY_DELAY, RETRY_POLICY
from oss_crr.outcome import Outcome
from oss_crr.pair import BucketPair, parse_pair
from oss_crr.resources.base import Accounts
from oss_crr.summary import SUMMARY

if TYPE_CHECKING:
    from airflow.sdk import Context

#: Parameters of a run that sets a fleet up.
FLEET_PARAMETERS = ("pairs", "pattern", "batch_size", "plan_only", "wait_for_history")
#: XCom key under which `count_quotas` leaves the outcomes of pairs that cannot fit.
BLOCKED = "blocked"

_DEFAULTS = {field.name: field.default for field in fields(BucketPair)}


class FleetOperator(BaseOperator):
    """A step that sees the whole fleet."""

    ui_color = "#e8f1fb"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"retries": RETRIES, "retry_delay": RETRY_DELAY, "retry_policy": RETRY_POLICY, **kwargs})


class ResolveFleetOperator(FleetOperator):
    """Choose pairs of the inventory as the run's parameters say; refuse what is wrong before any call.

    :param parameters: names of the parameters that a run may have.
    """

    def __init__(self, *, parameters: Sequence[str] = FLEET_PARAMETERS, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parameters = tuple(parameters)

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the pairs, each with the fields that are not the default.

        :raises InputError: a parameter or the inventory is wrong; every problem of the inventory has its line.
        """
        # Airflow keeps parameters that the DAG never declared: without this, a misspelt one would be ignored.
        values = {**context["params"], **(context["dag_run"].conf or {})}
        try:
            self._refuse_unknown(values)
            fleet = load_fleet()
            entries = select(fleet, values.get("pairs"), values.get("pattern"))
        except InputError as error:
            context["ti"].xcom_push(key=REFUSAL, value=str(error))
            raise
        for warning in fleet.warnings:
            self.log.warning("%s", warning)
        self.log.info("%d of %d pairs of %s are chosen", len(entries), len(fleet.entries), fleet.path)
        return [brief(entry.pair) for entry in entries]

    def _refuse_unknown(self, values: Mapping[str, Any]) -> None:
        unknown = sorted(set(values) - set(self.parameters))
        if unknown:
            raise InputError(*((name, f"unknown parameter; {suggestion(name, self.parameters)}") for name in unknown))


class CountQuotasOperator(FleetOperator):
    """Count the fleet against its accounts' quotas before the first write, and cut what fits into batches.

    Only reads, and only what several pairs share. Pairs that cannot fit are left out of the batches; the report names
    them with the quota.

    :param pairs: the pairs (templated).
    """

    template_fields: Sequence[str] = ("pairs",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"pairs": "json"}

    def __init__(self, *, pairs: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pairs = pairs

    def execute(self, context: Context) -> list[list[dict[str, Any]]]:
        """Return the batches."""
        pairs = [parse_pair(pair) for pair in self.pairs]
        blocked = self._count(pairs)
        outcomes = [_blocked(name, self.task_id, cause) for name, cause in blocked.items()]
        context["ti"].xcom_push(key=BLOCKED, value=[outcome.to_dict() for outcome in outcomes])
        return self._batches(context, [pair for pair in pairs if pair.name not in blocked])

    def _count(self, pairs: Sequence[BucketPair]) -> dict[str, str]:
        """Return why pairs are blocked, by name."""
        resolved = resolve_accounts(self.accounts, pairs)
        facts = read_quota_facts(self.accounts, resolved)
        for note in facts.notes:
            self.log.warning("%s", note)
        counts = count(resolved, facts)
        for item in counts:
            self.log.info("%s: %s", item.quota, item.text)
        blocked = causes(counts)
        for name, cause in blocked.items():
            self.log.error("%s does not fit: %s", name, cause)
        return blocked

    @cached_property
    def accounts(self) -> Accounts:
        """Return the accounts behind the pairs' connections."""
        from oss_crr.hooks.account import AccountPool

        return Accounts(AccountPool().get)

    def _batches(self, context: Context, pairs: Sequence[BucketPair]) -> list[list[dict[str, Any]]]:
        size = run_value(context, "batch_size", None)
        batches = cut_batches(pairs, size, conf.getint("core", "max_map_length", fallback=MAX_BATCHES))
        sizes = [len(batch) for batch in batches]
        self.log.info("%d batches of %d to %d pairs", len(batches), min(sizes, default=0), max(sizes, default=0))
        return [[brief(pair) for pair in batch] for batch in batches]


class ReportingOperator(FleetOperator):
    """A step that reads what the batches reported; it runs whatever happened before.

    :param pairs: all pairs of the run (templated); None when they could not be resolved.
    :param counted: task id of the step that cut the batches.
    :param reports: task ids of the batches' reports, in the order in which they ran.
    """

    template_fields: Sequence[str] = ("pairs",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"pairs": "json"}

    def __init__(self, *, pairs: Any, counted: str, reports: Sequence[str], **kwargs: Any) -> None:
        super().__init__(trigger_rule=TriggerRule.ALL_DONE, **kwargs)
        self.pairs = pairs
        self.counted = counted
        self.reports = tuple(reports)

    def _rows(self, context: Context) -> list[Row]:
        """Return a row for each pair; one request for each kind of report, however many batches there are."""
        ti = context["ti"]
        blocked = ti.xcom_pull(task_ids=self.counted, key=BLOCKED, map_indexes=-1) or []
        reports = [[outcome for batch in _every(ti, task) for outcome in batch] for task in self.reports]
        return fleet_rows([parse_pair(pair) for pair in self.pairs or ()], blocked, *reports)

    def _blocked(self, context: Context) -> set[str]:
        blocked = context["ti"].xcom_pull(task_ids=self.counted, key=BLOCKED, map_indexes=-1) or []
        return {outcome["pair"] for outcome in blocked}


class CollectFailedOperator(ReportingOperator):
    """Collect the pairs that failed in their batch, for another try on their own."""

    def execute(self, context: Context) -> list[list[dict[str, Any]]]:
        """Return the batches to try once more; none in a run that only plans."""
        rows = self._rows(context)
        if not rows or run_parameter(context, "plan_only", False):
            return []
        blocked = self._blocked(context)
        pairs = [pair for pair in map(parse_pair, self.pairs) if pair.name not in blocked]
        batches = second_batches(pairs, rows)
        for row in failed(rows):
            self.log.warning("%s failed in %s: %s", row["name"], row["failed_step"], row["cause"])
        return [[brief(pair) for pair in batch] for batch in batches]


class FleetReportOperator(ReportingOperator):
    """Put all batches' reports into one table, a row for each pair; fail when any pair failed, naming each.

    :param resolved: task id of the step that chose the pairs.
    """

    ui_color = "#fff4e5"

    def __init__(self, *, resolved: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.resolved = resolved

    def execute(self, context: Context) -> list[Row]:
        """Return the rows; see :func:`oss_crr.fleet.report.fleet_rows`.

        :raises PermanentError: a pair failed, or there was nothing to do.
        """
        rows = self._rows(context)
        if not rows:
            raise self._nothing_done(context)
        line = summary(rows)
        self.log.info("%s\n%s", line, table(rows))
        context["ti"].xcom_push(key=SUMMARY, value=line)
        bad = failed(rows)
        if bad:
            context["ti"].xcom_push(key="return_value", value=rows)
            named = "\n".join(f"{row['name']}: {row['failed_step']}: {row['cause']}" for row in bad)
            raise PermanentError(f"{len(bad)} of {len(rows)} pairs failed:\n{named}")
        return rows

    def _nothing_done(self, context: Context) -> PermanentError:
        refusal = context["ti"].xcom_pull(task_ids=self.resolved, key=REFUSAL, map_indexes=-1)
        if refusal:
            return PermanentError(f"nothing was done: `{self.resolved}` refused the input: {refusal}")
        return PermanentError(f"there is nothing to report: see why `{self.resolved}` failed")


def _blocked(name: str, step: str, cause: str) -> Outcome:
    details = {"state": "failed", "failed_step": step, "cause": cause}
    return Outcome.failed(name, step, LimitReached(cause), details)


def brief(pair: BucketPair) -> dict[str, Any]:
    """Return the fields that are not the default, as JSON data: a thousand pairs travel from task to task."""
    full = pair.to_dict()
    return {key: value for key, value in full.items() if value != _plain(_DEFAULTS[key])}


def _plain(default: object) -> object:
    return list(default) if isinstance(default, tuple) else default


def _every(ti: Any, task_id: str) -> list[list[dict[str, Any]]]:
    """Return what every instance of a mapped task left, in one request."""
    found = ti.xcom_pull(task_ids=[task_id])
    return [batch for batch in found if batch]
