"""The form of a verification: which pairs, what is looked at, and whether drift is repaired."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from oss_crr.fleet.form import InventoryView, selection_params

_WHAT = "What is verified"
_REPAIR = "Repair"

#: What a run does about drift.
REPAIR_MODES = {
    "report": "report it only",
    "plan": "show what a repair would write",
    "apply": "write what drifted, and verify again",
}
#: Objects that a run lists on each side of a pair; the next one goes on from there.
MAX_OBJECTS = 10_000


def verify_params(view: InventoryView) -> dict[str, Any]:
    """Return all parameters of a run. Each has a default: Airflow's schedule gives none."""
    return {
        **selection_params(view),
        "canary": _switch(
            "Send a test object",
            "Writes a small object at the source, waits until it arrives, and removes it on both sides. Pairs whose "
            "inventory entry says so get none.",
        ),
        "compare": _switch("Compare the objects", "Lists both sides and reports what is missing or different."),
        "max_objects": Param(
            MAX_OBJECTS,
            type="integer",
            minimum=1,
            title="Objects to compare",
            description_md="So many objects of each pair are compared in this run; the next run goes on from there.",
            section=_WHAT,
        ),
        "repair": Param(
            "report",
            type="string",
            enum=list(REPAIR_MODES),
            values_display=REPAIR_MODES,
            title="What to do about drift",
            description_md="A repair writes only what differs from what the pair asks for.",
            section=_REPAIR,
        ),
        "remove_extra": Param(
            False,
            type="boolean",
            title="Take away extra rights, too",
            description_md="With a repair: rights that nobody asked for are removed as well. Somebody may need them.",
            section=_REPAIR,
        ),
    }


def _switch(title: str, help_text: str) -> Param:
    return Param(True, type="boolean", title=title, description_md=help_text, section=_WHAT)
