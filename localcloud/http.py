"""Requests and responses as the services see them, free of any web framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    :param method: upper-case HTTP method.
    :param raw_path: the path as sent, percent-encoded, without the query.
    :param raw_query: the query as sent, percent-encoded, without the question mark.
    :param headers: header values by lower-case name.
    :param body: the whole body.
    :param client_ip: address of the peer, for ``acs:SourceIp``.
    :param secure: whether the request came over TLS, for ``acs:SecureTransport``.
    """

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes = b""
    client_ip: str = "127.0.0.1"
    secure: bool = False
    #: Decoded query parameters in the order sent. ``?policy`` and ``?policy=`` both give the value ``""``: clients
    #: of different generations send either.
    query: tuple[tuple[str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "query", parse_query(self.raw_query))

    def param(self, name: str) -> str | None:
        """Return the first value of a query parameter, or None when it is absent."""
        return next((value for key, value in self.query if key == name), None)

    def header(self, name: str) -> str | None:
        """Return a header by its lower-case name, or None when it is absent."""
        return self.headers.get(name)


@dataclass
class Response:
    """One HTTP answer; the server adds request id, date and server headers."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def parse_query(raw_query: str) -> tuple[tuple[str, str], ...]:
    """Split and decode a query string, keeping order and parameters without a value."""
    pairs = (part.partition("=") for part in raw_query.split("&") if part)
    return tuple((unquote_plus(key), unquote_plus(value)) for key, _, value in pairs)
