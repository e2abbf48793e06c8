"""The last step of ``docker compose --profile demo up``: set the demo's pair of buckets up in the running cluster.

Runs in a container of its own, beside an Airflow and a local cloud that somebody else has started.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping

from devstack.api import AirflowApi
from devstack.cloud_config import DESTINATION, SOURCE, setup_conf
from devstack.errors import DevstackError, RunFailed

_DAG_ID = "oss_crr_setup"
_DAG_SECONDS = 300.0
_RUN_SECONDS = 600.0


def main(environment: Mapping[str, str]) -> int:
    """Set the pair up.

    :param environment: ``AIRFLOW_URL`` and ``AIRFLOW_ADMIN_PASSWORD``; ``LOCALCLOUD_URL`` as Airflow's tasks reach it.
    :returns: exit status.
    """
    api = AirflowApi(environment["AIRFLOW_URL"], environment["AIRFLOW_ADMIN_PASSWORD"])
    try:
        api.login()
        set_up(api, environment["LOCALCLOUD_URL"])
    except (DevstackError, TimeoutError) as error:
        print(f"The try-out failed. {error}", file=sys.stderr)
        return 1
    finally:
        api.close()
    print(
        f"{SOURCE.bucket} is replicated to {DESTINATION.bucket}. Open Airflow as admin, and see the run of {_DAG_ID}."
    )
    return 0


def set_up(api: AirflowApi, cloud_url: str) -> None:
    """Create the connections, and run the setup of their pair.

    :param api: a client that is logged in.
    :param cloud_url: the local cloud's address, for Airflow's tasks.
    :raises RunFailed: the run ended in failure.
    :raises TimeoutError: Airflow did not read the DAG, or did not end the run, in time.
    """
    for side in (SOURCE, DESTINATION):
        api.put_connection(side.connection_id, "alibaba_cloud", side.connection_extra(cloud_url))
    _wait_for_dag(api)
    api.unpause(_DAG_ID)
    run_id = api.trigger(_DAG_ID, setup_conf())
    if api.wait(_DAG_ID, run_id, _RUN_SECONDS, poll_seconds=1) != "success":
        raise RunFailed(f"Run {run_id} of {_DAG_ID} failed; its tasks' logs tell why.")


def _wait_for_dag(api: AirflowApi) -> None:
    deadline = time.monotonic() + _DAG_SECONDS
    while not api.has_dag(_DAG_ID):
        if time.monotonic() > deadline:
            raise TimeoutError("\n".join([f"Airflow has no DAG {_DAG_ID}.", *api.import_errors()]))
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main(os.environ))
