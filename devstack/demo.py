"""``make demo``: the main job, from nothing to the proof, on this machine.

Starts the stack with invented accounts. By default, one pair of buckets is set up, broken, verified and repaired; with
``FLEET=1``, fifty pairs are set up in one run. Then Airflow's UI keeps running.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from types import FrameType
from typing import NoReturn

from devstack import one_pair, ports
from devstack.errors import DevstackError
from devstack.fleet_demo import FleetDemo
from devstack.fleet_world import FleetWorld
from devstack.one_pair import OnePair
from devstack.settings import Settings
from devstack.stack import Stack

_CLOSING = """
Airflow:  {url}   user admin, password {password}
          Menu Browse > OSS replication shows all runs with their results.
          The inventory of oss_crr_fleet and oss_crr_verify is {fleet_file}

With your own accounts (the README tells more):
  1. Create one RAM user per account, with include/policies/caller-source.json and caller-destination.json as policies.
  2. In Airflow, under Admin > Connections, put their access keys and UIDs into oss_source and oss_destination,
     and remove "endpoint" from the extra fields.
  3. Trigger oss_crr_setup with your buckets and regions.
"""


def main() -> int:
    """Run the demo; return the exit status."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        settings = Settings.from_environment(os.environ)
        return _demo(settings, once=_is_on("ONCE"), fleet=_is_on("FLEET"))
    except DevstackError as error:
        print(f"\nThe demo failed. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130


def _is_on(variable: str) -> bool:
    return os.environ.get(variable, "") not in ("", "0")


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """End like Ctrl-C does, so that every process is ended on the way out."""
    raise KeyboardInterrupt


def _demo(settings: Settings, *, once: bool, fleet: bool) -> int:
    ports.require_free(settings.airflow_port, "Airflow", "AIRFLOW_PORT")
    ports.require_free(settings.cloud_port, "the local cloud", "LOCALCLOUD_PORT")
    world = FleetWorld()
    if fleet:
        folder = settings.state_folder
        settings = replace(settings, cloud_config=folder / "fleet-cloud.yaml", fleet_file=folder / "fleet-of-50.yaml")
        world.write(settings)
    else:
        one_pair.prepare(settings)
    started = time.monotonic()
    with Stack(settings, report=lambda step: print(f"Starting {step} ...", flush=True)) as stack:
        print(f"Everything runs after {time.monotonic() - started:.0f} s. Logs: {settings.log_folder}\n", flush=True)
        succeeded = _tell(FleetDemo(stack, world) if fleet else OnePair(stack), settings)
        if not once:
            closing = {"url": settings.airflow_url, "password": stack.keys.admin_password}
            print(_CLOSING.format(**closing, fleet_file=settings.fleet_file))
            _idle(stack)
    return 0 if succeeded else 1


def _tell(story: OnePair | FleetDemo, settings: Settings) -> bool:
    """Take the steps; say whether each gave what it should. Airflow stays, so that one can look at what did not."""
    succeeded = True
    try:
        story.tell()
    except DevstackError as error:
        print(f"\nThe demo failed. {error}", file=sys.stderr, flush=True)
        succeeded = False
    print("\nThe reports as pages in Airflow:")
    for run in story.runs:
        print(f"  {run.dag_id:16} {run.page(settings.airflow_url)}", flush=True)
    return succeeded


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
