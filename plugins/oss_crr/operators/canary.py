"""The steps that send test objects through the pairs of a batch, and that remove them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import conf
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferralTimeout

from oss_crr.errors import ServiceUnavailable
from oss_crr.operators.targets import TargetsOperator
from oss_crr.operators.waiting import first_poll_after
from oss_crr.outcome import Outcome, combined_error
from oss_crr.triggers.canary import CanaryTrigger
from oss_crr.verification.canary import Canary, Sight
from oss_crr.verification.canary_cleanup import clean_all
from oss_crr.verification.canary_keys import Nest, nest
from oss_crr.verification.canary_run import Flight, launch, proceed, why_not
from oss_crr.verification.target import Target

if TYPE_CHECKING:
    from airflow.sdk import Context

#: Beyond the deadline by this many seconds, Airflow itself ends the deferral: no triggerer was there to do it.
_GRACE_SECONDS = 120.0


class _NestOperator(TargetsOperator):
    """A step that knows where test objects live."""

    def nests(self, context: Context) -> list[tuple[Target, Nest]]:
        """Return the pairs, each with where its test objects live."""
        # Test objects of another Airflow that verifies the same pair are not ours to remove while they are young.
        watcher = f"{conf.get('api', 'base_url', fallback='')} {context['dag'].dag_id}"
        return [(target, nest(target.entry, watcher)) for target in self.targets()]


class CanaryOperator(_NestOperator):
    """Send a test object through each pair that allows it, and look at the destination without holding a worker slot.

    What is written and deleted at the source is done here; looking is a trigger's, one for the whole batch. A try that
    follows another one begins anew, by removing what that one left.

    The output is one dictionary per pair: ``pair``, ``findings`` and ``measures``.

    :param poll_interval: seconds between two looks at most; the first ones follow more closely.
    """

    ui_color = "#fdf3d8"

    def __init__(self, *, poll_interval: float = 15.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.poll_interval = poll_interval

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Remove left-overs, write the first objects, and wait for them."""
        return self._wait_for(launch(self.accounts, self.nests(context)))

    def execute_complete(
        self, context: Context, event: Mapping[str, Any], flights: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Take every test object one stage further, or to its end."""
        sights = {pair: Sight.from_dict(item) for pair, item in event["sights"].items()}
        return self._wait_for(proceed(self.accounts, [Flight.from_dict(item) for item in flights], sights))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Say what happened when Airflow had to end the deferral itself."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout as error:
            raise ServiceUnavailable("no answer from the triggerer: check that a triggerer is running") from error

    def _wait_for(self, flights: Sequence[Flight]) -> list[dict[str, Any]]:
        under_way = [flight.canary for flight in flights if flight.canary is not None]
        if under_way:
            self._defer(flights, under_way)
        results = [flight.result() for flight in flights]
        self.log_findings(results)
        return results

    def _defer(self, flights: Sequence[Flight], under_way: Sequence[Canary]) -> None:
        """Hand the wait to a triggerer; the operator resumes in :meth:`execute_complete`. Does not return."""
        self.log.info("%d test objects are on their way (%s)", len(under_way), under_way[0].stage)
        deadline = max(canary.deadline for canary in under_way)
        self.defer(
            trigger=CanaryTrigger([canary.to_dict() for canary in under_way], self.poll_interval, first_poll_after()),
            method_name="execute_complete",
            kwargs={"flights": [flight.to_dict() for flight in flights]},
            timeout=timedelta(seconds=max(0.0, deadline - time.time()) + _GRACE_SECONDS),
        )


class CleanUpCanariesOperator(_NestOperator):
    """Remove the test objects of a batch from both sides; meant as the teardown of :class:`CanaryOperator`."""

    ui_color = "#f3f0e8"

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return, per pair, how many objects and versions were removed.

        :raises AirflowSkipException: no pair of the batch gets test objects.
        :raises OssCrrError: something could not be removed.
        """
        items = [item for item in self.nests(context) if why_not(item[0]) is None]
        if not items:
            raise AirflowSkipException("no pair of this batch gets test objects")
        cleaned = clean_all(self.accounts, items)
        for found in cleaned:
            self.log.info("%s: %d objects, versions and delete markers removed", found.pair, found.removed)
            for error in found.errors:
                self.log.error("%s: %s", found.pair, error)
        failures = [Outcome.failed(found.pair, self.task_id, found.errors[0]) for found in cleaned if found.errors]
        if failures:
            raise combined_error(failures)
        return [{"pair": found.pair, "removed": found.removed} for found in cleaned]
