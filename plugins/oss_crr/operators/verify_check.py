"""The step of a verification that reads: configuration and lag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.exceptions import DownstreamTasksSkipped

from oss_crr.fleet.entry import FleetEntry
from oss_crr.operators.batch import run_value, utc_now
from oss_crr.operators.targets import TargetsOperator
from oss_crr.operators.verify_batch import TARGETS, entries_name, sibling
from oss_crr.pair import parse_pair
from oss_crr.verification.canary_run import why_not
from oss_crr.verification.check import Checked, check_pairs
from oss_crr.verification.model import health
from oss_crr.verification.results import CHECK, COMPARE
from oss_crr.verification.target import targets

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckOperator(TargetsOperator):
    """Compare the configuration of a batch of pairs with what they ask for, and read how far replication has come.

    Steps that no pair of the batch needs are skipped from here, which saves their start.

    :param batch: the batch, with ``entries``, ``previous`` (what steps go on from, by pair and step) and ``others``
        (further pairs of the inventory that share documents with the batch) (templated).
    """

    template_fields: Sequence[str] = ("batch",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"batch": "json"}
    ui_color = "#e8f1fb"

    def __init__(self, *, batch: Any, **kwargs: Any) -> None:
        super().__init__(entries=(), drifts=(), **kwargs)
        self.batch = batch

    @property
    def batch_name(self) -> str:
        """Return what Airflow calls this batch among others; empty while it is not known."""
        return entries_name(self.batch["entries"]) if isinstance(self.batch, dict) else ""

    def execute(self, context: Context) -> None:
        """Check the batch, and leave what was found as XCom.

        :raises DownstreamTasksSkipped: naming the steps that no pair needs.
        """
        checked = self._check()
        for item in checked:
            self._log(item)
        ti = context["ti"]
        ti.xcom_push(key="return_value", value=[item.item() for item in checked])
        ti.xcom_push(
            key=TARGETS, value={"pairs": [self._target(item) for item in checked], "others": self.batch["others"]}
        )
        unneeded = [(sibling(self, step), ti.map_index) for step in unneeded_steps(context, checked)]
        if unneeded:
            raise DownstreamTasksSkipped(tasks=unneeded)  # type: ignore[no-untyped-call]

    def _check(self) -> list[Checked]:
        entries = [FleetEntry.from_dict(entry) for entry in self.batch["entries"]]
        previous = {pair: steps.get(CHECK, {}) for pair, steps in self.batch["previous"].items()}
        others = [parse_pair(pair) for pair in self.batch["others"]]
        return check_pairs(self.accounts, entries, utc_now(), previous, others)

    def _target(self, item: Checked) -> Mapping[str, Any]:
        steps = self.batch["previous"].get(item.entry.name, {})
        return {**item.target(), "cursor": steps.get(COMPARE, {}).get("cursor")}

    def _log(self, item: Checked) -> None:
        if not item.findings:
            self.log.info("%s: as it should be", item.entry.name)
        for finding in item.findings:
            self.log.warning("%s: %s %s: %s", finding.pair, finding.part, finding.field, finding.cause)


def unneeded_steps(context: Context, checked: Sequence[Checked]) -> Iterator[str]:
    """Yield the steps that have nothing to do for any pair of the batch."""
    repairs = run_value(context, "repair", "report") != "report" and any(item.findings for item in checked)
    if not repairs:
        yield "repair"
    if not _is_on(context, "canary") or not (repairs or _any_can_send(checked)):
        yield from ("canary", "clean_up")
    if not _is_on(context, "compare") or not any(item.entry.verify.compare for item in checked):
        yield "compare"


def _any_can_send(checked: Sequence[Checked]) -> bool:
    """Tell whether a test object may be sent through any pair."""
    whole = [item for item in checked if health(item.drift.findings) != "broken"]
    pairs = targets([item.entry for item in whole], [item.drift for item in whole])
    return any(why_not(target) is None for target in pairs)


def _is_on(context: Context, parameter: str) -> bool:
    return bool(run_value(context, parameter, True))
