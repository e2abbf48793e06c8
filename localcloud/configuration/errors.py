"""Errors in a configuration."""

from __future__ import annotations

#: Names and positions that lead to a value, for example ``("accounts", 0, "buckets", 2, "region")``.
Path = tuple[str | int, ...]


class ConfigError(ValueError):
    """A configuration that cannot be used.

    :param path: where the fault is.
    :param problem: what is wrong and what would be right.
    :param line: line in the file, counted from 1; None when the configuration did not come from a file.
    """

    def __init__(self, path: Path, problem: str, line: int | None = None) -> None:
        place = show_path(path)
        super().__init__(f"{place}: {problem}" if line is None else f"{place} (line {line}): {problem}")
        self.path = path
        self.problem = problem
        self.line = line


def show_path(path: Path) -> str:
    """Write a path as people do: ``accounts[0].buckets[2].region``."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(parts).removeprefix(".") or "configuration"
