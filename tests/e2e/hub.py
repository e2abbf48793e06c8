"""Two accounts of which one has very many buckets; all of them replicate to a single bucket of the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.e2e.world import REGIONS, Json, Side, account

#: Source buckets: those of the fleet, and some for single set-ups beside it.
FLEET = 200
SINGLE = 3
#: More than the published hundred: an account whose quota was raised.
RULES_PER_BUCKET = 250
#: Its pair's number, beyond those that are handed out.
_NUMBER = 99


@dataclass(frozen=True)
class HubSide(Side):
    """One of the two accounts.

    :param index: which of its buckets.
    """

    index: int = 0

    @property
    def bucket(self) -> str:
        """The bucket."""
        return "hub-destination" if self.name == "destination" else f"hub-source-{self.index:03}"


SOURCE = HubSide("source", _NUMBER)
DESTINATION = HubSide("destination", _NUMBER)


def fields(index: int) -> Json:
    """One pair, as a run's configuration or in the inventory."""
    return {
        "source_bucket": replace(SOURCE, index=index).bucket,
        "source_region": REGIONS["source"],
        "source_conn_id": SOURCE.connection_id,
        "destination_bucket": DESTINATION.bucket,
        "destination_region": REGIONS["destination"],
        "destination_conn_id": DESTINATION.connection_id,
    }


def hub_accounts() -> list[Json]:
    """Both accounts for the local cloud's configuration."""
    source = account(SOURCE, objects=1)
    source["buckets"] = [
        {**source["buckets"][0], "name": replace(SOURCE, index=index).bucket} for index in range(FLEET + SINGLE)
    ]
    return [source, account(DESTINATION)]
