"""One child process of the stack, with its log file."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from devstack import sessions
from devstack.errors import StartFailed
from devstack.guard import Guard

_TAIL_LINES = 25


@dataclass(frozen=True)
class User:
    """A user and group of the operating system, by number."""

    uid: int
    gid: int


class _RunAs(TypedDict, total=False):
    user: int
    group: int
    extra_groups: Sequence[int]


def run_as(user: User | None) -> _RunAs:
    """The arguments of ``subprocess`` that run a program as another user, with no groups but that user's own."""
    return {"user": user.uid, "group": user.gid, "extra_groups": []} if user else {}


class Part:
    """A running part of the stack, in a session of its own.

    :param name: how messages call it; also the name of its log file.
    :param process: the started process, leader of its session.
    :param log: the file with everything that it prints.
    """

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log

    @property
    def pid(self) -> int:
        """The process id, which is the id of the part's session too."""
        return self.process.pid

    def check(self) -> None:
        """Make sure that the part still runs.

        :raises StartFailed: it ended; the message carries the end of its log.
        """
        status = self.process.poll()
        if status is not None:
            raise StartFailed(f"{self.name} ended with status {status}.\n{self.log_tail()}")

    def log_tail(self) -> str:
        """The last lines of the log, under a line that names the file."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
        return "\n".join([f"The end of {self.log}:", *(f"    {line}" for line in lines)])

    def signal(self, signal_number: int) -> None:
        """Send a signal to the part's first process, unless it has ended."""
        self.process.send_signal(signal_number)


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log_folder: Path,
    environment: Mapping[str, str],
    working_folder: Path,
    guard: Guard,
    user: User | None = None,
) -> Part:
    """Start a part of the stack.

    :param name: how messages call it, and the stem of its log file.
    :param command: the program and its arguments.
    :param log_folder: where its output is appended to ``<name>.log``.
    :param environment: its whole environment.
    :param working_folder: where it runs.
    :param guard: the watchdog that ends it if this process is killed.
    :param user: who runs it, if not the present user.
    """
    log = log_folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=working_folder,
            start_new_session=True,
            **run_as(user),
        )
    part = Part(name, process, log)
    try:
        guard.watch(process.pid)
    except BaseException:
        stop([part], grace_seconds=0)
        raise
    return part


def stop(parts: Sequence[Part], grace_seconds: float) -> None:
    """End some parts at once, with everything they started.

    :param parts: what to end; parts that have ended already are fine.
    :param grace_seconds: how long they may take before they are killed.
    """
    sessions.end([part.pid for part in parts], grace_seconds)
    for part in parts:
        part.process.wait()
