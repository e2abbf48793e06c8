"""Tell people about pairs whose health has changed, by Airflow's own notifiers.

Which notifiers is configuration: the Airflow variable ``oss_crr_notifiers`` (or the environment variable
``AIRFLOW_VAR_OSS_CRR_NOTIFIERS``) holds a JSON list, one object for each. Its member ``notifier`` names a class that is
a :class:`airflow.sdk.BaseNotifier`, such as those of Airflow's providers; the others are arguments of that class. Where
the class renders them as templates, these know ``oss_crr``: ``summary``, ``text`` and ``changes``.
"""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import BaseNotifier, Variable

from oss_crr.errors import InputError
from oss_crr.verification.model import Health
from oss_crr.verification.table import Row, table

if TYPE_CHECKING:
    from airflow.sdk import Context

_LOG = logging.getLogger(__name__)

#: The Airflow variable with the notifiers.
NOTIFIERS_VARIABLE = "oss_crr_notifiers"


@dataclass(frozen=True)
class Change:
    """A pair whose health has changed, or that was repaired.

    :param before: its health in the verification before; None when it is verified for the first time.
    :param row: its row of the report.
    """

    before: Health | None
    row: Row

    def __str__(self) -> str:
        """Say it in a few words."""
        before = f", was {self.before}" if self.before else ""
        return f"{self.row['pair']} is {self.row['health']}{before}"


def message(changes: Sequence[Change]) -> dict[str, Any]:
    """Return what a notifier's templates know as ``oss_crr``."""
    first = str(changes[0])
    return {
        "summary": first if len(changes) == 1 else f"{first}, and {len(changes) - 1} more",
        "text": table([change.row for change in changes]),
        "changes": [{**change.row, "before": change.before} for change in changes],
    }


def notify(context: Context, changes: Sequence[Change]) -> None:
    """Call every notifier, if there is something to tell.

    A notifier that fails is logged: neither another one nor the verification's own result may depend on it.
    """
    if not changes:
        return
    for change in changes:
        _LOG.info("News: %s", change)
    try:
        # Not by Airflow's own reading of JSON: it hides an error in the environment's variable.
        declared = json.loads(Variable.get(NOTIFIERS_VARIABLE, default="[]"))
        notifiers = [load_notifier(number, item) for number, item in enumerate(declared, 1)]
    except ValueError as error:
        _LOG.error("Nobody is told: the variable `%s` is wrong: %s", NOTIFIERS_VARIABLE, error)
        return
    for notifier in notifiers:
        _call(notifier, cast("Context", {**context, "oss_crr": message(changes)}))


def load_notifier(number: int, declared: Any) -> BaseNotifier:
    """Make the notifier that an item of the variable declares.

    :param number: which item it is, from 1 on.
    :raises InputError: it is not an object that names a notifier, or its arguments do not fit.
    """
    where = f"{NOTIFIERS_VARIABLE}[{number}]"
    if not isinstance(declared, Mapping) or not isinstance(declared.get("notifier"), str):
        raise InputError((where, 'must be an object like {"notifier": "package.module.Class", ...}'))
    path = declared["notifier"]
    found = _import(where, path)
    # Whoever may edit variables must not be able to call just anything.
    if not (isinstance(found, type) and issubclass(found, BaseNotifier)):
        raise InputError((where, f"{path} is no notifier: it has to be a subclass of airflow.sdk.BaseNotifier"))
    try:
        return found(**{name: value for name, value in declared.items() if name != "notifier"})
    except TypeError as error:
        raise InputError((where, f"{path} does not take these arguments: {error}")) from error


def _import(where: str, path: str) -> object:
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError((where, f"{path} cannot be imported: {error}")) from error


def _call(notifier: BaseNotifier, context: Context) -> None:
    try:
        notifier(context)
    except Exception:  # noqa: BLE001 - whatever goes wrong in somebody else's notifier
        _LOG.exception("%s failed", type(notifier).__name__)
    else:
        _LOG.info("Told %s", type(notifier).__name__)
