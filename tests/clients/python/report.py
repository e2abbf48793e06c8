"""What the Python clients share: their task from the command line, and their findings as JSON."""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Refusal = Callable[[Exception], tuple[int, str]]


@dataclass(frozen=True)
class Task:
    """What the test asks of a client.

    :param url: the cloud's base URL.
    :param session: id, secret and token of temporary credentials that may only read.
    :param signature: version of the signature, for clients that know several.
    """

    url: str
    session: dict[str, str]
    signature: str = ""

    @property
    def endpoint(self) -> str:
        """Return host and port."""
        return self.url.removeprefix("http://")


def read_task() -> Task:
    """Return the task given as JSON in the first argument."""
    return Task(**json.loads(sys.argv[1]))


class Report:
    """Findings by name. A finding that cannot be made is the exception's text, which no test expects."""

    def __init__(self, refusal: Refusal) -> None:
        self._refusal = refusal
        self._findings: dict[str, Any] = {}

    def find(self, name: str, look: Callable[[], Any]) -> None:
        """Note what ``look`` returns."""
        try:
            self._findings[name] = look()
        except Exception as error:  # noqa: BLE001 - whatever a client raises is a finding
            self._findings[name] = f"{type(error).__name__}: {error}"

    def refused(self, name: str, call: Callable[[], Any]) -> None:
        """Note status and code of the error that a call must end with."""
        self.find(name, lambda: self.refusal(call))

    def refusal(self, call: Callable[[], Any]) -> tuple[int, str] | str:
        """Return status and code of the error that a call ends with."""
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever a client raises is a finding
            return self._refusal(error)
        return "not refused"

    def print(self) -> None:
        """Write the findings as the last line of standard output."""
        print(json.dumps(self._findings))


def fetch(url: str, method: str = "GET", body: bytes | None = None) -> tuple[int, str]:
    """Send a request that is signed by its URL alone, without a header more than necessary; return status and text."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def expiry(url: str) -> tuple[int, str]:
    """Wait until a URL signed for one second is refused; return status and code."""
    deadline = time.monotonic() + 5
    status, text = fetch(url)
    while status == 200 and time.monotonic() < deadline:
        time.sleep(0.05)
        status, text = fetch(url)
    return status, text.partition("<Code>")[2].partition("</Code>")[0]


def until(condition: Callable[[], Any]) -> Any:
    """Return the first true answer of ``condition``, or its last one after twenty seconds."""
    deadline = time.monotonic() + 20
    while not (answer := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return answer
