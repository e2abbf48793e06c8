"""Lets task processes find the package and the cloud SDKs loaded.

Airflow imports this module in each of its processes (documented under "Configuring local settings"), if it is in
``$AIRFLOW_HOME/config``. The scheduler's LocalExecutor and a Celery worker fork a process per task, and importing takes
such a process longer than the rest of its work; imported here, before any fork, everything is there for free. The
triggerer forks the process that runs the triggers. Nothing of this starts a thread or opens a socket when imported, so
it is safe to fork. What cannot be imported shows where it is used, not here.

The price: scheduler, workers and triggerer have to be restarted to see changed files of ``plugins/``.
"""

import contextlib
import importlib
import pkgutil
import sys

_SDK_MODULES = ("oss2", "alibabacloud_ram20150501.client", "alibabacloud_kms20160120.client")
_PACKAGE_MODULES = ("oss_crr.pipeline", "oss_crr.form", "oss_crr.hooks.account")
#: Everything in these is imported by the DAG files, by their tasks, or by the triggerer.
_PACKAGES = tuple(
    f"oss_crr.{name}" for name in ("fleet", "operators", "sensors", "teardown", "triggers", "verification")
)


def _load_ahead() -> None:
    for name in (*_SDK_MODULES, *_PACKAGE_MODULES, *_PACKAGES):
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    for name in _PACKAGES:
        for found in pkgutil.iter_modules(getattr(sys.modules.get(name), "__path__", ()), f"{name}."):
            with contextlib.suppress(Exception):
                importlib.import_module(found.name)


if {"scheduler", "triggerer", "worker"} & set(sys.argv):
    _load_ahead()

#: Airflow takes over every public name of this module as a setting: there is none.
__all__: list[str] = []
