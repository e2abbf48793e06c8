"""Reading a configuration from a YAML file, with the lines of its faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path as FilePath

import yaml

from localcloud.configuration.errors import ConfigError, Path
from localcloud.configuration.schema import Config, read_config

#: The parser in C where PyYAML has it: a thousand buckets take it 0.1 s instead of 1.4 s.
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_config(source: FilePath | str | Mapping[str, object]) -> Config:
    """Read a configuration from a file, or from what a file would hold.

    :raises ConfigError: with place and, for a file, line of the fault.
    :raises OSError: when the file cannot be read.
    """
    if isinstance(source, Mapping):
        return read_config(source, FilePath())
    file = FilePath(source)
    text = file.read_text(encoding="utf-8")
    try:
        value = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise _yaml_fault(error) from error
    try:
        return replace(read_config(value, file.parent), line_of=partial(line_of, text))
    except ConfigError as error:
        raise ConfigError(error.path, error.problem, line_of(text, error.path)) from error


def line_of(text: str, path: Path) -> int:
    """Return the line of a place in YAML text, counted from 1; for a missing key, that of the mapping it misses in."""
    node = yaml.compose(text, Loader=_LOADER)
    line = 1
    for step in path:
        found = _child(node, step)
        if found is None:
            break
        node, line = found
    return line


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, int] | None:
    """Return a node's child and the line where its key, or else the child, begins."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        child = node.value[step]
        return child, child.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return value, key.start_mark.line + 1
    return None


def _yaml_fault(error: yaml.YAMLError) -> ConfigError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return ConfigError((), f"not valid YAML: {problem}", mark.line + 1 if mark else None)
