"""What the plugin registers with Airflow, at no cost for those who only load the plugin.

Airflow 3.3 puts a view's page into a frame (``sandbox="allow-scripts allow-same-origin allow-forms allow-downloads"``)
and fills the placeholders of ``href`` with URI-encoded values. The addresses are relative, so that they also work
where Airflow lives below a path.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

PREFIX = "/oss_crr"

_Message = MutableMapping[str, Any]


class LazyApp:
    """An ASGI application that is imported when its first request comes."""

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        """Hand the request over."""
        from oss_crr.pages.app import app

        await app(scope, receive, send)


FASTAPI_APPS: list[dict[str, Any]] = [{"app": LazyApp(), "url_prefix": PREFIX, "name": "OSS replication reports"}]

_RUN = f"{PREFIX[1:]}/report?dag_id={{DAG_ID}}&run_id={{RUN_ID}}"

#: One tab beside a run's tasks, the same beside each task, one beside a DAG, and one entry in the menu.
EXTERNAL_VIEWS: list[dict[str, Any]] = [
    {"name": "Bucket pairs", "href": _RUN, "destination": "dag_run", "url_route": "oss-crr-run"},
    {"name": "Bucket pairs", "href": _RUN, "destination": "task_instance", "url_route": "oss-crr-task"},
    {
        "name": "Bucket pairs",
        "href": f"{PREFIX[1:]}/report?dag_id={{DAG_ID}}",
        "destination": "dag",
        "url_route": "oss-crr-dag",
    },
    {
        "name": "OSS replication",
        "href": f"{PREFIX[1:]}/",
        "destination": "nav",
        "category": "browse",
        "url_route": "oss-crr",
    },
]


def listeners() -> list[Any]:
    """Return the listeners of this process: only a scheduler has one, see :mod:`oss_crr.pages.note`."""
    if "scheduler" not in sys.argv[:2]:
        return []
    import multiprocessing

    if multiprocessing.parent_process() is not None:
        # A worker of LocalExecutor.
        return []
    from oss_crr.pages.note import NOTE

    return [NOTE]
