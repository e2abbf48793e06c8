"""Look at the canaries of a batch in the triggerer, until each one has finished its stage."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from oss_crr.triggers.connections import fetch_accounts
from oss_crr.triggers.turns import in_turn, next_pause, with_jitter
from oss_crr.verification.canary import Canary, Sight, judge
from oss_crr.verification.canary_moves import look

if TYPE_CHECKING:
    from oss_crr.hooks.account import Account

#: No pause is shorter, not even shortly before a deadline.
_SHORTEST_PAUSE = 0.5


class CanaryTrigger(BaseTrigger):
    """Wait until every canary has finished its stage, well or badly; each stage has a deadline.

    Looking only reads, so the same trigger may run on two triggerers. All state is in the arguments: a restarted
    triggerer looks again.

    :param canaries: the canaries, as dictionaries of :class:`oss_crr.verification.canary.Canary`.
    :param poll_interval: seconds between two looks at most.
    :param first_poll_after: seconds before the first look, see :class:`oss_crr.triggers.rules.RuleTrigger`.
    """

    def __init__(self, canaries: Sequence[dict[str, Any]], poll_interval: float, first_poll_after: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.canaries = list(canaries)
        self.poll_interval = poll_interval
        self.first_poll_after = first_poll_after

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path and the arguments."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "canaries": self.canaries,
                "poll_interval": self.poll_interval,
                "first_poll_after": self.first_poll_after,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: ``sights``, what was seen last of every canary, by pair."""
        under_way = [Canary.from_dict(item) for item in self.canaries]
        sights: dict[str, Sight] = {}
        await asyncio.sleep(self.first_poll_after)
        accounts = await self.accounts()
        began = time.monotonic()
        while True:
            looks = (in_turn(partial(look, accounts.__getitem__, canary)) for canary in under_way)
            found = await asyncio.gather(*looks)
            sights |= {canary.pair: seen for canary, seen in zip(under_way, found, strict=True)}
            waiting = [canary for canary in under_way if judge(canary, sights[canary.pair]) == "waiting"]
            if len(waiting) < len(under_way):
                self.log.info(
                    "%d of %d test objects are through", len(self.canaries) - len(waiting), len(self.canaries)
                )
            under_way = waiting
            if not under_way:
                yield _event(sights)
                return
            await asyncio.sleep(
                _pause(under_way, with_jitter(next_pause(time.monotonic() - began, self.poll_interval)))
            )

    async def accounts(self) -> Mapping[str, Account]:
        """Return the account of each connection id."""
        return await fetch_accounts(
            item[side]["conn_id"] for item in self.canaries for side in ("source", "destination")
        )


def _pause(under_way: Sequence[Canary], usual: float) -> float:
    """Return the seconds until the next look: not later than the next deadline."""
    left = min(canary.deadline for canary in under_way) - time.time()
    return max(_SHORTEST_PAUSE, min(usual, left))


def _event(sights: Mapping[str, Sight]) -> TriggerEvent:
    return TriggerEvent({"sights": {pair: asdict(seen) for pair, seen in sights.items()}})  # type: ignore[no-untyped-call]
