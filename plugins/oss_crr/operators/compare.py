"""The step that compares what the buckets of a batch hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from oss_crr.converge import in_parallel
from oss_crr.operators.targets import TargetsOperator
from oss_crr.verification.compare import MAX_OBJECTS, CompareResult, compare_pair
from oss_crr.verification.compare_cursor import Cursor
from oss_crr.verification.target import Target, is_only_feeder

if TYPE_CHECKING:
    from airflow.sdk import Context


class CompareOperator(TargetsOperator):
    """List both buckets of each pair, all pairs side by side, and compare them by size and ETag or CRC-64.

    Each run compares a part and the next one continues there; what was wrong is looked at again by every run until it
    is right. The output is one dictionary per pair: ``pair``, ``findings``, ``measures`` and ``cursor``, which the next
    run wants back; a cursor of None leaves the last one in force.

    :param cursors: the cursors of the last run by pair; a pair without one begins anew (templated).
    :param max_objects: keys to compare per pair (templated).
    """

    template_fields: Sequence[str] = ("entries", "drifts", "cursors", "max_objects")
    template_fields_renderers: ClassVar[dict[str, str]] = {"entries": "json", "drifts": "json", "cursors": "json"}
    ui_color = "#e6f1f2"

    def __init__(self, *, cursors: Any = None, max_objects: Any = MAX_OBJECTS, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cursors = cursors
        self.max_objects = max_objects

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Compare the batch."""
        targets = self.targets()
        results = in_parallel(lambda target: self._compare(target, targets), targets)
        found = [result.to_dict() for result in results]
        self.log_findings(found)
        return found

    def _compare(self, target: Target, batch: Sequence[Target]) -> CompareResult:
        cursor = Cursor.from_dict((self.cursors or {}).get(target.name))
        alone = is_only_feeder(target, batch)
        result = compare_pair(self.accounts, target, cursor, limit=int(self.max_objects), blames_surplus=alone)
        self.log.info("%s: %s", target.name, result.measures)
        return result
