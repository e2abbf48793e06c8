"""Call quotas of RAM (RAM page "Quotas" of API 2015-05-01), off unless the behaviour settings turn them on."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from localcloud.behaviour import Behaviour
from localcloud.errors import RpcError
from localcloud.ram.model import RamState

_WINDOW = timedelta(seconds=1)


def check_rate(state: RamState, behaviour: Behaviour, operation: str, now: datetime, *, write: bool) -> None:
    """Count a call, or refuse it when the account's calls of this API in the last second reach the quota.

    :raises RpcError: ``Throttling.User`` with ``behaviour.throttling_status``.
    """
    limit = _limit(behaviour, operation, write)
    if limit <= 0:
        return
    calls = state.recent_calls.setdefault(operation, deque())
    while calls and calls[0] <= now - _WINDOW:
        calls.popleft()
    if len(calls) >= limit:
        message = "Request was denied due to user flow control."
        raise RpcError(behaviour.throttling_status, "Throttling.User", message)
    calls.append(now)


def _limit(behaviour: Behaviour, operation: str, write: bool) -> int:
    if not write:
        return behaviour.ram_reads_per_second
    if operation.startswith("Detach"):
        return behaviour.ram_detaches_per_second
    return behaviour.ram_writes_per_second
