"""One line about many pairs, for a run's note and the head of its report. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: XCom key under which a report leaves its line; the run's note is made of it.
SUMMARY = "summary"

#: What a run is for comes first, whatever else there is.
_GOALS = ("complete", "healthy", "removed")
#: The names of so many failed pairs are told.
_NAMED = 5
_BAD = ("failed", "broken")


def state_of(row: Mapping[str, Any]) -> str:
    """Return a row's state: of a set-up pair its ``state``, of a verified one its ``health``."""
    return str(row.get("state") or row.get("health") or "unknown")


def count_states(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many rows are in each state: the goal first, then the most frequent."""
    counts = Counter(state_of(row) for row in rows)
    order = sorted(counts, key=lambda state: (state not in _GOALS, -counts[state], state))
    return {state: counts[state] for state in order}


def summary_line(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return for example ``48 of 50 pairs complete, 1 failed (web-logs), 1 waiting``.

    :param rows: a report's rows: ``name`` or ``pair``, and ``state`` or ``health``.
    """
    if not rows:
        return "no pairs"
    (first, number), *others = count_states(rows).items()
    named = {state: _names(rows, state) for state in _BAD}
    parts = [f"{number} of {len(rows)} pairs {first}{named.get(first, '')}"]
    parts += [f"{number} {state}{named.get(state, '')}" for state, number in others]
    return ", ".join(parts)


def _names(rows: Iterable[Mapping[str, Any]], state: str) -> str:
    names = [str(row.get("name") or row.get("pair")) for row in rows if state_of(row) == state]
    more = [f"and {len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return f" ({', '.join([*names[:_NAMED], *more])})"
