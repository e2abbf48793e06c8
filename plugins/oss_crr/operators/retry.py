"""Which errors Airflow retries: decided by class, never by text."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

#: Permanent errors fail at once, whatever retries are left; everything else follows the task's settings.
RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="oss_crr.errors.PermanentError",
            action=RetryAction.FAIL,
            reason="a retry cannot help: somebody has to change what the error names",
        ),
        RetryRule(
            exception="oss_crr.errors.Throttled",
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=60),
            reason="the service asks for fewer requests",
        ),
        RetryRule(
            exception="oss_crr.errors.TransientError",
            action=RetryAction.RETRY,
            reason="the same call may succeed later",
        ),
    ]
)

RETRIES = 4
RETRY_DELAY = timedelta(seconds=15)
