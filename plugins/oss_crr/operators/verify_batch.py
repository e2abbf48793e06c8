"""What the steps of a verification have in common that come after the check of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from oss_crr.fleet.batches import batch_name
from oss_crr.fleet.entry import FleetEntry
from oss_crr.operators.batch import run_value
from oss_crr.operators.canary import CanaryOperator, CleanUpCanariesOperator
from oss_crr.operators.compare import CompareOperator
from oss_crr.operators.targets import TargetsOperator
from oss_crr.verification.results import CHECK, REPAIR

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context

#: XCom key under which check and repair leave what further steps begin with: in ``pairs``, each pair's ``entry`` and
#: ``drift``, and from the check the ``cursor`` of its comparison; in ``others``, pairs that share documents with them.
TARGETS = "targets"

#: What the parameter ``repair`` says when nothing is to be written.
REPORT_ONLY = "report"

Target = Mapping[str, Any]


class CheckedBatch(TargetsOperator):
    """A step that takes its batch from the check, or from the repair for pairs that it has checked again.

    The check skips it where it is not wanted. Airflow skips only tasks that it has expanded already, and anybody can
    clear a skipped one: so it looks at the run's parameter itself, too.
    """

    #: The parameter of the run that switches the step on or off, and what it is unless the run says otherwise.
    switch: ClassVar[tuple[str, Any]]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(entries=None, drifts=None, **kwargs)

    def execute(self, context: Context) -> Any:
        """Do the step's work.

        :raises AirflowSkipException: the run does not want it.
        """
        self.skip_unless_wanted(context)
        return super().execute(context)

    def skip_unless_wanted(self, context: Context) -> None:
        """Go on only when the run wants the step.

        :raises AirflowSkipException: it does not.
        """
        parameter, default = self.switch
        value = run_value(context, parameter, default)
        if value in (False, REPORT_ONLY):
            raise AirflowSkipException(f"not asked for: {parameter} is {value!r}")

    @property
    def batch_name(self) -> str:
        """Return what Airflow calls this batch among others."""
        return entries_name(self.entries)

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Fetch the batch, which is known only now.

        Rendering comes first: what the cloud has told is no template.
        """
        super().render_template_fields(context, jinja_env)
        checked = self._left_by(context, CHECK)
        repaired = self._left_by(context, REPAIR) if run_value(context, "repair", "report") == "apply" else {}
        found = {item["pair"]: item for left in (checked, repaired) for item in left.get("pairs", ())}
        self.take(found, checked)

    def take(self, found: Mapping[str, Target], checked: Mapping[str, Any]) -> None:
        """Take the batch.

        :param found: what is known of each pair.
        :param checked: all that the check has left.
        """
        self.entries = [item["entry"] for item in found.values()]
        self.drifts = [item["drift"] for item in found.values()]

    def _left_by(self, context: Context, step: str) -> Mapping[str, Any]:
        ti = context["ti"]
        return ti.xcom_pull(task_ids=sibling(self, step), key=TARGETS, map_indexes=ti.map_index) or {}


class CheckedCanaryOperator(CheckedBatch, CanaryOperator):
    """Send test objects through the pairs of a checked batch, except where something that they need is known to lack.

    Waiting for an object that cannot arrive would only delay the report.
    """

    switch = ("canary", True)

    def take(self, found: Mapping[str, Target], checked: Mapping[str, Any]) -> None:
        """Leave out pairs whose configuration is broken."""
        super().take({pair: item for pair, item in found.items() if not _is_broken(item)}, checked)


class CheckedCleanUpOperator(CheckedBatch, CleanUpCanariesOperator):
    """Remove the test objects of a checked batch."""

    switch = ("canary", True)


class CheckedCompareOperator(CheckedBatch, CompareOperator):
    """Compare the objects of the pairs of a checked batch, where the last run has stopped."""

    switch = ("compare", True)

    def take(self, found: Mapping[str, Target], checked: Mapping[str, Any]) -> None:
        """Take the cursors, too."""
        super().take(found, checked)
        self.cursors = {item["pair"]: item["cursor"] for item in checked.get("pairs", ())}


def _is_broken(target: Target) -> bool:
    return any(finding["severity"] == "broken" for finding in target["drift"]["findings"])


def entries_name(entries: Any) -> str:
    """Return what to call a batch; empty while its entries are not known."""
    return batch_name([FleetEntry.from_dict(entry).name for entry in entries]) if isinstance(entries, list) else ""


def sibling(operator: BaseOperator, step: str) -> str:
    """Return the task id of another step of the same task group."""
    group, dot, _ = operator.task_id.rpartition(".")
    return f"{group}{dot}{step}"
