"""The way of every cloud call: latency, injected faults, quotas, the call itself, and its count."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from localcloud.auth.rpc import NonceLog
from localcloud.calls import CallLog
from localcloud.cloud import Cloud
from localcloud.exchange.base import Exchange
from localcloud.exchange.oss import OssExchange
from localcloud.exchange.rpc import RpcExchange
from localcloud.faults import FaultTable, When
from localcloud.http import Request, Response
from localcloud.products import is_rpc
from localcloud.quotas import QuotaTable
from localcloud.wire.rpc import read_params


@dataclass(frozen=True)
class Cut:
    """Stands for an answer when the connection is to be closed without one."""


CUT = Cut()
Outcome = Response | Cut


class Gateway:
    """Takes cloud calls and answers them.

    Waiting is the only thing it does asynchronously: handlers run on the event loop's thread, one after the other.

    :param domains: further base domains under which ``<bucket>.<domain>`` names a bucket.
    """

    def __init__(self, cloud: Cloud, domains: Sequence[str] = ()) -> None:
        self.cloud = cloud
        self.calls = CallLog()
        self.faults = FaultTable()
        self._quotas = QuotaTable()
        self._nonces = NonceLog()
        self._domains = domains

    async def answer(self, request: Request) -> Outcome:
        """Answer a call, after the configured latency, unless a fault is in the way."""
        latency = self.cloud.behaviour.latency_ms
        if latency > 0:
            await asyncio.sleep(latency / 1000)
        exchange = self._open(request)
        self.calls.count(exchange.key)
        outcome = await self._strike(exchange, "before")
        if outcome is not None:
            return outcome
        response = exchange.run()
        outcome = await self._strike(exchange, "after")
        return response if outcome is None else outcome

    def _open(self, request: Request) -> Exchange:
        params = read_params(request)
        if is_rpc(request, params):
            return RpcExchange(self.cloud, request, params, self._nonces, self._quotas)
        return OssExchange(self.cloud, request, self._domains, self._quotas)

    async def _strike(self, exchange: Exchange, when: When) -> Outcome | None:
        """Let a fault act on a call; None when the call goes on."""
        fault = self.faults.take(exchange.target, when)
        if fault is None:
            return None
        if fault.delay_seconds > 0:
            await asyncio.sleep(fault.delay_seconds)
        return CUT if fault.cut else exchange.strike(fault)
