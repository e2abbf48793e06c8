"""What can go wrong while the stack is started or used, each with a text for a person.

DevstackError
    PortInUse           another program listens on a port that the stack needs
    StartFailed         a part ended, or was not healthy in time
    ApiError            Airflow's REST API refused a request
    RunFailed           the DAG run did not succeed
    NotAsExpected       a step of the demo gave something else than it should
"""

from __future__ import annotations


class DevstackError(Exception):
    """Anything that the demo shows as one message, without a stack trace."""


class PortInUse(DevstackError):
    """Another program listens on a port that the stack needs."""


class StartFailed(DevstackError):
    """A part of the stack ended by itself, or was not healthy in time."""


class ApiError(DevstackError):
    """Airflow's REST API refused a request.

    :param status: HTTP status of the answer; 0 when there was no answer.
    :param message: what was asked, and what Airflow answered.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class RunFailed(DevstackError):
    """The DAG run did not succeed, or not in time."""


class NotAsExpected(DevstackError):
    """A step of the demo gave something else than it should."""
