"""The one file in this folder that Airflow loads as a plugin; everything else is imported from the package.

``plugins/.airflowignore`` keeps Airflow from executing the package's files one by one under their bare names.
"""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from oss_crr.pages.mount import EXTERNAL_VIEWS, FASTAPI_APPS, listeners


class OssCrrPlugin(AirflowPlugin):
    """Shows the reports in the UI, and puts a line into a run's note; operators and triggers need no registration."""

    name = "oss_crr"
    fastapi_apps: ClassVar[list[Any]] = FASTAPI_APPS
    external_views: ClassVar[list[Any]] = EXTERNAL_VIEWS
    listeners: ClassVar[list[Any]] = listeners()
