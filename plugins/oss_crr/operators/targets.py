"""What the checks of a verification have in common: a batch of pairs, and what the drift check knows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from airflow.sdk import BaseOperator

from oss_crr.fleet.entry import FleetEntry
from oss_crr.operators.retry import RETRIES, RETRY_DELAY, RETRY_POLICY
from oss_crr.resources.base import Accounts
from oss_crr.verification.drift import DriftResult
from oss_crr.verification.target import Target, targets


class TargetsOperator(BaseOperator):
    """A step of a verification that checks the pairs of a batch, one by one or together.

    :param entries: the batch, as dictionaries of :class:`oss_crr.fleet.entry.FleetEntry` (templated).
    :param drifts: what the drift check found, as dictionaries of :class:`oss_crr.verification.drift.DriftResult`
        (templated).
    """

    template_fields: Sequence[str] = ("entries", "drifts")
    template_fields_renderers: ClassVar[dict[str, str]] = {"entries": "json", "drifts": "json"}

    def __init__(self, *, entries: Any, drifts: Any, **kwargs: Any) -> None:
        kwargs.setdefault("retries", RETRIES)
        kwargs.setdefault("retry_delay", RETRY_DELAY)
        kwargs.setdefault("retry_policy", RETRY_POLICY)
        super().__init__(**kwargs)
        self.entries = entries
        self.drifts = drifts

    @cached_property
    def accounts(self) -> Accounts:
        """Return the accounts behind the pairs' connections; clients are shared within the task."""
        from oss_crr.hooks.account import AccountPool

        return Accounts(AccountPool().get)

    def targets(self) -> list[Target]:
        """Return the pairs to check."""
        entries = [FleetEntry.from_dict(item) for item in self.entries or ()]
        return targets(entries, [DriftResult.from_dict(item) for item in self.drifts or ()])

    def log_findings(self, results: Sequence[Mapping[str, Any]]) -> None:
        """Log what was found, a line each."""
        for result in results:
            for finding in result["findings"]:
                self.log.warning("%s: %s: %s", result["pair"], finding["severity"], finding["cause"])
