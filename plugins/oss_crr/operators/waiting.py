"""What every step that waits has in common: when waiting began, and when the trigger may speak."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator, conf

from oss_crr.progress import Goal, WaitedRule
from oss_crr.triggers.rules import RuleTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

#: Key in the task's state store.
_STARTED = "waiting_since"
#: Beyond the deadline by this many seconds, Airflow itself ends the deferral: no triggerer was there to do it.
_GRACE_SECONDS = 120.0


def waiting_since(context: Context) -> float:
    """Return when the task began to wait, in UNIX time, the same for every retry."""
    store = context["task_state_store"]
    known = store.get(_STARTED)
    if isinstance(known, float):
        return known
    now = time.time()
    store.set(_STARTED, now)
    return now


def first_poll_after() -> float:
    """Return how many seconds a trigger has to stay silent.

    The worker's supervisor notices the end of the deferring process only at its next wake-up. A trigger that fires
    before makes the scheduler take the late report for the resumed task's, and fail it (Airflow issue 66374).
    """
    return conf.getfloat("workers", "min_heartbeat_interval", fallback=5.0) + 1.0


def defer_until(
    operator: BaseOperator, rules: Sequence[WaitedRule], goal: Goal, poke_interval: float, deadline: float
) -> None:
    """Hand the wait to a triggerer; the operator resumes in ``execute_complete``. Does not return.

    :param poke_interval: seconds between two polls.
    :param deadline: UNIX time at which waiting ends.
    """
    trigger = RuleTrigger([asdict(rule) for rule in rules], goal, poke_interval, first_poll_after(), deadline)
    timeout = timedelta(seconds=deadline - time.time() + _GRACE_SECONDS)
    operator.defer(trigger=trigger, method_name="execute_complete", timeout=timeout)
