"""What the steps of a verification ask of Airflow, for their tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from oss_crr.operators.verify_resolve import TRENDS

PAIR_FIELDS = {"source_region": "cn-hangzhou", "destination_region": "cn-beijing"}


class FakeStateStore:
    """The state of one asset, kept as text as a database does."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def get(self, key: str, default: Any = None) -> Any:
        return json.loads(self.values[key]) if key in self.values else default

    def set(self, key: str, value: Any) -> None:
        self.values[key] = json.dumps(value)


@dataclass
class FakeTaskInstance:
    """Answers what the steps ask Airflow for.

    :param xcoms: return values by task id; of a mapped task a list of each instance's.
    :param keyed: other values by task id and key.
    :param states: states by task id, with the map index as Airflow writes it.
    """

    xcoms: Mapping[str, Any] = field(default_factory=dict)
    keyed: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    try_number: int = 1
    max_tries: int = 0
    map_index: int = 0
    dag_id: str = "dag"
    run_id: str = "run"
    pushed: dict[str, Any] = field(default_factory=dict)

    def xcom_pull(self, task_ids: str | list[str], key: str = "return_value", map_indexes: int | None = None) -> Any:
        if isinstance(task_ids, list):
            return [value for task in task_ids for value in self.xcoms.get(task, [None])]
        if key != "return_value":
            return self.keyed.get((task_ids, key))
        found = self.xcoms.get(task_ids)
        return found if map_indexes is None else (found or {}).get(map_indexes)

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value

    def get_task_states(self, dag_id: str, *, run_ids: Sequence[str], **_: Any) -> dict[str, dict[str, str]]:
        assert (dag_id, list(run_ids)) == (self.dag_id, [self.run_id])
        return {self.run_id: dict(self.states)}


def make_context(
    ti: FakeTaskInstance | None = None, store: FakeStateStore | None = None, conf: Any = None, **more: Any
) -> Any:
    """Return the context of a task."""
    return {
        "ti": ti or FakeTaskInstance(),
        "params": more.pop("params", {}),
        "dag_run": SimpleNamespace(conf=conf, run_type=more.pop("run_type", "manual")),
        "asset_state_store": {TRENDS: store or FakeStateStore()},
        **more,
    }


def inventory(folder: Path, *names: str, **fields: Any) -> Path:
    """Write an inventory of pairs with these names."""
    pairs = [
        {"name": name, "source_bucket": f"{name}-src", "destination_bucket": f"{name}-dst", **PAIR_FIELDS, **fields}
        for name in names
    ]
    path = folder / "fleet.yaml"
    path.write_text(yaml.safe_dump({"pairs": pairs}), encoding="utf-8")
    return path
