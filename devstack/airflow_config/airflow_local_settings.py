"""Lets task processes find the cloud SDKs loaded.

Airflow imports this module in each of its processes (documented under "Configuring local settings"). The scheduler's
LocalExecutor and a Celery worker fork a process per task, and importing the SDKs takes such a process longer than the
rest of its work; imported here, before any fork, they are there for free. The triggerer forks the process that runs
the triggers. The SDKs start no thread and open no socket when imported, so they are safe to fork. An SDK that is
missing shows where it is used, not here.
"""

import contextlib
import importlib
import sys

_SDK_MODULES = ("oss2", "alibabacloud_ram20150501.client", "alibabacloud_kms20160120.client")

if {"scheduler", "triggerer", "worker"} & set(sys.argv):
    for _name in _SDK_MODULES:
        with contextlib.suppress(ImportError):
            importlib.import_module(_name)

#: Airflow takes over every public name of this module as a setting: there is none.
__all__: list[str] = []
