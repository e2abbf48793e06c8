"""Processes end with the stack, whatever happens to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from devstack import process, sessions
from devstack.errors import StartFailed
from devstack.guard import Guard
from devstack.settings import CHECKOUT

_DEADLINE_SECONDS = 15.0

#: A part that behaves like Airflow's scheduler: its child has moved to a process group of its own. Both ignore the
#: request to end.
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setpgid(0, 0)
print("ready", flush=True)
time.sleep(60)
"""

#: A stack: starts a part, says which, and waits.
PARENT = f"""
import sys, time
from pathlib import Path
from devstack import process
from devstack.guard import Guard
folder = Path(sys.argv[1])
part = process.start(
    "part",
    [sys.executable, "-c", {STUBBORN!r}],
    log_folder=folder,
    environment={{}},
    working_folder=folder,
    guard=Guard(),
)
while part.log.read_text().count("ready") < 2:
    time.sleep(0.02)
print(part.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def start(tmp_path: Path, guard: Guard) -> Iterator[Callable[[str], process.Part]]:
    parts = []

    def start(program: str) -> process.Part:
        part = process.start(
            "part",
            [sys.executable, "-c", program],
            log_folder=tmp_path,
            environment={"COLOUR": "green"},
            working_folder=tmp_path,
            guard=guard,
        )
        parts.append(part)
        return part

    yield start
    process.stop(parts, grace_seconds=0)


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_stopping_ends_children_in_other_groups_that_do_not_want_to(start: Callable[[str], process.Part]) -> None:
    part = start(STUBBORN)
    wait_for(lambda: len(sessions.members([part.pid])) == 2)
    process.stop([part], grace_seconds=0.1)
    assert sessions.members([part.pid]) == []


def test_a_part_that_ends_when_asked_is_not_killed(start: Callable[[str], process.Part]) -> None:
    part = start(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)"
    )
    wait_for(part.log.read_text)
    process.stop([part], grace_seconds=_DEADLINE_SECONDS)
    assert part.process.returncode == 7


def test_stopping_a_part_that_has_ended_is_fine(start: Callable[[str], process.Part]) -> None:
    part = start("pass")
    part.process.wait()
    process.stop([part], grace_seconds=0)


def test_a_part_that_ended_is_reported_with_the_end_of_its_log(start: Callable[[str], process.Part]) -> None:
    part = start("[print(f'line {number}', flush=True) for number in range(100)]; raise SystemExit('out of milk')")
    part.process.wait()
    with pytest.raises(StartFailed) as caught:
        part.check()
    message = str(caught.value)
    assert message.startswith("part ended with status 1.")
    assert str(part.log) in message
    assert "out of milk" in message
    assert "line 99" in message
    assert "line 50\n" not in message


def test_a_part_has_exactly_the_environment_that_it_is_given(start: Callable[[str], process.Part]) -> None:
    part = start("import os; print(os.environ.get('COLOUR'), os.environ.get('HOME'))")
    part.process.wait()
    assert part.log.read_text() == "green None\n"


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_parent_leaves_no_process(tmp_path: Path, signal_number: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
    )
    assert parent.stdout
    session_id = int(parent.stdout.readline())
    assert len(sessions.members([session_id])) == 2
    watchdogs = [child for child in psutil.Process(parent.pid).children() if child.pid != session_id]
    assert len(watchdogs) == 1
    os.kill(parent.pid, signal_number)
    parent.communicate()
    wait_for(lambda: not sessions.members([session_id]))
    wait_for(lambda: not watchdogs[0].is_running() or watchdogs[0].status() == psutil.STATUS_ZOMBIE)
