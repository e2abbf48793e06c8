"""The trigger form of the teardown: pairs of the inventory, or one pair by its fields."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from oss_crr.fleet.form import InventoryView
from oss_crr.form import SETUP_PARAMS
from oss_crr.regions import REGIONS

_PAIR = "A pair that is not in the inventory"
_RUN = "This run"
#: Fields by which the pair's rule, role and grants are found; the other fields of a setup make no difference.
_CHOICES = ("role_permissions", "replicate_kms_objects", "kms_permissions")
_TEXTS = ("kms_key_arn", "kms_instance_id", "source_conn_id", "destination_conn_id", "source_uid", "destination_uid")


def teardown_params(view: InventoryView) -> dict[str, Any]:
    """Return the form's parameters."""
    return {
        "pairs": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            examples=list(view.names),
            title="Pairs of the inventory",
            description_md="Whose replication is stopped and taken back. Or leave it empty and enter one pair below.",
        ),
        "plan_only": _switch(False, "Plan only", "Show what would be taken back, and take nothing back."),
        "approve": _switch(
            True, "Ask for an approval", "Off: what the plan shows is taken back without waiting for anybody."
        ),
        "remove_adopted": _switch(
            False,
            "Delete adopted rules",
            "A rule that was there before the setup stays, and with it all it may need. On: it is deleted as well.",
        ),
        **{f"{side}_{what}": _place(side, what) for side in ("source", "destination") for what in ("bucket", "region")},
        "role_name": _text("role_name", "As it was given to the setup; empty if none was."),
        "replication_policy": _moved("replication_policy"),
        **{name: _moved(name) for name in _CHOICES},
        **{name: _moved(name) for name in _TEXTS},
    }


def _switch(default: bool, title: str, help_text: str) -> Param:
    return Param(default, type="boolean", title=title, description_md=help_text, section=_RUN)


def _place(side: str, what: str) -> Param:
    examples: list[Any] = list(REGIONS) if what == "region" else []
    return Param(None, type=["null", "string"], title=f"{side.capitalize()} {what}", section=_PAIR, examples=examples)


def _text(name: str, help_text: str) -> Param:
    title = SETUP_PARAMS[name].schema["title"]
    return Param(None, type=["null", "string"], title=title, description_md=help_text, section=_PAIR)


def _moved(name: str) -> Param:
    """Return a field of the setup's form, in the section for the pair."""
    param = SETUP_PARAMS[name]
    return Param(param.value, **{**param.schema, "section": _PAIR})
