"""How values are written that all services write alike."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

_WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")


def whole_number(text: str) -> int | None:
    """Return a number of up to 18 digits, or None for any other text. Python itself refuses very long ones."""
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else None


def parse_json(text: str | bytes) -> Any:
    """Parse JSON.

    :raises ValueError: for text that is no JSON, or nested so deeply that Python gives up.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def escape_xml(text: str) -> str:
    """Escape a text for XML; characters that XML cannot carry become question marks."""
    return escape("".join(char if char >= " " or char in "\t\n\r" else "?" for char in text))


def iso_seconds(time: datetime) -> str:
    """Write a time in UTC as RAM, STS and KMS do: ``2015-01-23T12:33:18Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_milliseconds(time: datetime) -> str:
    """Write a time in UTC as OSS does: whole seconds, but with milliseconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z")
