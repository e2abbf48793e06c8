"""Poll replication rules in the triggerer until waiting for every rule of a batch is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from oss_crr.poll import poll_rule
from oss_crr.progress import Goal, RuleProgress, WaitedRule, summary
from oss_crr.triggers.connections import fetch_accounts
from oss_crr.triggers.turns import in_turn, next_pause, with_jitter

if TYPE_CHECKING:
    from oss_crr.hooks.account import Account

#: Progress is logged when it changed, but at least this often.
LOG_EVERY_SECONDS = 300.0


class RuleTrigger(BaseTrigger):
    """Wait until every rule has reached a goal, or waiting longer makes no sense.

    A rule that has got there is not asked again. Requests keep to the account's budget, which all triggers of a
    triggerer share (:mod:`oss_crr.hooks.budget`).

    Polling only reads, so the same trigger may run on two triggerers. All state is in the arguments: a restarted
    triggerer goes on where the last one was.

    :param rules: the rules, as dictionaries of :class:`oss_crr.progress.WaitedRule`.
    :param goal: ``complete`` or ``gone``, see :data:`oss_crr.progress.FINAL`.
    :param poll_interval: seconds between two polls at most.
    :param first_poll_after: seconds before the first poll. Airflow loses a deferral whose trigger fires before the
        worker's process has ended, so this must be longer than ``[workers] min_heartbeat_interval``.
    :param deadline: UNIX time at which waiting ends.
    """

    def __init__(
        self,
        rules: Sequence[dict[str, Any]],
        goal: Goal,
        poll_interval: float,
        first_poll_after: float,
        deadline: float,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.rules = list(rules)
        self.goal = goal
        self.poll_interval = poll_interval
        self.first_poll_after = first_poll_after
        self.deadline = deadline

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path and the arguments."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "rules": self.rules,
                "goal": self.goal,
                "poll_interval": self.poll_interval,
                "first_poll_after": self.first_poll_after,
                "deadline": self.deadline,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: ``status`` (``done`` or ``timeout``) and ``progress`` of every rule."""
        rules = [WaitedRule(**rule) for rule in self.rules]
        report = _ProgressLog(self.log.info)
        await asyncio.sleep(self.first_poll_after)
        accounts = await self.accounts()
        began = time.monotonic()
        seen: dict[str, RuleProgress] = {}
        over: set[str] = set()
        while True:
            open_rules = [rule for rule in rules if rule.pair not in over]
            polled = await poll_in_turn(open_rules, accounts)
            seen |= {item.pair: item for item in polled}
            over |= {item.pair for item in polled if item.is_final(self.goal)}
            found = [seen[rule.pair] for rule in rules]
            report(found)
            if len(over) == len(rules):
                yield _event("done", found)
                return
            if time.time() >= self.deadline:
                yield _event("timeout", found)
                return
            pause = with_jitter(next_pause(time.monotonic() - began, self.poll_interval))
            await asyncio.sleep(max(0.1, min(pause, self.deadline - time.time())))

    async def accounts(self) -> Mapping[str, Account]:
        """Return the account of each connection id."""
        return await fetch_accounts(rule["conn_id"] for rule in self.rules)


async def poll_in_turn(rules: Sequence[WaitedRule], accounts: Mapping[str, Account]) -> list[RuleProgress]:
    """Ask for the progress of rules, each in its turn among those of all triggers of this process."""
    polls = (in_turn(partial(poll_rule, rule, accounts[rule.conn_id])) for rule in rules)
    return list(await asyncio.gather(*polls))


class _ProgressLog:
    """Log progress when it changed, and now and then when it did not."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._last = ("", 0.0)

    def __call__(self, found: Sequence[RuleProgress]) -> None:
        line = summary(found)
        if line != self._last[0] or time.monotonic() - self._last[1] > LOG_EVERY_SECONDS:
            self._last = (line, time.monotonic())
            self._log(line)


def _event(status: str, found: Sequence[RuleProgress]) -> TriggerEvent:
    payload = {"status": status, "progress": [asdict(item) for item in found]}
    return TriggerEvent(payload)  # type: ignore[no-untyped-call]
