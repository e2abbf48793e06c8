"""The steps that judge a verification: results and trend, notifications, and an asset event per pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import Asset, AssetAlias, BaseOperator, TriggerRule
from airflow.sdk.exceptions import AirflowSkipException

from oss_crr.fleet.entry import FleetEntry
from oss_crr.notifications import Change, notify
from oss_crr.operators.batch import utc_now
from oss_crr.operators.retry import RETRIES, RETRY_DELAY, RETRY_POLICY
from oss_crr.operators.verify_resolve import TRENDS
from oss_crr.verification.model import Health, PairResult
from oss_crr.verification.results import STEPS, PairOutput, outputs
from oss_crr.verification.trend import KEEP, Trend, changed
from oss_crr.verification.trend_store import TrendStore

if TYPE_CHECKING:
    from airflow.sdk import Context

#: Events on this alias, and on the asset ``oss-crr://health/<pair>``, tell how a pair is.
PAIR_HEALTH = AssetAlias("oss_crr_pair_health")
#: Airflow stores an event in about ten milliseconds, and gives a task that ends five seconds for all of its events.
EVENTS_PER_TASK = 200

Row = dict[str, Any]


class JudgeOperator(BaseOperator):
    """Put together what all batches found, date the findings, keep the trend, and call the notifiers.

    The output is a list of chunks, each a list of rows: a pair's result as JSON data, with ``trend`` and ``repair``.

    :param group: id of the mapped task group that verified the batches.
    :param resolved: task id of the step that made the batches.
    :param keep: how many results are kept of each pair.
    """

    ui_color = "#fff4e5"

    def __init__(self, *, group: str, resolved: str, keep: int = KEEP, **kwargs: Any) -> None:
        super().__init__(
            trigger_rule=TriggerRule.ALL_DONE,
            inlets=[TRENDS],
            retries=RETRIES,
            retry_delay=RETRY_DELAY,
            retry_policy=RETRY_POLICY,
            **kwargs,
        )
        self.group = group
        self.resolved = resolved
        self.keep = keep

    def execute(self, context: Context) -> list[list[Row]]:
        """Judge every pair of the run.

        :raises AirflowSkipException: there is none.
        """
        now = utc_now()
        found = self._outputs(context)
        if not found:
            raise AirflowSkipException("no pair was to be verified")
        store = TrendStore(context["asset_state_store"][TRENDS])
        trends = store.read(output.pair for output in found)
        judged = [judge(output, trends[output.pair], now, self.keep) for output in found]
        # Before the trend is kept: should this task die in between, a message comes twice rather than never.
        notify(context, [item.change for item in judged if item.is_news])
        store.write({item.result.pair: item.trend for item in judged}, now)
        rows = [item.row for item in judged]
        return [rows[start : start + EVENTS_PER_TASK] for start in range(0, len(rows), EVENTS_PER_TASK)]

    def _outputs(self, context: Context) -> list[PairOutput]:
        ti = context["ti"]
        batches = ti.xcom_pull(task_ids=self.resolved) or []
        steps = {step: _flat(ti.xcom_pull(task_ids=[f"{self.group}.{step}"])) for step in STEPS}
        return outputs([_names(batch) for batch in batches], steps, self._crashed(context, len(batches)))

    def _crashed(self, context: Context, batches: int) -> Iterator[tuple[str, int]]:
        """Yield step and batch of each task that failed: it may have left nothing that would tell it."""
        ti = context["ti"]
        states = ti.get_task_states(ti.dag_id, task_group_id=self.group, run_ids=[ti.run_id]).get(ti.run_id, {})
        for step in STEPS:
            for number in range(batches):
                if states.get(f"{self.group}.{step}_{number}") == "failed":
                    yield step, number


@dataclass(frozen=True)
class Judged:
    """A pair's result in the light of earlier ones.

    :param result: with findings that say since when they are known.
    :param trend: with this result as its last.
    :param before: the pair's health in the verification before.
    :param repair: what the repair did, if anything.
    """

    result: PairResult
    trend: Trend
    before: Health | None
    repair: Mapping[str, Any] | None

    @property
    def row(self) -> Row:
        """Return all that the report tells of the pair."""
        points = [point.to_dict() for point in self.trend.points]
        return {**self.result.to_dict(), "trend": points, "repair": self.repair}

    @property
    def change(self) -> Change:
        """Return what notifiers are told."""
        return Change(self.before, self.row)

    @property
    def is_news(self) -> bool:
        """Tell whether notifiers are told of the pair: its health has changed, or something was written for it."""
        written = self.repair and self.repair["mode"] == "apply" and self.repair["outcome"]["changes"]
        return bool(written) or changed(self.before, self.result.health)


def judge(output: PairOutput, trend: Trend, now: datetime, keep: int = KEEP) -> Judged:
    """Judge what the steps left for a pair.

    :param trend: what earlier verifications found out.
    """
    result = trend.dated(output.result(now))
    followed = trend.followed_by(result, output.memory(), keep)
    return Judged(result, followed, trend.health_before(result), output.repair)


def _names(batch: Mapping[str, Any]) -> list[str]:
    return [FleetEntry.from_dict(entry).name for entry in batch["entries"]]


def _flat(batches: Sequence[Any] | None) -> list[Mapping[str, Any]]:
    return [item for batch in batches or () for item in batch or ()]


class AnnounceOperator(BaseOperator):
    """Send an asset event per pair with its health.

    This is a step of its own because Airflow sends no events of a task that fails, as the report does.

    Its ``outlets`` have to contain :data:`PAIR_HEALTH`: of a mapped task, Airflow has to know them without making it.

    :param rows: a chunk of the judged rows (templated).
    """

    template_fields: Sequence[str] = ("rows",)
    ui_color = "#fff4e5"

    def __init__(self, *, rows: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rows = rows

    def execute(self, context: Context) -> None:
        """Send the events."""
        events = context["outlet_events"][PAIR_HEALTH]
        for row in self.rows:
            events.add(health_asset(row["pair"]), extra=event_data(row))


def health_asset(pair: str) -> Asset:
    """Return the asset whose events tell how a pair is: ``oss-crr://health/<pair>``.

    A pair without a name in the inventory is there by its buckets: ``oss-crr://health/<source>/<destination>``.
    """
    address = f"oss-crr://health/{quote(pair.replace(' → ', '/'))}"
    return Asset(name=address, uri=address)


def event_data(row: Row) -> dict[str, Any]:
    """Return what an event tells of a pair."""
    return {
        "pair": row["pair"],
        "health": row["health"],
        "checked_at": row["checked_at"],
        "findings": len(row["findings"]),
        "causes": [f"{item['part']} {item['field']}: {item['cause']}" for item in row["findings"]],
        "lag_seconds": row["measures"].get("lag_seconds"),
    }
