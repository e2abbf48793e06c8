"""Counting cloud calls, so that tests can say how many a run made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class CallKey:
    """What calls are counted by.

    :param account: UID of the account whose key signed the call; ``anonymous`` when there is none.
    :param product: ``oss``, ``ram``, ``ims``, ``sts`` or ``kms``.
    :param action: API name; ``Unknown`` for a request that is no API.
    """

    account: str
    product: str
    action: str
    write: bool


class CallLog:
    """Numbers of calls since the start or the last reset; refused and failed calls count too."""

    def __init__(self) -> None:
        self._counts: Counter[CallKey] = Counter()

    def count(self, key: CallKey) -> None:
        """Count one call."""
        self._counts[key] += 1

    def reset(self) -> None:
        """Begin again at zero."""
        self._counts.clear()

    def summary(self) -> dict[str, object]:
        """Return totals and one row per account, product, action and kind of access, for JSON."""
        rows = [
            {
                "account": key.account,
                "product": key.product,
                "action": key.action,
                "access": "write" if key.write else "read",
                "count": count,
            }
            for key, count in sorted(self._counts.items())
        ]
        writes = sum(count for key, count in self._counts.items() if key.write)
        total = self._counts.total()
        return {"total": total, "reads": total - writes, "writes": writes, "calls": rows}
