"""``make demo``: the main job, from nothing to the proof, on this machine.

Starts the stack with two invented accounts, sets up replication between their buckets by the DAG ``oss_crr_setup``,
shows the run and its report, and keeps Airflow's UI running.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType
from typing import NoReturn

from devstack import cloud_config, ports
from devstack.api import FINAL_RUN_STATES, AirflowApi, TaskState
from devstack.cloud_config import DESTINATION, SOURCE, setup_conf
from devstack.display import RunDisplay, report_text
from devstack.errors import DevstackError, RunFailed
from devstack.settings import Settings
from devstack.stack import Stack

_DAG_ID = "oss_crr_setup"
_DAG_SECONDS = 60
_RUN_SECONDS = 300
_POLL_SECONDS = 0.5

_CLOSING = """
Airflow:  {url}   user admin, password {password}
          Open the DAG {dag}, press Trigger, and try your own values.

With your own accounts (the README tells more):
  1. Create one RAM user per account, with include/policies/caller-source.json and caller-destination.json as policies.
  2. In Airflow, under Admin > Connections, put their access keys and UIDs into oss_source and oss_destination,
     and remove "endpoint" from the extra fields.
  3. Trigger {dag} with your buckets and regions.
"""


def main() -> int:
    """Run the demo; return the exit status."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        settings = Settings.from_environment(os.environ)
        return _demo(settings, once=os.environ.get("ONCE", "") not in ("", "0"))
    except DevstackError as error:
        print(f"\nThe demo failed. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """End like Ctrl-C does, so that every process is ended on the way out."""
    raise KeyboardInterrupt


def _demo(settings: Settings, *, once: bool) -> int:
    ports.require_free(settings.airflow_port, "Airflow", "AIRFLOW_PORT")
    ports.require_free(settings.cloud_port, "the local cloud", "LOCALCLOUD_PORT")
    cloud_config.write(settings.cloud_config)
    started = time.monotonic()
    with Stack(settings, report=lambda step: print(f"Starting {step} ...", flush=True)) as stack:
        print(f"Everything runs after {time.monotonic() - started:.0f} s. Logs: {settings.log_folder}\n")
        succeeded = _set_up(stack)
        if not once:
            print(_CLOSING.format(url=settings.airflow_url, password=stack.keys.admin_password, dag=_DAG_ID))
            _idle(stack)
    return 0 if succeeded else 1


def _set_up(stack: Stack) -> bool:
    """Run the DAG and show what happens; say whether it succeeded."""
    api = stack.api()
    for side in (SOURCE, DESTINATION):
        api.put_connection(side.connection_id, "alibaba_cloud", side.connection_extra(stack.settings.cloud_url))
    stack.wait_for_dag(_DAG_ID, _DAG_SECONDS)
    for run_id in api.unfinished_runs(_DAG_ID):
        # Left by a demo that was ended in the middle: its tasks are gone.
        api.fail_run(_DAG_ID, run_id)
    api.unpause(_DAG_ID)
    print(
        f"Replicating {SOURCE.bucket} ({SOURCE.region}, account {SOURCE.uid}) "
        f"to {DESTINATION.bucket} ({DESTINATION.region}, account {DESTINATION.uid}):"
    )
    run_id = api.trigger(_DAG_ID, setup_conf())
    succeeded = _follow(stack, api, run_id) == "success"
    print(f"\n{_result(api, run_id, succeeded)}", flush=True)
    return succeeded


def _follow(stack: Stack, api: AirflowApi, run_id: str) -> str:
    """Show the run until it has ended, and return its state."""
    display = RunDisplay(sys.stdout)
    deadline = time.monotonic() + _RUN_SECONDS
    while time.monotonic() < deadline:
        stack.check()
        state = api.run_state(_DAG_ID, run_id)
        display.update(api.task_states(_DAG_ID, run_id), _copied(stack))
        if state in FINAL_RUN_STATES:
            display.close()
            return state
        time.sleep(_POLL_SECONDS)
    raise RunFailed(f"The run did not end within {_RUN_SECONDS} s. Logs: {stack.settings.log_folder}")


def _copied(stack: Stack) -> str:
    """How much of the source bucket has arrived."""
    buckets = stack.cloud_control("GET", "state")["buckets"]
    there, here = buckets[DESTINATION.bucket]["objects"], buckets[SOURCE.bucket]["objects"]
    return f"({there} of {here} objects copied, {there / max(here, 1):.0%})"


def _result(api: AirflowApi, run_id: str, succeeded: bool) -> str:
    tasks = api.task_states(_DAG_ID, run_id)
    if succeeded:
        report = api.xcom(_DAG_ID, run_id, "report")
        return f"Report\n{report_text(report, [task.task_id for task in tasks])}"
    failed = [task for task in tasks if task.state == "failed"]
    return "\n".join(["The run failed.", *(_failure(api, run_id, task) for task in failed)])


def _failure(api: AirflowApi, run_id: str, task: TaskState) -> str:
    errors = api.errors(_DAG_ID, run_id, task)
    return "\n".join([f"  {task.task_id}:", *(f"    {line}" for line in errors)])


def _idle(stack: Stack) -> None:
    """Keep everything running until Ctrl-C."""
    print("Press Ctrl-C to stop.", flush=True)
    try:
        while True:
            stack.check()
            time.sleep(1)
    except KeyboardInterrupt:
        print("\nStopping ...", flush=True)


if __name__ == "__main__":
    sys.exit(main())
