"""The ASGI application: control calls go to Starlette's routes, everything else is a cloud call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from localcloud.configuration.errors import ConfigError
from localcloud.control import Control, refuse
from localcloud.gateway import Cut
from localcloud.http import Request, Response
from localcloud.runtime import Runtime

_CONTROL = "/_localcloud"


def create_app(runtime: Runtime) -> ASGIApp:
    """Return the application. While it runs, objects are replicated; when it ends, the state is saved."""
    control = Starlette(
        routes=[Mount(_CONTROL, routes=Control(runtime).routes)],
        exception_handlers={ConfigError: refuse, HTTPException: refuse},
        lifespan=lambda _: _lifespan(runtime),
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # The cloud does its own routing, on the raw path: Starlette would decode and normalise object keys.
        if scope["type"] != "http" or scope["path"].startswith(f"{_CONTROL}/"):
            await control(scope, receive, send)
        else:
            await _answer(runtime, scope, receive, send)

    return app


@asynccontextmanager
async def _lifespan(runtime: Runtime) -> AsyncIterator[None]:
    replication = asyncio.create_task(runtime.replicate_forever())
    try:
        yield
    finally:
        replication.cancel()
        with suppress(asyncio.CancelledError):
            await replication
        runtime.save()


async def _answer(runtime: Runtime, scope: Scope, receive: Receive, send: Send) -> None:
    request = await _read_request(scope, receive)
    outcome = await runtime.gateway.answer(request)
    if isinstance(outcome, Cut):
        _connection(send).abort()
    else:
        await _send_response(outcome, request.method, send)


async def _read_request(scope: Scope, receive: Receive) -> Request:
    """Read a whole request; header bytes that are not UTF-8 become surrogates, so that signatures see what was sent."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body"):
            break
    client = scope.get("client") or ("127.0.0.1", 0)
    return Request(
        method=scope["method"],
        raw_path=scope["raw_path"].decode("ascii"),
        raw_query=scope["query_string"].decode("ascii", "surrogateescape"),
        headers=_join_headers(scope["headers"]),
        body=bytes(body),
        client_ip=client[0],
        secure=scope["scheme"] == "https",
    )


def _join_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("utf-8", "surrogateescape")
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


async def _send_response(response: Response, method: str, send: Send) -> None:
    headers = {name.lower(): value for name, value in response.headers.items()}
    # A handler for HEAD gives the length of the body that GET would have.
    headers.setdefault("content-length", str(len(response.body)))
    raw = [(name.encode("latin-1"), _header_bytes(value)) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else response.body})


def _header_bytes(value: str) -> bytes:
    """Return a header's value as bytes; a line break, which a client can smuggle into one, becomes a blank."""
    return value.replace("\r", " ").replace("\n", " ").encode("utf-8", "surrogateescape")


def _connection(send: Send) -> Any:
    """Return the connection's transport. ASGI cannot break a connection off, so this reaches into uvicorn."""
    return send.__self__.transport  # type: ignore[attr-defined]
