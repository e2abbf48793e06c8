"""Choose pairs of a fleet, by name and by pattern. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from oss_crr.errors import InputError
from oss_crr.fleet.entry import FleetEntry
from oss_crr.fleet.file import Fleet
from oss_crr.fleet.problems import suggestion

#: How many of the known names a message gives.
_MAX_NAMED = 5


def select(fleet: Fleet, names: Sequence[str] | None, pattern: str | None) -> list[FleetEntry]:
    """Return the entries that are chosen, in the inventory's order.

    Both arguments narrow the choice; without either, every pair is chosen.

    :param names: names of pairs; None or empty for any.
    :param pattern: a glob such as ``logs-*``, matched against the whole name; None or blank for any.
    :raises InputError: a name is unknown, or nothing is chosen.
    """
    if not fleet.entries:
        raise InputError(("pairs", f"the inventory {fleet.path} holds no pairs: add some, docs/fleet.md tells how"))
    wanted = set(names or ())
    known = set(fleet.names)
    problems = [("pairs", _unknown(name, fleet)) for name in dict.fromkeys(names or ()) if name not in known]
    if problems:
        raise InputError(*problems)
    pattern = (pattern or "").strip()
    chosen = [
        entry
        for entry in fleet.entries
        if (not wanted or entry.name in wanted) and (not pattern or fnmatchcase(entry.name, pattern))
    ]
    if not chosen:
        raise InputError(("pattern", _nothing(pattern, sorted(wanted) or fleet.names, bool(wanted))))
    return chosen


def _unknown(name: str, fleet: Fleet) -> str:
    known = fleet.names if len(fleet.names) <= _MAX_NAMED else [*fleet.names[:_MAX_NAMED], "…"]
    close = suggestion(name, fleet.names)
    hint = close if close.startswith("did") else f"names there are such as {', '.join(known)}"
    return f"{name!r} is not in the inventory {fleet.path}; {hint}"


def _nothing(pattern: str, names: Sequence[str], narrowed: bool) -> str:
    of = "pairs that were chosen by name" if narrowed else "pairs in the inventory"
    listed = ", ".join(names[:_MAX_NAMED]) + (", …" if len(names) > _MAX_NAMED else "")
    return f"{pattern!r} matches none of the {len(names)} {of} ({listed}); `*` stands for any text"
