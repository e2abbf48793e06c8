"""Reading typed parameters and cutting lists into pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from localcloud.formats import parse_json, whole_number
from localcloud.kms.errors import invalid

T = TypeVar("T")

MAX_TAGS = 20
_MAX_TAG_LENGTH = 128


def integer(params: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    """Read a whole number within bounds.

    :raises RpcError: 400 ``InvalidParameter``.
    """
    text = params.get(name)
    if not text:
        return default
    value = whole_number(text)
    if value is None or not lowest <= value <= highest:
        raise invalid()
    return value


def word(params: Mapping[str, str], name: str, allowed: Collection[str], default: str) -> str:
    """Read one of a few words.

    :raises RpcError: 400 ``InvalidParameter``.
    """
    value = params.get(name) or default
    if value not in allowed:
        raise invalid()
    return value


def page(
    params: Mapping[str, str], items: Sequence[T], *, default_size: int = 10
) -> tuple[Sequence[T], dict[str, object]]:
    """Cut one page out of a list by ``PageNumber`` (from 1) and ``PageSize`` (1 to 100).

    :returns: the page, and the members of the answer that tell where it is.
    :raises RpcError: 400 ``InvalidParameter``.
    """
    number = integer(params, "PageNumber", 1, 1, 2**31 - 1)
    size = integer(params, "PageSize", default_size, 1, 100)
    members: dict[str, object] = {"PageNumber": number, "PageSize": size, "TotalCount": len(items)}
    return items[(number - 1) * size : number * size], members


def tags(params: Mapping[str, str], name: str = "Tags") -> dict[str, str]:
    """Read tags, given as ``[{"TagKey": "...", "TagValue": "..."}]`` in JSON.

    :raises RpcError: 400 ``InvalidParameter``.
    """
    try:
        entries = parse_json(params.get(name) or "[]")
        found = {str(entry["TagKey"]): str(entry["TagValue"]) for entry in entries}
    except (ValueError, KeyError, TypeError):
        raise invalid() from None
    if len(found) > MAX_TAGS or not all(_is_tag(key, value) for key, value in found.items()):
        raise invalid()
    return found


def _is_tag(key: str, value: str) -> bool:
    reserved = key.startswith(("aliyun", "acs:"))
    return 0 < len(key) <= _MAX_TAG_LENGTH and len(value) <= _MAX_TAG_LENGTH and not reserved
