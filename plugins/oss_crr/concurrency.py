"""How runs that write the same document at the same time keep one another's part.

OSS, KMS and RAM replace a policy as a whole and know no condition for that, so a run that read before another one wrote
takes the other's statement out again. Two rules make up for it; ``docs/concurrency.md`` holds the proof.

1. A write that was merged into what was read is sent at most :data:`WRITE_WINDOW_SECONDS` after the read began;
   otherwise the document is read again.
2. A run looks once more at every document that it wrote, :data:`QUIET_SECONDS` or more after it last saw it, and heals
   what is missing, until a look finds the document as the one before: nobody can hold an older copy any more then.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from oss_crr.errors import StaleRead

#: Longest time from the beginning of a read to the sending of the write that it was merged into.
WRITE_WINDOW_SECONDS = 2.0
#: Longest time from the sending of a write to its effect, with room for clocks of workers that differ.
IN_FLIGHT_SECONDS = 3.0
#: A document that has not changed for so long is written by nobody who read it before that. The same for all runs:
#: one with a shorter write window is safe beside others, one with a longer is not. So there is no setting for these.
QUIET_SECONDS = WRITE_WINDOW_SECONDS + IN_FLIGHT_SECONDS

#: Member of an outcome's details: when a document that the run wrote was seen last, and what it was.
LAST_LOOK = "last_look"

#: Time, as :attr:`Timing.monotonic` tells it, after which a replacing write must not be sent any more.
_SEND_UNTIL: ContextVar[float | None] = ContextVar("send_until", default=None)


@dataclass(frozen=True)
class Look:
    """A document as a run saw it.

    :param at: UNIX time by which the answer was there.
    :param state: stands for the document's content.
    """

    at: float
    state: str

    @classmethod
    def of(cls, observed: object, at: float) -> Look:
        """Note what was read.

        :param observed: plain data, as resources observe it.
        """
        return cls(at, hashlib.sha256(repr(observed).encode()).hexdigest()[:32])

    def to_details(self) -> dict[str, Any]:
        """Return the look as a member of an outcome's details."""
        return {LAST_LOOK: {"at": self.at, "state": self.state}}

    def forgetting(self) -> Look:
        """Return the look without what was seen, which a later look must not rely on; it takes one look more."""
        return Look(self.at, "")

    @classmethod
    def in_details(cls, details: Mapping[str, Any]) -> Look | None:
        """Return the look that an outcome's details hold; None when the run wrote nothing there."""
        found = details.get(LAST_LOOK)
        return cls(found["at"], found["state"]) if found else None


@dataclass(frozen=True)
class Timing:
    """Clocks and waits, for tests to replace.

    :param monotonic: seconds, for spans of time within a task.
    :param clock: UNIX time, for spans from one task to another.
    :param sleep: waits for a number of seconds.
    :param uniform: draws a number between two bounds.
    """

    monotonic: Callable[[], float] = time.monotonic
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform

    def pause(self, attempt: int) -> None:
        """Wait a little after an update was lost, longer each time, so that two writers do not go on in step."""
        self.sleep(self.uniform(0.0, min(0.1 * 2**attempt, WRITE_WINDOW_SECONDS)))

    def wait_for_quiet(self, look: Look) -> None:
        """Wait until nobody can hold an older copy of a document any more than the one that was seen.

        Never longer than that takes from now on: the clock of the worker that looked may be ahead of this one's.
        """
        self.sleep(min(QUIET_SECONDS, max(0.0, look.at + QUIET_SECONDS - self.clock())))

    @contextmanager
    def sending_in_time(self, read_at: float) -> Iterator[None]:
        """Let no replacing write of the block be sent too long after a read.

        :param read_at: when the read began, by :attr:`monotonic`.
        """
        token = _SEND_UNTIL.set(read_at + WRITE_WINDOW_SECONDS)
        try:
            yield
        finally:
            _SEND_UNTIL.reset(token)


TIMING = Timing()


def check_in_time(what: str, monotonic: Callable[[], float] = time.monotonic) -> None:
    """Refuse to send a write that replaces a document when it was read too long ago.

    :param what: the call, for the message.
    :param monotonic: the clock of :class:`Timing`.
    :raises StaleRead: too late; nothing was sent.
    """
    until = _SEND_UNTIL.get()
    if until is not None and monotonic() > until:
        raise StaleRead(f"{what} was not sent: what it replaces was read more than {WRITE_WINDOW_SECONDS:.0f} s before")
