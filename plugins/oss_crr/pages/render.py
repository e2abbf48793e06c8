"""The pages as HTML. Everything that is shown is escaped; scripts and styles carry the nonce of their answer."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from oss_crr.pages import columns
from oss_crr.pages.trend import sparkline

_FOLDER = Path(__file__).parent
#: Words for a state's colour, see ``page.css``.
_TONES = {
    "good": ("complete", "healthy", "removed", "success"),
    "bad": ("failed", "broken"),
    "warn": ("lagging", "unknown", "waiting", "running", "queued"),
}


def render(template: str, nonce: str, **values: Any) -> str:
    """Return a page.

    :param template: its name, such as ``report``.
    :param nonce: what the answer's content security policy allows.
    """
    return (
        _environment()
        .get_template(f"{template}.html.j2")
        .render(nonce=nonce, style=_asset("page.css"), script=_asset("page.js"), **values)
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        tone=_tone, moment=_moment, document=columns.document, duration=columns.duration, sparkline=sparkline
    )
    return environment


@cache
def _asset(name: str) -> str:
    return (_FOLDER / "assets" / name).read_text(encoding="utf-8")


def _tone(state: object) -> str:
    return next((tone for tone, states in _TONES.items() if state in states), "plain")


def _moment(value: object) -> str:
    """Return a time in UTC, to the second; anything else as it is."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return str(value)
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if isinstance(value, datetime) else str(value)
