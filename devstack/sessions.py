"""End whole sessions of processes.

Every part of the stack is started in a session of its own. Airflow moves each task's process into a process group of
its own, so ending a part's group would leave its running tasks behind; the session still holds all of them.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable

import psutil

_POLL_SECONDS = 0.05


def members(session_ids: Iterable[int]) -> list[psutil.Process]:
    """List the living processes of some sessions.

    :param session_ids: the process ids of the sessions' leaders.
    """
    wanted = set(session_ids)
    return [process for process in psutil.process_iter() if _session_of(process.pid) in wanted and _is_alive(process)]


def end(session_ids: Iterable[int], grace_seconds: float) -> None:
    """Ask every process of some sessions to end, and kill those that have not ended after the grace.

    :param session_ids: the process ids of the sessions' leaders.
    :param grace_seconds: how long to wait between asking and killing.
    """
    wanted = list(session_ids)
    _signal(wanted, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while members(wanted) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    kill(wanted)


def kill(session_ids: Iterable[int]) -> None:
    """End every process of some sessions without giving any the chance to react.

    :param session_ids: the process ids of the sessions' leaders.
    """
    wanted = list(session_ids)
    # A process may fork while the list is walked, so one pass is not enough.
    while members(wanted):
        _signal(wanted, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)


def _signal(session_ids: list[int], signal_number: signal.Signals) -> None:
    for process in members(session_ids):
        try:
            process.send_signal(signal_number)
        except psutil.NoSuchProcess:
            continue


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
