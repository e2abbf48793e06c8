"""What the stack's processes take of the machine: processor time, and memory on Linux."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

import psutil

from devstack import sessions

_SAMPLE_SECONDS = 0.1
_MEGABYTE = 1024 * 1024
#: How the LocalExecutor of Airflow 3 names a task's process; the process that supervises it says so.
_TASK = re.compile(r"airflow worker -- (?!LocalExecutor)")


class MemoryWatch:
    """Samples the stack's processes while a block runs, as a context manager.

    :param parts: the id of each part's first process, which is also its session, by the part's name.
    :param every: seconds between two samples. Sampling costs processor time, but misses short-lived processes when it
        is seldom.
    """

    def __init__(self, parts: Mapping[str, int], every: float = _SAMPLE_SECONDS) -> None:
        self._parts = dict(parts)
        self._every = every
        self._peaks: dict[str, float] = {}
        self._own: dict[str, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def peaks(self) -> dict[str, float]:
        """Largest resident memory of a single process in MB, by part; ``task`` for the processes of tasks."""
        return dict(sorted(self._peaks.items()))

    @property
    def own(self) -> dict[str, float]:
        """The same without what the process shares with others, in MB: what one more of its kind costs."""
        return dict(sorted(self._own.items()))

    def __enter__(self) -> MemoryWatch:
        if psutil.LINUX:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(self._every):
            for part, session in self._parts.items():
                for process in sessions.members([session]):
                    self._sample(part, process)

    def _sample(self, part: str, process: psutil.Process) -> None:
        try:
            name = "task" if _TASK.match(" ".join(process.cmdline())) else part
            peak = peak_megabytes(process.pid)
            own = process.memory_full_info().uss / _MEGABYTE
        except (psutil.Error, OSError):
            return
        self._peaks[name] = max(self._peaks.get(name, 0.0), peak)
        self._own[name] = max(self._own.get(name, 0.0), own)


def cpu_seconds(session_ids: Iterable[int]) -> float:
    """The processor time that some sessions have used, with that of their processes that have ended.

    :param session_ids: the process ids of the sessions' leaders.
    """
    return sum(_cpu_seconds(process) for process in sessions.members(session_ids))


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def peak_megabytes(pid: int) -> float:
    """The largest resident memory that a process has had, in MB.

    :raises OSError: there is no such process.
    """
    for line in Path("/proc", str(pid), "status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
