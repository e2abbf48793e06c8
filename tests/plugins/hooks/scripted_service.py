"""A service that answers as a test tells it to, so that the real SDKs can be tried with any answer."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Recorded:
    """A request as it arrived."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    """An answer to give; without a status the connection is cut instead."""

    status: int | None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class ScriptedService:
    """Answers one request after the other with what was scripted."""

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self._answers: deque[Scripted] = deque()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, status: int = 200, body: bytes | str = b"", **headers: str) -> None:
        """Script an answer; ``x_oss_request_id="1"`` becomes the header ``x-oss-request-id``."""
        data = body.encode() if isinstance(body, str) else body
        self._answers.append(Scripted(status, data, {name.replace("_", "-"): text for name, text in headers.items()}))

    def answer_json(self, members: Mapping[str, Any], status: int = 200, **headers: str) -> None:
        """Script an answer of RAM or STS."""
        self.answer(status, json.dumps(members), content_type="application/json", **headers)

    def refuse(self, status: int, code: str, message: str = "", details: str = "", **headers: str) -> None:
        """Script an error of OSS; ``details`` is further XML."""
        body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>R1</RequestId>{details}</Error>"
        self.answer(status, body, x_oss_request_id="R1", **headers)

    def cut(self) -> None:
        """Script a connection that is cut without an answer."""
        self._answers.append(Scripted(None))

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            #: Head and body leave together; apart, each answer would wait for the client's delayed acknowledgement.
            wbufsize = -1

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline()
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                service._record(self)
                service._send(self, service._answers.popleft())

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _record(self, handler: BaseHTTPRequestHandler) -> None:
        url = urlsplit(handler.path)
        self.requests.append(
            Recorded(
                method=handler.command,
                path=url.path,
                params=dict(parse_qsl(url.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in handler.headers.items()},
                body=handler.rfile.read(int(handler.headers.get("Content-Length") or 0)),
            )
        )

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, answer: Scripted) -> None:
        if answer.status is None:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        handler.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(answer.body)
        handler.wfile.flush()
