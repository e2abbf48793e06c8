"""Put together what the steps of a verification found out about each pair. Pure.

Every step answers with a list of *items*, one per pair that it looked at: ``pair``, ``findings`` and ``measures``, and
what it alone has to tell: ``checked_at``, ``repair``, ``cursor``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oss_crr.verification.model import Finding, PairResult

Item = Mapping[str, Any]

#: The step that reads the configuration and the lag, and the one that may repair, whose word then counts instead.
CHECK = "check"
REPAIR = "repair"
#: Steps that find out more, each only for some pairs.
CANARY, COMPARE = FURTHER = ("canary", "compare")
STEPS = (CHECK, REPAIR, *FURTHER)


@dataclass(frozen=True)
class PairOutput:
    """What the steps left for one pair.

    :param items: the item of each step that left one.
    :param crashed: the steps whose task failed for the pair's batch.
    """

    pair: str
    items: Mapping[str, Item]
    crashed: Sequence[str] = ()

    def result(self, now: datetime) -> PairResult:
        """Return the pair's result, whatever happened to the steps.

        :param now: when it was verified, in case that nobody got to look at it.
        """
        counted = self._counted()
        findings = [Finding.from_dict(data) for item in counted.values() for data in item["findings"]]
        silent = [step for step in self.crashed if step not in self.items]
        if CHECK not in counted and not silent:
            silent = [CHECK]
        findings += [_unfinished(self.pair, step) for step in silent]
        checked_at = datetime.fromisoformat(counted[CHECK]["checked_at"]) if CHECK in counted else now
        measures = {name: value for item in counted.values() for name, value in item["measures"].items()}
        return PairResult(self.pair, checked_at, tuple(findings), measures)

    def memory(self) -> dict[str, Mapping[str, Any]]:
        """Return what steps go on from in the next run: the check from what it measured, the comparison by a cursor."""
        counted = self._counted()
        cursor = counted.get(COMPARE, {}).get("cursor")
        measured = counted.get(CHECK, {}).get("measures")
        return {**({CHECK: measured} if measured else {}), **({COMPARE: {"cursor": cursor}} if cursor else {})}

    @property
    def repair(self) -> Mapping[str, Any] | None:
        """Return what the repair did: ``mode``, ``outcome`` and the findings ``before``; None when there was none."""
        item = self.items.get(REPAIR)
        return item["repair"] if item else None

    def _counted(self) -> dict[str, Item]:
        further = {step: self.items[step] for step in FURTHER if step in self.items}
        first = self.items.get(REPAIR) or self.items.get(CHECK)
        return {CHECK: first, **further} if first else further


def outputs(
    batches: Sequence[Sequence[str]], steps: Mapping[str, Iterable[Item]], crashed: Iterable[tuple[str, int]]
) -> list[PairOutput]:
    """Return what all steps left, by pair.

    :param batches: the names of each batch's pairs.
    :param steps: all items of each step.
    :param crashed: step and number of the batch of each task that failed.
    """
    by_step = {step: {item["pair"]: item for item in items} for step, items in steps.items()}
    failed = set(crashed)
    return [
        PairOutput(
            pair,
            {step: items[pair] for step, items in by_step.items() if pair in items},
            [step for step in STEPS if (step, number) in failed],
        )
        for number, pairs in enumerate(batches)
        for pair in pairs
    ]


def _unfinished(pair: str, step: str) -> Finding:
    """Without this, a killed worker would make a pair healthy."""
    return Finding(
        pair=pair,
        part="access",
        field=step,
        severity="unknown",
        expected="a result",
        found=None,
        cause=f"the task `{step}` failed without a word about this pair",
        repair=f"see the log of the task `{step}` of this batch, then clear it",
    )
