"""Control of the local cloud, outside every cloud protocol: ``/_localcloud/*``.

Nobody has to sign these calls; the server listens on this machine only unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from localcloud.configuration.errors import ConfigError
from localcloud.configuration.schema import read_behaviour
from localcloud.configuration.section import Section
from localcloud.dump import dump_cloud
from localcloud.formats import parse_json
from localcloud.replication_control import change_faults, describe_faults, remove_faults
from localcloud.runtime import Runtime

Endpoint = Callable[[Request], Awaitable[Response]]


class Control:
    """The endpoints of the control interface."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @property
    def routes(self) -> list[BaseRoute]:
        """Return the endpoints with their paths below ``/_localcloud``."""
        return [
            Route("/health", self.health),
            Route("/calls", self.calls),
            Route("/faults", self.list_faults, methods=["GET"]),
            Route("/faults", self.add_fault, methods=["POST"]),
            Route("/faults", self.remove_faults, methods=["DELETE"]),
            Route("/faults/{fault_id:int}", self.remove_faults, methods=["DELETE"]),
            Route("/reset", self.reset, methods=["POST"]),
            Route("/state", self.state),
            Route("/behaviour", self.show_behaviour, methods=["GET"]),
            Route("/behaviour", self.change_behaviour, methods=["POST"]),
            Route("/replication", self.show_replication, methods=["GET"]),
            Route("/replication", self.change_replication, methods=["POST"]),
            Route("/replication", self.repair_replication, methods=["DELETE"]),
            Route("/clock", self.show_clock, methods=["GET"]),
            Route("/clock", self.move_clock, methods=["POST"]),
        ]

    async def health(self, _: Request) -> Response:
        """Tell that the server answers, and how much is in it."""
        cloud = self._runtime.cloud
        return JSONResponse({"status": "ok", "accounts": len(cloud.accounts), "buckets": len(cloud.buckets)})

    async def calls(self, request: Request) -> Response:
        """Return the numbers of calls; with ``?reset=1`` they begin again at zero afterwards."""
        calls = self._runtime.gateway.calls
        summary = calls.summary()
        if request.query_params.get("reset") == "1":
            calls.reset()
        return JSONResponse(summary)

    async def list_faults(self, _: Request) -> Response:
        """Return all faults with their hits."""
        return JSONResponse({"faults": self._runtime.gateway.faults.summary()})

    async def add_fault(self, request: Request) -> Response:
        """Add a fault; the body's fields are those of :class:`localcloud.faults.Fault`."""
        fault = self._runtime.gateway.faults.add(await _json_body(request))
        return JSONResponse({"id": fault.id}, status_code=201)

    async def remove_faults(self, request: Request) -> Response:
        """Remove one fault, or all of them."""
        self._runtime.gateway.faults.remove(request.path_params.get("fault_id"))
        return Response(status_code=204)

    async def reset(self, _: Request) -> Response:
        """Go back to what the configuration declares."""
        self._runtime.reset()
        return Response(status_code=204)

    async def state(self, _: Request) -> Response:
        """Return what is in the cloud, for comparison before and after."""
        return JSONResponse(dump_cloud(self._runtime.cloud))

    async def show_behaviour(self, _: Request) -> Response:
        """Return all settings."""
        return JSONResponse(vars(self._runtime.cloud.behaviour))

    async def change_behaviour(self, request: Request) -> Response:
        """Change the settings that the body gives."""
        behaviour = self._runtime.cloud.behaviour
        changed = read_behaviour(Section(await _json_body(request)), behaviour)
        vars(behaviour).update(vars(changed))
        return JSONResponse(vars(behaviour))

    async def show_replication(self, _: Request) -> Response:
        """Return what goes wrong with replication, by rule."""
        return JSONResponse({"rules": describe_faults(self._runtime.engine.faults)})

    async def change_replication(self, request: Request) -> Response:
        """Make replication go wrong, or right again, for one rule; see :func:`change_faults`."""
        change_faults(self._runtime.engine.faults, self._runtime.cloud, await _json_body(request))
        return await self.show_replication(request)

    async def repair_replication(self, _: Request) -> Response:
        """Let all rules work as they should."""
        remove_faults(self._runtime.engine.faults)
        return Response(status_code=204)

    async def show_clock(self, _: Request) -> Response:
        """Return the cloud's time."""
        return JSONResponse({"now": self._runtime.cloud.clock.now().isoformat()})

    async def move_clock(self, request: Request) -> Response:
        """Move the cloud's clock by ``advance_seconds``, which may be negative."""
        seconds = (await _json_body(request)).get("advance_seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise ConfigError(("advance_seconds",), "expected a number")
        self._runtime.cloud.clock.advance(seconds)
        return await self.show_clock(request)


async def refuse(_: Request, error: Exception) -> Response:
    """Answer a fault in a control call."""
    if isinstance(error, HTTPException):
        return JSONResponse({"error": error.detail}, status_code=error.status_code)
    return JSONResponse({"error": str(error)}, status_code=400)


async def _json_body(request: Request) -> dict[str, object]:
    """Return the body, which must be a JSON object.

    :raises ConfigError: when it is none.
    """
    try:
        body = parse_json(await request.body() or b"{}")
    except ValueError as error:
        raise ConfigError((), f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ConfigError((), "the body must be a JSON object")
    return body
