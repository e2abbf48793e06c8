"""What a step did for a pair: the plain data that travels from task to task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from oss_crr.errors import OssCrrError, PermanentError, TransientError


@dataclass(frozen=True)
class Outcome:
    """The result of one step for one pair.

    :param pair: the pair's name.
    :param step: the step's name, which is also the task's.
    :param result: ``created``, ``updated``, ``adopted``, ``in order``, or a word of the step's own.
    :param changes: what was written and why, a sentence each.
    :param details: JSON data for later steps and the report.
    :param error: None when all went well; else ``type`` (class name), ``message`` and ``retryable``.
    """

    pair: str
    step: str
    result: str
    changes: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """Tell whether the pair may go on to the next step."""
        return self.error is None

    @property
    def retryable(self) -> bool:
        """Tell whether trying the step again may help."""
        return bool(self.error and self.error["retryable"])

    @classmethod
    def failed(cls, pair: str, step: str, error: OssCrrError, details: dict[str, Any] | None = None) -> Outcome:
        """Make the outcome of a step that failed for a pair."""
        return cls(pair, step, "failed", details=details or {}, error=describe_error(error))

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as JSON data."""
        return {**asdict(self), "changes": list(self.changes)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Outcome:
        """Rebuild from :meth:`to_dict`."""
        return cls(**{**data, "changes": tuple(data["changes"])})


def failed_pairs(steps: Iterable[Sequence[Mapping[str, Any]] | None]) -> set[str]:
    """Return the names of pairs that failed in any of several steps' outputs (None: the step did not run)."""
    return {outcome["pair"] for step in steps for outcome in step or () if outcome["error"]}


def combined_error(outcomes: Sequence[Outcome]) -> OssCrrError:
    """Make one exception of all failures; retryable when any of them is.

    A single failure keeps its own class, so that Airflow's log names it.
    """
    failures = [outcome for outcome in outcomes if outcome.error]
    lines = [str(outcome.error["message"]) for outcome in failures if outcome.error]
    if len(failures) == 1:
        return error_from(failures[0].error or {})
    base = TransientError if any(outcome.retryable for outcome in failures) else PermanentError
    named = [f"{outcome.pair}: {line}" for outcome, line in zip(failures, lines, strict=True)]
    return base(f"{len(failures)} pairs failed:\n" + "\n".join(named))


def describe_error(error: OssCrrError) -> dict[str, Any]:
    """Return an error as JSON data: ``type`` (class name), ``message`` and ``retryable``."""
    return {"type": type(error).__name__, "message": str(error), "retryable": isinstance(error, TransientError)}


def error_from(described: Mapping[str, Any]) -> OssCrrError:
    """Return a described error as an exception of its own class."""
    known = {cls.__name__: cls for cls in _subclasses(OssCrrError)}
    cls = known.get(described["type"], TransientError if described["retryable"] else PermanentError)
    # Not by the constructor: some classes take other arguments than the message.
    error = cls.__new__(cls)
    error.args = (described["message"],)
    return error


def _subclasses(cls: type[OssCrrError]) -> Iterable[type[OssCrrError]]:
    for child in cls.__subclasses__():
        yield child
        yield from _subclasses(child)
