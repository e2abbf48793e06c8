"""What the steps of a verification have in common that come after the check of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from oss_crr.fleet.batches import batch_name
from oss_crr.fleet.entry import FleetEntry
from oss_crr.operators.canary import CanaryOperator, CleanUpCanariesOperator
from oss_crr.operators.compare import CompareOperator
from oss_crr.operators.targets import TargetsOperator
from oss_crr.verification.results import CHECK, REPAIR

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context

#: XCom key under which check and repair leave what further steps begin with: each pair's ``entry`` and ``drift``, and
#: the ``cursor`` of its comparison.
TARGETS = "targets"


class CheckedBatch(TargetsOperator):
    """A step that takes its batch from the check, or from the repair for pairs that it has checked again."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(entries=None, drifts=None, **kwargs)

    @property
    def batch_name(self) -> str:
        """Return what Airflow calls this batch among others."""
        return entries_name(self.entries)

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Fetch the batch, which is known only now.

        Rendering comes first: what the cloud has told is no template.
        """
        super().render_template_fields(context, jinja_env)
        found = {**self._left_by(context, CHECK), **self._left_by(context, REPAIR)}
        self.entries = [item["entry"] for item in found.values()]
        self.drifts = [item["drift"] for item in found.values()]
        self.take(found)

    def take(self, targets: Mapping[str, Mapping[str, Any]]) -> None:
        """Take more from the batch than its pairs and their drift.

        :param targets: what the check has left, by pair.
        """

    def _left_by(self, context: Context, step: str) -> dict[str, Mapping[str, Any]]:
        ti = context["ti"]
        items = ti.xcom_pull(task_ids=sibling(self, step), key=TARGETS, map_indexes=ti.map_index) or []
        return {item["pair"]: item for item in items}


class CheckedCanaryOperator(CheckedBatch, CanaryOperator):
    """Send test objects through the pairs of a checked batch, except where something that they need is known to lack.

    Waiting for an object that cannot arrive would only delay the report.
    """

    def take(self, targets: Mapping[str, Mapping[str, Any]]) -> None:
        """Leave out pairs whose configuration is broken."""
        whole = [item for item in targets.values() if not is_broken(item["drift"]["findings"])]
        self.entries = [item["entry"] for item in whole]
        self.drifts = [item["drift"] for item in whole]


class CheckedCleanUpOperator(CheckedBatch, CleanUpCanariesOperator):
    """Remove the test objects of a checked batch."""


class CheckedCompareOperator(CheckedBatch, CompareOperator):
    """Compare the objects of the pairs of a checked batch, where the last run has stopped."""

    def take(self, targets: Mapping[str, Mapping[str, Any]]) -> None:
        """Take the cursors."""
        self.cursors = {pair: item.get("cursor") for pair, item in targets.items()}


def is_broken(findings: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether findings, as JSON data, say that a pair is broken."""
    return any(finding["severity"] == "broken" for finding in findings)


def entries_name(entries: Any) -> str:
    """Return what to call a batch; empty while its entries are not known."""
    return batch_name([FleetEntry.from_dict(entry).name for entry in entries]) if isinstance(entries, list) else ""


def sibling(operator: BaseOperator, step: str) -> str:
    """Return the task id of another step of the same task group."""
    group, dot, _ = operator.task_id.rpartition(".")
    return f"{group}{dot}{step}"
