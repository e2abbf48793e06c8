"""Strict reading of nested mappings, as YAML gives them: every fault names its place."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from localcloud.configuration.errors import ConfigError, Path


class Section:
    """A mapping that is read key by key; keys that nobody read are a fault.

    :param value: what stands in the configuration; must be a mapping with text keys.
    :param path: where it stands.
    :raises ConfigError: from every method, when a value is missing or of the wrong kind.
    """

    def __init__(self, value: object, path: Path = ()) -> None:
        if not isinstance(value, Mapping):
            raise ConfigError(path, f"expected a mapping, not {_kind(value)}")
        self.path = path
        self._values = value
        self._read: set[str] = set()

    def has(self, name: str) -> bool:
        """Tell whether a key is given with a value."""
        return self._values.get(name) is not None

    def raw(self, name: str) -> object:
        """Return a value as it stands; None when it is not given."""
        self._read.add(name)
        return self._values.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without a default it is required. Numbers are taken as written, for UIDs without quotes."""
        value = self.raw(name)
        if value is None:
            if default is None:
                raise self.error(name, "is required")
            return default
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise self.error(name, f"expected a text, not {_kind(value)}")
        return str(value)

    def texts(self) -> dict[str, str]:
        """Return the whole mapping as texts."""
        return {str(name): self.text(str(name)) for name in self._values}

    def choice(self, name: str, allowed: Collection[str], default: str) -> str:
        """Return one of a few words."""
        value = self.text(name, default)
        if value not in allowed:
            words = ", ".join(repr(word) for word in allowed if word)
            raise self.error(name, f"expected one of {words}, not {value!r}")
        return value

    def integer(self, name: str, default: int | None = None, *, lowest: int = 0) -> int:
        """Return a whole number; without a default it is required."""
        value = self.raw(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
            raise self.error(name, f"expected a whole number of at least {lowest}, not {_kind(value)}")
        return value

    def number(self, name: str, default: float) -> float:
        """Return a number of at least 0."""
        value = self.raw(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise self.error(name, f"expected a number of at least 0, not {_kind(value)}")
        return float(value)

    def boolean(self, name: str, default: bool | None) -> bool | None:
        """Return true or false, or the default."""
        value = self.raw(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.error(name, f"expected true or false, not {_kind(value)}")
        return value

    def items(self, name: str) -> list[tuple[object, Path]]:
        """Return the entries of a list with their places; empty when it is not given."""
        value = self.raw(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(name, f"expected a list, not {_kind(value)}")
        return [(entry, (*self.path, name, position)) for position, entry in enumerate(value)]

    def sections(self, name: str) -> list[Section]:
        """Return a list of mappings; empty when it is not given."""
        return [Section(entry, path) for entry, path in self.items(name)]

    def section(self, name: str) -> Section | None:
        """Return a mapping, or None when it is not given."""
        value = self.raw(name)
        return None if value is None else Section(value, (*self.path, name))

    def finish(self) -> None:
        """Refuse keys that nobody read."""
        for name in self._values:
            if name not in self._read:
                known = ", ".join(sorted(self._read))
                raise ConfigError((*self.path, str(name)), f"is not known here; known are {known}")

    def error(self, name: str, problem: str) -> ConfigError:
        """Return a fault in one of the section's values."""
        return ConfigError((*self.path, name), problem)


def _kind(value: object) -> str:
    """Describe a wrong value; long ones only by their type, and never more than is needed to find it."""
    if value is None:
        return "nothing"
    return f"a {type(value).__name__}" if isinstance(value, Mapping | list) else repr(value)
