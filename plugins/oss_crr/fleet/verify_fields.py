"""Read the ``verify`` mapping of a pair as a user wrote it, each field on its own. Pure."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from oss_crr.fields import MAX_PREFIX_BYTES
from oss_crr.fleet.entry import VerifySettings

#: The fields of ``verify``.
VERIFY_FIELDS = tuple(field.name for field in fields(VerifySettings))

_SWITCHES = ("canary", "compare")


def read_verify_field(field: str, value: object) -> Any:
    """Return a field's value in the form that :class:`VerifySettings` holds.

    :raises ValueError: saying what is wrong with the value.
    """
    if field in _SWITCHES:
        if not isinstance(value, bool):
            raise ValueError(f"must be true or false, is {value!r}")
        return value
    return _minutes(value) if field == "max_lag_minutes" else _key_prefix(value)


def _minutes(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError(f"must be a number of minutes above 0, is {value!r}")
    return float(value)


def _key_prefix(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, is {value!r}")
    if value.startswith(("/", "\\")):
        raise ValueError(f"{value!r} begins with a slash, which the name of an object must not")
    if len(value.encode()) > MAX_PREFIX_BYTES // 2:
        raise ValueError(f"is longer than {MAX_PREFIX_BYTES // 2} bytes, which leaves no room for the object's name")
    return value
