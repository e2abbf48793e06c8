"""Reading typed parameters and cutting lists into pages."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from localcloud.formats import whole_number
from localcloud.ram.errors import incorrect

T = TypeVar("T")


def integer(params: Mapping[str, str], name: str, lowest: int, highest: int) -> int | None:
    """Read a whole number within bounds; None when it is absent.

    :raises RpcError: 400 ``InvalidParameter.<name>``.
    """
    text = params.get(name)
    if not text:
        return None
    value = whole_number(text)
    if value is None or not lowest <= value <= highest:
        raise incorrect(name)
    return value


def flag(params: Mapping[str, str], name: str) -> bool:
    """Read a boolean that is false when absent.

    :raises RpcError: 400 ``InvalidParameter.<name>``.
    """
    text = params.get(name, "false").lower()
    if text not in ("true", "false"):
        raise incorrect(name)
    return text == "true"


def page(params: Mapping[str, str], items: Sequence[T], name: Callable[[T], str]) -> tuple[list[T], dict[str, object]]:
    """Cut one page out of a sorted list by ``Marker`` and ``MaxItems`` (1 to 1,000, default 100).

    :param name: gives an item's sort key; the marker is the last one of the page before.
    :returns: the page, and the answer's ``IsTruncated`` and ``Marker`` (only when truncated).
    :raises RpcError: 400 ``InvalidParameter.MaxItems`` or ``.Marker``.
    """
    size = integer(params, "MaxItems", 1, 1000) or 100
    after = _decode_marker(params.get("Marker") or "")
    rest = [item for item in items if name(item) > after]
    if len(rest) <= size:
        return rest, {"IsTruncated": False}
    return rest[:size], {"IsTruncated": True, "Marker": _encode_marker(name(rest[size - 1]))}


def _encode_marker(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _decode_marker(marker: str) -> str:
    try:
        return base64.b64decode(marker, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise incorrect("Marker") from None
