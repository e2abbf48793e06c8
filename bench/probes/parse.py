"""How long Airflow needs to read DAG files in a fresh process, and what that loads.

Arguments: folders of DAG files, read one after another; the first one also pays for what all of them share.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

#: Packages of the vendor's SDKs, and of what they bring along.
_SDK_PREFIXES = ("oss2", "alibabacloud_", "Tea", "darabonba", "aliyunsdkcore", "crcmod")


def main(folders: list[str]) -> None:
    """Read the folders, and print what was measured."""
    started = time.perf_counter()
    from airflow.dag_processing.dagbag import DagBag

    imported = time.perf_counter() - started
    found = [_read(DagBag, folder) for folder in folders]
    sdks = sorted({name.split(".")[0] for name in sys.modules if name.startswith(_SDK_PREFIXES)})
    print(json.dumps({"airflow_import_seconds": imported, "folders": found, "sdk_packages": sdks}))


def _read(dag_bag: Any, folder: str) -> dict[str, Any]:
    before = set(sys.modules)
    started, used = time.perf_counter(), time.process_time()
    bag = dag_bag(dag_folder=folder)
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    if bag.import_errors:
        raise RuntimeError(f"import errors: {bag.import_errors}")
    return {
        "seconds": seconds,
        "cpu": cpu,
        "modules": len(set(sys.modules) - before),
        "dags": {dag_id: [_task(task) for task in dag.tasks] for dag_id, dag in bag.dags.items()},
    }


def _task(task: Any) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "upstream": sorted(task.upstream_task_ids),
        "trigger_rule": str(task.trigger_rule.value),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
