"""The inventory: ``include/fleet.yaml``, read and checked as a whole. Pure."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from oss_crr.errors import InventoryError
from oss_crr.fleet.entries import EntryReader
from oss_crr.fleet.entry import FleetEntry
from oss_crr.fleet.problems import Problem, suggestion
from oss_crr.fleet.relations import contradictions, warnings
from oss_crr.fleet.yaml_reading import YamlReader

#: Where the inventory is, when not in ``include/fleet.yaml`` beside the ``plugins`` folder.
FLEET_FILE_VARIABLE = "OSS_CRR_FLEET_FILE"

_SECTIONS = ("defaults", "pairs")


@dataclass(frozen=True)
class Fleet:
    """All pairs of an inventory, in its order.

    :param warnings: what is allowed, but seldom what was meant; as ``file:line: pair, field: text``.
    """

    path: Path
    entries: tuple[FleetEntry, ...]
    warnings: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Return the names of the pairs, in the inventory's order."""
        return [entry.name for entry in self.entries]


def fleet_file() -> Path:
    """Return where the inventory is."""
    override = os.environ.get(FLEET_FILE_VARIABLE)
    return Path(override) if override else Path(__file__).resolve().parents[3] / "include" / "fleet.yaml"


def load_fleet(path: Path | None = None) -> Fleet:
    """Read and check the inventory; a file that has not changed is not read again by the same process.

    :param path: the file; None for :func:`fleet_file`.
    :raises InventoryError: naming everything that is wrong, each with file and line.
    """
    path = path or fleet_file()
    try:
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if _CACHE.get(path, (None,))[0] == stamp:
            return _CACHE[path][1]
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InventoryError(
            f"{path}: does not exist: create it (docs/fleet.md tells how), or set the environment variable "
            f"{FLEET_FILE_VARIABLE} to where it is"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InventoryError(f"{path}: cannot be read: {error}") from error
    fleet = parse_fleet(text, path)
    _CACHE[path] = (stamp, fleet)
    return fleet


_CACHE: dict[Path, tuple[tuple[int, int, int], Fleet]] = {}


def parse_fleet(text: str, path: Path) -> Fleet:
    """Check the text of an inventory.

    :param path: the file that it comes from, for messages.
    :raises InventoryError: naming everything that is wrong, each with file and line.
    """
    problems: list[Problem] = []
    reader = YamlReader(text, problems)
    try:
        entries = _entries(reader, problems)
    finally:
        reader.close()
    problems += contradictions(entries)
    if problems:
        ordered = sorted(dict.fromkeys(problems), key=lambda problem: problem.line)
        raise InventoryError(*(problem.located(path) for problem in ordered))
    return Fleet(path, tuple(entries), tuple(problem.located(path) for problem in warnings(entries)))


def _entries(reader: YamlReader, problems: list[Problem]) -> list[FleetEntry]:
    document = reader.document()
    if document is None:
        return []
    sections = {}
    for key, line, node in reader.members(document, "", ""):
        if key not in _SECTIONS:
            problems.append(Problem(line, "", key, f"unknown section; {suggestion(key, _SECTIONS)}"))
        sections[key] = node
    entries = EntryReader(reader, problems)
    if "defaults" in sections:
        entries.read_defaults(sections["defaults"])
    nodes = reader.items(sections.get("pairs"), "pairs")
    return [entry for number, node in enumerate(nodes, 1) if (entry := entries.read_pair(node, number))]
