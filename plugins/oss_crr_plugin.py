"""The one file in this folder that Airflow loads as a plugin; everything else is imported from the package.

``plugins/.airflowignore`` keeps Airflow from executing the package's files one by one under their bare names.
"""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin


class OssCrrPlugin(AirflowPlugin):
    """Makes the package show up under Admin → Plugins; operators and triggers need no registration."""

    name = "oss_crr"
