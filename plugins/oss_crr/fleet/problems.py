"""What is wrong, or worth a word, in an inventory. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an inventory, or worth a word.

    :param line: where in the file; 0 for the file as a whole.
    :param pair: name of the pair it is about; empty when it is about none.
    :param field: the field it is about; empty when it is about none.
    """

    line: int
    pair: str
    field: str
    text: str

    def located(self, path: Path) -> str:
        """Return the problem as ``file:line: pair, field: problem``, which editors turn into a link."""
        place = f"{path}:{self.line}" if self.line else str(path)
        subject = ", ".join(part for part in (self.pair, self.field) if part)
        return f"{place}: {subject}: {self.text}" if subject else f"{place}: {self.text}"


def suggestion(given: str, known: Collection[str]) -> str:
    """Return the end of a sentence that says what was probably meant."""
    close = get_close_matches(given, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(sorted(known))}"
