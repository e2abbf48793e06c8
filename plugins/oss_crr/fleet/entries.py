"""Make entries of an inventory: defaults filled in, every field checked, every problem with its line. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from oss_crr.errors import InputError
from oss_crr.fields import is_blank, read_field
from oss_crr.fleet.entry import FleetEntry, VerifySettings
from oss_crr.fleet.problems import Problem, suggestion
from oss_crr.fleet.verify_fields import VERIFY_FIELDS, read_verify_field
from oss_crr.fleet.yaml_reading import Table, YamlReader
from oss_crr.pair import BucketPair, parse_pair

if TYPE_CHECKING:
    import yaml

#: Fields of a pair in the inventory; what the product calls the label is the ``name`` there.
PAIR_FIELDS = tuple(field.name for field in fields(BucketPair) if field.name != "label")
#: What ``defaults`` takes: what tells pairs apart cannot be the same for all.
DEFAULT_FIELDS = tuple(name for name in PAIR_FIELDS if name != "source_bucket")

MAX_NAME_LENGTH = 100
#: A name must not look like a pattern (``*?[]``), and is shown in one line.
NAME = re.compile(rf"[^\W_](?:[\w ./:+@()#-]{{0,{MAX_NAME_LENGTH - 2}}}[\w)])?")

#: Words of the product that are no fields here, and what to do about them.
_OTHERWISE = {
    "plan_only": "is chosen when a run is started: leave it out here",
    "wait_for_history": "is chosen when a run is started: leave it out here",
    "label": "is called name here",
    "source_bucket": "must not be a default: one bucket is the source of few pairs, give it with each",
    "name": "must not be a default: it tells pairs apart",
}


@dataclass
class Section:
    """The fields of a pair, or of the defaults, with their lines."""

    fields: Table
    verify: Table
    #: Fields that have been reported already: the problem is not told again for every pair that inherits them.
    bad: set[str] = field(default_factory=set)


class EntryReader:
    """Makes entries of the nodes of an inventory.

    :param problems: where problems go.
    """

    def __init__(self, reader: YamlReader, problems: list[Problem]) -> None:
        self._reader = reader
        self._problems = problems
        self._defaults = Section(Table(0), Table(0))

    def read_defaults(self, node: yaml.Node) -> None:
        """Read the defaults; what is wrong with them is told once."""
        section = self._section(node, "", "defaults")
        self._drop_unknown(section, "", ("verify", *DEFAULT_FIELDS), within="defaults.")
        section.bad = self._drop_bad(section.fields, "defaults.", read_field)
        self._drop_bad(section.verify, "defaults.verify.", read_verify_field)
        self._defaults = section

    def read_pair(self, node: yaml.Node, number: int) -> FleetEntry | None:
        """Return one entry, or None when something is wrong with it.

        :param number: counts the pairs from 1, to call one that has no name.
        """
        before = len(self._problems)
        called = self._reader.peek(node, "name").strip() or f"pair {number}"
        section = self._section(node, called, "")
        if len(self._problems) > before and not section.fields.values:
            return None  # It is no mapping, which has been told.
        name = self._name(section, called)
        self._drop_unknown(section, called, ("name", "verify", *PAIR_FIELDS))
        verify = self._verify(section, called)
        pair = self._pair(section, called, name)
        if pair is not None and len(self._problems) == before:
            self._check_canary(section, pair, verify)
        return FleetEntry(pair, verify, section.fields.line) if pair and len(self._problems) == before else None

    def _section(self, node: yaml.Node, called: str, what: str) -> Section:
        table = self._reader.table(node, called, what, nested="verify")
        nested = table.values.pop("verify", None)
        return Section(table, nested.value if nested else Table(table.line))

    def _name(self, section: Section, called: str) -> str:
        given = section.fields.values.pop("name", None)
        if given is None or is_blank(given.value):
            self._add(section.fields.line, called, "name", "is required: it is what the form and every report show")
            return called
        name = str(given.value).strip()
        if not isinstance(given.value, str):
            self._add(given.line, called, "name", f"must be text, is {given.value!r}: put it in quotes")
        elif not NAME.fullmatch(name):
            text = f"{name!r} is no name: up to {MAX_NAME_LENGTH} letters, digits, blanks and ./:+@()#_-, in one line"
            self._add(given.line, called, "name", text)
        return name

    def _drop_unknown(self, section: Section, called: str, known: tuple[str, ...], within: str = "") -> None:
        for table, names, where in (
            (section.fields, known, within),
            (section.verify, VERIFY_FIELDS, f"{within}verify."),
        ):
            for key in [key for key in table.values if key not in names]:
                self._add(table.line_of(key), called, where + key, _unknown(key, names))
                del table.values[key]

    def _drop_bad(self, table: Table, within: str, read: Callable[[str, object], object]) -> set[str]:
        bad = set()
        for key, item in list(table.values.items()):
            if item.value is None:
                continue
            try:
                read(key, item.value)
            except ValueError as error:
                self._add(item.line, "", within + key, str(error))
                bad.add(key)
                del table.values[key]
        return bad

    def _verify(self, section: Section, called: str) -> VerifySettings:
        clean: dict[str, Any] = {}
        for key, item in (self._defaults.verify.values | section.verify.values).items():
            if item.value is None:
                continue
            try:
                clean[key] = read_verify_field(key, item.value)
            except ValueError as error:
                self._add(item.line, called, f"verify.{key}", str(error))
        return VerifySettings(**clean)

    def _pair(self, section: Section, called: str, name: str) -> BucketPair | None:
        inherited = self._defaults.fields
        values = {**inherited.plain(), **section.fields.plain()}
        try:
            return replace(parse_pair(values), label=name)
        except InputError as error:
            for key, text in error.problems:
                if key in self._defaults.bad and key not in section.fields.values:
                    continue  # It is missing only because its default is wrong, which has been told.
                own = key in section.fields.values or key not in inherited.values
                table, told = (section.fields, text) if own else (inherited, f"{text} (from the defaults)")
                self._add(table.line_of(key), called, key, told)
        return None

    def _check_canary(self, section: Section, pair: BucketPair, verify: VerifySettings) -> None:
        prefix = verify.canary_prefix
        if prefix and verify.canary and pair.prefixes and not prefix.startswith(pair.prefixes):
            table = section.verify if "canary_prefix" in section.verify.values else self._defaults.verify
            listed = ", ".join(map(repr, pair.prefixes))
            text = f"{prefix!r} lies outside of the pair's prefixes {listed}: what is written there is not replicated"
            self._add(table.line_of("canary_prefix"), pair.label, "verify.canary_prefix", text)

    def _add(self, line: int, called: str, key: str, text: str) -> None:
        self._problems.append(Problem(line, called, key, text))


def _unknown(key: str, known: tuple[str, ...]) -> str:
    if key in _OTHERWISE:
        return _OTHERWISE[key]
    return f"unknown field; {suggestion(key, known)}"
