"""What travels from task to task: outcomes, and errors with their class."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oss_crr import errors
from oss_crr.errors import (
    Conflict,
    InputError,
    NotFound,
    OssCrrError,
    PermanentError,
    PermissionDenied,
    Throttled,
    TransientError,
)
from oss_crr.outcome import Outcome, combined_error, describe_error, error_from, failed_pairs

CLASSES = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, OssCrrError)]
CLASSES.remove(OssCrrError)  # It is only caught, never raised.


def travel(data: Any) -> Any:
    """Send data the way XCom does."""
    return json.loads(json.dumps(data))


def failed(pair: str, error: OssCrrError) -> Outcome:
    return Outcome.failed(pair, "step", error)


# --- outcomes --------------------------------------------------------------------------------------------------------


def test_outcome_survives_the_way_between_tasks() -> None:
    outcome = Outcome("a → b", "create_role", "created", ("one", "two"), {"rule_id": "r"})
    assert Outcome.from_dict(travel(outcome.to_dict())) == outcome
    assert (outcome.ok, outcome.retryable) == (True, False)


def test_failed_outcome_survives_the_way_between_tasks() -> None:
    outcome = Outcome.failed("a → b", "create_role", Throttled("slowly", 3.0), {"k": [1]})
    assert Outcome.from_dict(travel(outcome.to_dict())) == outcome
    assert (outcome.ok, outcome.retryable, outcome.result, outcome.details) == (False, True, "failed", {"k": [1]})


@pytest.mark.parametrize(
    ("error", "retryable"), [(Throttled("x"), True), (TransientError("x"), True), (NotFound("x"), False)]
)
def test_retryable_is_decided_by_class(error: OssCrrError, retryable: bool) -> None:
    assert failed("p", error).retryable is retryable


def test_failed_pairs() -> None:
    good, bad = Outcome("good", "s", "created").to_dict(), failed("bad", NotFound("x")).to_dict()
    assert failed_pairs([[good, bad], None, [], [good]]) == {"bad"}
    assert failed_pairs([]) == set()


# --- errors ----------------------------------------------------------------------------------------------------------


def instance(cls: type[OssCrrError]) -> OssCrrError:
    return InputError(("field", "is wrong")) if cls is InputError else cls("what happened")


@pytest.mark.parametrize("cls", CLASSES)
def test_error_keeps_its_class_and_text(cls: type[OssCrrError]) -> None:
    error = instance(cls)
    rebuilt = error_from(travel(describe_error(error)))
    assert type(rebuilt) is cls
    assert str(rebuilt) == str(error)


def test_rebuilt_errors_have_the_attributes_of_their_class() -> None:
    throttled = error_from(describe_error(Throttled("slowly", 3.0)))
    refused = error_from(describe_error(InputError(("field", "is wrong"))))
    assert isinstance(throttled, Throttled)
    assert isinstance(refused, InputError)
    assert (throttled.retry_after, refused.problems, throttled.answer) == (None, (), None)


@pytest.mark.parametrize(("retryable", "base"), [(True, TransientError), (False, PermanentError)])
def test_error_of_an_unknown_class_stays_what_it_was(retryable: bool, base: type) -> None:
    rebuilt = error_from({"type": "FromAnotherVersion", "message": "m", "retryable": retryable})
    assert type(rebuilt) is base
    assert str(rebuilt) == "m"


# --- many failures ---------------------------------------------------------------------------------------------------


def test_single_failure_keeps_its_class() -> None:
    error = combined_error([Outcome("good", "s", "created"), failed("bad", PermissionDenied("may not"))])
    assert type(error) is PermissionDenied
    assert str(error) == "may not"


@pytest.mark.parametrize(
    ("second", "base"), [(Conflict("different"), PermanentError), (Throttled("slowly"), TransientError)]
)
def test_several_failures_are_named_by_pair(second: OssCrrError, base: type) -> None:
    error = combined_error([failed("one", NotFound("gone")), Outcome("two", "s", "ok"), failed("three", second)])
    assert type(error) is base
    assert str(error) == f"2 pairs failed:\none: gone\nthree: {second}"
