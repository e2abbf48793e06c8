"""A proxy that remembers the credentials which the local cloud's STS gives out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

#: Belongs to one connection, so it is not passed on.
_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length", "content-encoding"})


class CredentialRecorder:
    """Passes requests on to the local cloud, with their Host header, which is part of the signature.

    :param target: the local cloud's address.
    """

    def __init__(self, target: str) -> None:
        self.secrets: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(target, self.secrets))

    @property
    def url(self) -> str:
        """The proxy's address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[CredentialRecorder]:
        """Serve while the block runs."""
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def _handler(target: str, secrets: set[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = httpx.post(f"{target}{self.path}", content=body, headers=dict(self.headers), trust_env=False)
            secrets.update(_secrets(answer.content))
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Keep the test's output quiet."""

    return Handler


def _secrets(body: bytes) -> set[str]:
    credentials = json.loads(body).get("Credentials") or {}
    return {credentials[name] for name in ("AccessKeySecret", "SecurityToken") if name in credentials}
