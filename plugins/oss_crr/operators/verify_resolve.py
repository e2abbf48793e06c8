"""The first step of a verification: which pairs, in which batches, and what the last verification measured of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from oss_crr.errors import InputError
from oss_crr.fleet.batches import cut_batches, shared_documents
from oss_crr.fleet.entry import FleetEntry
from oss_crr.fleet.file import Fleet, load_fleet
from oss_crr.fleet.selection import select
from oss_crr.operators.batch import REFUSAL, run_value
from oss_crr.operators.retry import RETRIES, RETRY_DELAY, RETRY_POLICY
from oss_crr.pair import parse_pair
from oss_crr.verification.trend_store import TrendStore

if TYPE_CHECKING:
    from airflow.sdk import Context

#: Its state holds the results of earlier verifications. Nobody sends events for it.
TRENDS = Asset(name="oss-crr://verification/trends", uri="oss-crr://verification/trends")

ASSET_TRIGGERED = "asset_triggered"


class ResolveVerificationOperator(BaseOperator):
    """Choose the pairs to verify, and cut them into batches.

    A run that an asset event has started takes the pairs of the events; any other one those of the inventory that the
    parameters choose.

    :param parameters: the names of all parameters that a run may have.
    """

    def __init__(self, *, parameters: Sequence[str], **kwargs: Any) -> None:
        super().__init__(inlets=[TRENDS], retries=RETRIES, retry_delay=RETRY_DELAY, retry_policy=RETRY_POLICY, **kwargs)
        self.parameters = tuple(parameters)

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the batches: each with its ``entries``, what its steps go on from (``previous``), and the ``others``
        of the inventory that share documents with it.

        :raises InputError: a parameter or the inventory is wrong.
        :raises AirflowSkipException: there is nothing to verify.
        """
        try:
            fleet = load_fleet()
            entries = self._entries(context, fleet)
        except InputError as error:
            context["ti"].xcom_push(key=REFUSAL, value=str(error))
            raise
        trends = TrendStore(context["asset_state_store"][TRENDS]).read(entry.name for entry in entries)
        batches = cut_batches(entries, run_value(context, "batch_size", None))
        self.log.info("%d pairs in %d batches", len(entries), len(batches))
        return [
            {
                "entries": [entry.to_dict() for entry in batch],
                "previous": {entry.name: dict(trends[entry.name].memory) for entry in batch},
                "others": [entry.pair.to_dict() for entry in neighbours(fleet.entries, batch)],
            }
            for batch in batches
        ]

    def _entries(self, context: Context, fleet: Fleet) -> list[FleetEntry]:
        given = context["dag_run"].conf or {}
        # Airflow keeps parameters that the DAG never declared: without this, a misspelt one would be ignored.
        unknown = [name for name in given if name not in self.parameters]
        if unknown:
            known = ", ".join(self.parameters)
            raise InputError(*((name, f"unknown parameter; known are {known}") for name in unknown))
        if context["dag_run"].run_type == ASSET_TRIGGERED:
            return self._not_empty(entries_of_events(fleet, _extras(context)), "no event tells of a pair")
        if not fleet.entries:
            self._not_empty([], f"the inventory {fleet.path} holds no pairs yet: add some, docs/fleet.md tells how")
        return select(fleet, run_value(context, "pairs", None), run_value(context, "pattern", None))

    def _not_empty(self, entries: list[FleetEntry], otherwise: str) -> list[FleetEntry]:
        if not entries:
            self.log.warning("Nothing is verified: %s", otherwise)
            raise AirflowSkipException(f"nothing to verify: {otherwise}")
        return entries


def _extras(context: Context) -> Iterator[Mapping[str, Any]]:
    """Yield what the events tell that have started the run; an event may come twice, by its asset and by its alias."""
    for events in context["triggering_asset_events"].values():
        yield from (event.extra for event in events)


def entries_of_events(fleet: Fleet, extras: Iterator[Mapping[str, Any]]) -> list[FleetEntry]:
    """Return the pairs that events tell of: from the inventory, with its settings, or as the event describes them.

    :param extras: the data of the events; an event without ``fields`` of a pair tells of none.
    """
    known = {_buckets(entry): entry for entry in fleet.entries}
    told = [FleetEntry(parse_pair(extra["fields"])) for extra in extras if extra.get("fields")]
    return list({_buckets(entry): known.get(_buckets(entry), entry) for entry in told}.values())


def neighbours(known: Iterable[FleetEntry], batch: Sequence[FleetEntry]) -> list[FleetEntry]:
    """Return the entries outside of a batch that share a document with it: what they need there is nobody's excess."""
    names = {entry.name for entry in batch}
    documents = {document for entry in batch for document in shared_documents(entry.pair)}
    return [
        entry for entry in known if entry.name not in names and not documents.isdisjoint(shared_documents(entry.pair))
    ]


def _buckets(entry: FleetEntry) -> tuple[str, str]:
    return entry.pair.source_bucket, entry.pair.destination_bucket
