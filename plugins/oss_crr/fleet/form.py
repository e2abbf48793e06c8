"""What the DAGs that work on a fleet show of the inventory: the choices in the form, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow.sdk import Param, get_parsing_context

from oss_crr.errors import InventoryError
from oss_crr.fleet.batches import FEWEST_PAIRS, MOST_PAIRS
from oss_crr.fleet.file import load_fleet

_WHICH = None
_RUN = "This run"
#: How many problems the DAG's page shows; the task `resolve` names all.
_MAX_SHOWN = 20


@dataclass(frozen=True)
class InventoryView:
    """What is shown of the inventory.

    :param names: names of the pairs, sorted: what changes from reading to reading would make a new version of the DAG
        each time.
    :param note: Markdown for the DAG's page: how many pairs there are, or what is wrong.
    """

    names: tuple[str, ...] = ()
    note: str = ""


def view_inventory() -> InventoryView:
    """Read the inventory for a DAG file; a broken one must not make the DAG disappear.

    A task process reads the DAG file, too, and shows it to nobody: it does not read the inventory.
    """
    if get_parsing_context().task_id:
        return InventoryView()
    try:
        fleet = load_fleet()
    except InventoryError as error:
        lines = [*error.lines[:_MAX_SHOWN], *(["…"] if len(error.lines) > _MAX_SHOWN else [])]
        listed = "\n".join(["```", *lines, "```"])
        return InventoryView(note=f"**The inventory cannot be used**, so a run would fail at once:\n\n{listed}\n")
    warned = "".join(f"- {warning}\n" for warning in fleet.warnings[:_MAX_SHOWN])
    note = f"The inventory `{fleet.path}` holds {len(fleet.entries)} pairs.\n"
    return InventoryView(tuple(sorted(fleet.names)), f"{note}\n{warned}" if warned else note)


def selection_params(view: InventoryView) -> dict[str, Any]:
    """Return the parameters that choose pairs: by name and by pattern."""
    return {
        "pairs": Param(
            [],
            type=["null", "array"],
            items={"type": "string"},
            examples=list(view.names),
            title="Pairs",
            description_md="Only these pairs of the inventory. None chosen: all of them.",
            section=_WHICH,
        ),
        "pattern": Param(
            None,
            type=["null", "string"],
            title="Pattern",
            description_md="Only pairs whose whole name is like this; an asterisk stands for any text.",
            section=_WHICH,
        ),
        "batch_size": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=1000,
            title="Pairs in a batch",
            description_md="Each step handles a batch in one task. Larger is faster, smaller is easier to follow. "
            f"Empty: {FEWEST_PAIRS}, and up to {MOST_PAIRS} in a large fleet. Pairs that share a document stay "
            "together, whatever the size.",
            section=_RUN,
        ),
    }


def fleet_params(view: InventoryView) -> dict[str, Any]:
    """Return all parameters of a run that sets a fleet up."""
    return {
        **selection_params(view),
        "plan_only": Param(
            False,
            type="boolean",
            title="Plan only",
            description_md="Check everything and show what would be written, and write nothing.",
            section=_RUN,
        ),
        "wait_for_history": Param(
            True,
            type="boolean",
            title="Wait for the history",
            description_md="Off: the run ends when replication is on; nothing is verified.",
            section=_RUN,
        ),
    }
