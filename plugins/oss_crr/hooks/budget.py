"""How many calls a second may be sent, by account and kind of call: the vendor's quotas, shared with others.

The threads of a process share one budget. Processes do not know of one another: each takes a share of a quota
(:data:`SHARE_VARIABLE`), halves its rate when the service says that it is too much, and comes back slowly.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from oss_crr.errors import InputError, Throttled

#: Part of each quota that one process uses at most, more than 0 and up to 1.
SHARE_VARIABLE = "OSS_CRR_QUOTA_SHARE"
#: Several tasks run at once, but seldom make the same kind of call; those that do slow one another down.
DEFAULT_SHARE = 0.5

#: Calls that may follow one another without a pause, in seconds of the rate.
_BURST_SECONDS = 0.25
#: Answers that arrive so shortly after the rate was halved are about calls from before.
_SAME_WAVE_SECONDS = 1.0
#: Part of the full rate that comes back each second.
_RECOVERY = 0.05
#: Part of the full rate that is always used: without calls nobody notices that there is room again.
_FLOOR = 0.05


class Quota(NamedTuple):
    """A limit of the vendor.

    :param kind: calls of the same kind count together.
    :param per_second: how many an account may make.
    """

    kind: str
    per_second: float


def quota_of(product: str, action: str) -> Quota:
    """Return the quota that a call counts against.

    RAM: page "Quotas" of API 2015-05-01, for each API. KMS: page "Performance data", for each region. OSS: page
    "Limits". For STS nothing is published, so RAM's reads stand in.

    :param product: ``oss``, ``ram``, ``sts`` or ``kms``.
    :param action: the API's name.
    """
    reads = action.startswith(("Get", "List", "Describe"))
    if product == "oss":
        return Quota("oss", 10_000)
    if product == "kms":
        if action == "CreateKey":
            return Quota("kms create", 10)
        return Quota("kms query", 50) if reads else Quota("kms modify", 30)
    if action.startswith("Detach"):
        return Quota(f"{product} {action}", 10)
    return Quota(f"{product} {action}", 100 if reads or product == "sts" else 20)


class Budget:
    """Turns for calls of one kind, at a rate that follows the service's answers. Safe to use from several threads.

    :param per_second: the full rate.
    :param clock: monotonic time in seconds.
    :param sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._full = self._rate = per_second
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next_turn = 0.0
        self._held_until = 0.0
        self._judged_at = self._halved_at = float("-inf")
        self._kept = threading.local()

    @property
    def rate(self) -> float:
        """Calls a second at the moment."""
        with self._lock:
            return self._current_rate()

    def wait_turn(self, longest_hold: float = float("inf")) -> None:
        """Wait until a call may be sent.

        :param longest_hold: how long to wait at most where the service asked for a pause.
        :raises Throttled: it asked for a longer one.
        """
        if getattr(self._kept, "turn", False):
            self._kept.turn = False
        else:
            self._sleep_for(self.reserve_turn())
        while (hold := self._held_until - self._clock()) > 0:
            # Also a pause that the service asked for while this thread waited.
            if hold > longest_hold:
                raise Throttled(f"not sent: the service asked for a pause of {hold:.0f} s more", hold)
            self._sleep_for(hold)
            # All that waited for its end must not go on at once.
            self._sleep_for(self.reserve_turn())

    def reserve_turn(self) -> float:
        """Take the next turn without waiting for it; return how many seconds it is until then, negative for none."""
        with self._lock:
            now = self._clock()
            turn = max(self._next_turn, now - _BURST_SECONDS)
            self._next_turn = turn + 1 / self._current_rate()
            return turn - now

    def keep_turn(self) -> None:
        """Keep the turn of a call that was not sent after all, for this thread's next one."""
        self._kept.turn = True

    def throttled(self, asked: float | None) -> None:
        """Take note that the service refused a call as one too many: halve the rate, and pause if it asks for it.

        :param asked: seconds, for all threads; None when the service does not say.
        """
        with self._lock:
            now = self._clock()
            if now - self._halved_at > _SAME_WAVE_SECONDS:
                self._rate = max(self._current_rate() / 2, self._full * _FLOOR)
                self._judged_at = self._halved_at = now
            self._held_until = max(self._held_until, now + (asked or 0.0))

    def _current_rate(self) -> float:
        now = self._clock()
        if self._rate < self._full:
            self._rate = min(self._full, self._rate + (now - self._judged_at) * _RECOVERY * self._full)
            self._judged_at = now
        return self._rate

    def _sleep_for(self, seconds: float) -> None:
        if seconds > 0:
            self._sleep(seconds)


#: For calls that nobody limits; a pause that the service asks for holds nevertheless.
UNLIMITED = float("inf")


class Budgets:
    """The budgets of one account.

    :param share: part of each quota to use; :data:`UNLIMITED` for as many calls as there are.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._lock = threading.Lock()
        self._budgets: dict[tuple[str, str], Budget] = {}

    def of(self, product: str, action: str, region: str = "") -> Budget:
        """Return the budget that a call counts against.

        :param region: where the product's quotas are counted by region.
        """
        quota = quota_of(product, action)
        with self._lock:
            key = (quota.kind, region)
            if key not in self._budgets:
                self._budgets[key] = Budget(quota.per_second * self._share)
            return self._budgets[key]


_accounts: dict[tuple[str, ...], Budgets] = {}
_accounts_lock = threading.Lock()


def budgets_for(*account: str, has_quotas: bool = True) -> Budgets:
    """Return this process's budgets of an account, the same for everybody who asks.

    :param account: what tells accounts apart before any call was made, such as key id and endpoint.
    :param has_quotas: whether it is an account of the vendor's. A cloud on this machine takes what it can, unless a
        share was set.
    :raises InputError: the share that was set cannot be used.
    """
    share = quota_share(DEFAULT_SHARE if has_quotas else UNLIMITED)
    with _accounts_lock:
        return _accounts.setdefault(account, Budgets(share))


def quota_share(default: float = DEFAULT_SHARE) -> float:
    """Return the part of each quota that this process may use.

    :raises InputError: the variable is no number over 0 and up to 1.
    """
    text = os.environ.get(SHARE_VARIABLE)
    if not text:
        return default
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise InputError((SHARE_VARIABLE, f"is {text!r}; give a number over 0 and up to 1, such as 0.25"))
    return share
