"""The local cloud's control interface, for probes."""

from __future__ import annotations

from typing import Any

import requests


def control(method: str, url: str, name: str, body: object = None) -> Any:
    """Call the control interface.

    :param url: the local cloud's address.
    :param name: what follows ``/_localcloud/``.
    :param body: JSON data to send, if any.
    :returns: JSON data, or None for an empty answer.
    """
    session = requests.Session()
    session.trust_env = False
    response = session.request(method, f"{url}/_localcloud/{name}", json=body, timeout=60)
    response.raise_for_status()
    return response.json() if response.content else None


def counted_calls(url: str) -> int:
    """Return the number of cloud calls since it was asked for last."""
    return int(control("GET", url, "calls?reset=1")["total"])
