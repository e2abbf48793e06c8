"""Read YAML into plain values that know their lines. Pure; PyYAML is loaded when a file is read, not before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from oss_crr.fleet.problems import Problem

if TYPE_CHECKING:
    import yaml

_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class Value:
    """A value and the line it is on."""

    value: Any
    line: int


@dataclass
class Table:
    """A mapping whose values know their lines.

    :param line: where it begins.
    """

    line: int
    values: dict[str, Value] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return the values without their lines."""
        return {key: item.value for key, item in self.values.items()}

    def line_of(self, key: str) -> int:
        """Return the line of a key; the table's own for one that is not in it."""
        return self.values[key].line if key in self.values else self.line


class YamlReader:
    """Reads one YAML text; what is wrong with it is collected, not raised.

    :param problems: where problems go.
    """

    def __init__(self, text: str, problems: list[Problem]) -> None:
        import yaml

        # The loader that is written in C takes a tenth of the time.
        self._loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        self._yaml = yaml
        self._problems = problems

    def document(self) -> yaml.Node | None:
        """Return the only document, None when there is none or it cannot be read."""
        try:
            node: yaml.Node | None = self._loader.get_single_node()
        except self._yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            said = ", ".join(part for part in (error.context, error.problem) if part)
            self._problems.append(Problem(mark.line + 1 if mark else 0, "", "", f"is not YAML: {said}"))
        except self._yaml.YAMLError as error:
            self._problems.append(Problem(0, "", "", f"is not YAML: {' '.join(str(error).split())}"))
        else:
            return node
        return None

    def members(self, node: yaml.Node, pair: str, what: str) -> Iterator[tuple[str, int, yaml.Node]]:
        """Yield key, line and node of each member of a mapping; of merged ones too (``<<``), its own last.

        :param pair: the pair it belongs to, for problems.
        :param what: what the node should have been a mapping for, for problems.
        """
        if not isinstance(node, self._yaml.MappingNode):
            if not _is_null(node):
                self._problems.append(Problem(_line(node), pair, what, "must be a mapping of fields"))
            return
        self._check_twice(node, pair)
        yield from self._merged(node, pair, (node,))
        for key, value in node.value:
            if key.tag != _MERGE:
                yield self._key(key), _line(key), value

    def _merged(
        self, node: yaml.MappingNode, pair: str, within: tuple[yaml.Node, ...]
    ) -> Iterator[tuple[str, int, yaml.Node]]:
        """Yield the members that ``<<`` brings in; of several sources the first one counts, so it comes last."""
        for key, value in node.value:
            if key.tag != _MERGE:
                continue
            sources = value.value if isinstance(value, self._yaml.SequenceNode) else [value]
            for source in reversed(sources):
                if not isinstance(source, self._yaml.MappingNode) or source in within:
                    self._problems.append(Problem(_line(key), pair, "<<", "must name a mapping, or a list of them"))
                    continue
                yield from self._merged(source, pair, (*within, source))
                yield from (
                    (self._key(inner), _line(inner), item) for inner, item in source.value if inner.tag != _MERGE
                )

    def items(self, node: yaml.Node | None, what: str) -> list[yaml.Node]:
        """Return the items of a list; none for nothing."""
        if isinstance(node, self._yaml.SequenceNode):
            return list(node.value)
        if node is not None and not _is_null(node):
            self._problems.append(Problem(_line(node), "", what, "must be a list"))
        return []

    def table(self, node: yaml.Node, pair: str, what: str, nested: str = "") -> Table:
        """Return a mapping's values with their lines.

        :param nested: a key whose value is a table, too.
        """
        table = Table(_line(node))
        for key, line, value in self.members(node, pair, what):
            read = self.table if key == nested else self.plain
            table.values[key] = Value(read(value, pair, key), line)
        return table

    def peek(self, node: yaml.Node, key: str) -> str:
        """Return the text of one key of a mapping; empty when it has none."""
        if not isinstance(node, self._yaml.MappingNode):
            return ""
        texts = (value.value for name, value in node.value if name.value == key and value.id == "scalar")
        return str(next(texts, ""))

    def plain(self, node: yaml.Node, pair: str, what: str) -> Any:
        """Return a node as a plain value; None when it has none."""
        try:
            return self._loader.construct_object(node, deep=True)
        except (self._yaml.MarkedYAMLError, ValueError) as error:
            said = getattr(error, "problem", None) or error
            self._problems.append(Problem(_line(node), pair, what, f"cannot be read: {said}"))
        return None

    def close(self) -> None:
        """Free the parser."""
        self._loader.dispose()

    def _check_twice(self, node: yaml.MappingNode, pair: str) -> None:
        """YAML forbids a key twice, PyYAML takes the last: a pair that is half overwritten would go unnoticed."""
        first: dict[str, int] = {}
        for key, _ in node.value:
            name = self._key(key)
            if name in first:
                text = f"is given twice, first in line {first[name]}: leave one of them out"
                self._problems.append(Problem(_line(key), pair, name, text))
            first.setdefault(name, _line(key))

    def _key(self, node: yaml.Node) -> str:
        return str(node.value) if isinstance(node, self._yaml.ScalarNode) else "(a key that is no text)"


def _is_null(node: yaml.Node) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
