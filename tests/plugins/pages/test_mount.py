"""What the plugin costs those who only load it, and what it registers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from oss_crr.pages import mount
from tests.plugins.test_imports import loaded_after, of


def test_loading_the_plugin_loads_nothing_of_the_pages() -> None:
    """Every task's process loads the plugin."""
    names = loaded_after("import oss_crr.pages.mount")

    assert of(names, "airflow", "fastapi", "jinja2", "sqlalchemy", "oss_crr.hooks") == []
    assert [name for name in names if name.startswith("oss_crr.")] == ["oss_crr.pages", "oss_crr.pages.mount"]


def test_every_view_has_an_address_of_its_own_below_the_application() -> None:
    views = mount.EXTERNAL_VIEWS

    assert {view["destination"] for view in views} == {"nav", "dag", "dag_run", "task_instance"}
    assert len({view["url_route"] for view in views}) == len(views)
    for view in views:
        assert view["href"].startswith("oss_crr/"), "relative: Airflow may live below a path"


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        (["airflow", "scheduler", "--skip-serve-logs"], 1),
        (["airflow", "dag-processor"], 0),
        (["airflow", "api-server"], 0),
        (["airflow", "celery", "worker"], 0),
        (["airflow", "dags", "trigger", "scheduler"], 0),
    ],
)
def test_only_a_scheduler_has_a_listener(monkeypatch: pytest.MonkeyPatch, arguments: list[str], number: int) -> None:
    monkeypatch.setattr(sys, "argv", arguments)

    assert len(mount.listeners()) == number


def test_processes_that_a_scheduler_forks_have_no_listener(tmp_path: Path) -> None:
    """They read DAG files of others, which Airflow may refuse in a process with a listener."""
    code = """
import os, sys
sys.argv = ["airflow", "scheduler"]
from airflow.listeners.listener import get_listener_manager
from oss_crr.pages import mount
manager = get_listener_manager()
for listener in mount.listeners():
    manager.add_listener(listener)
assert manager.has_listeners
child = os.fork()
if not child:
    os._exit(manager.has_listeners)
assert os.waitpid(child, 0)[1] == 0, "the child has a listener"
assert manager.has_listeners
"""
    home = str(tmp_path)
    names = loaded_after(code, AIRFLOW_HOME=home, HOME=home, AIRFLOW__CORE__LOAD_EXAMPLES="False")

    assert "airflow.listeners.listener" in names
