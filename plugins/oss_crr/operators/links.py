"""Links from a task to the vendor's console, for the first pair of its batch.

The console's addresses are not documented; these are the ones it shows in a browser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink

from oss_crr.regions import to_location

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

    from oss_crr.pair import BucketPair

_OSS = "https://oss.console.aliyun.com/bucket"
_RAM = "https://ram.console.aliyun.com/roles"


class PairLink(BaseOperatorLink):
    """A link built from the first pair of a batch; empty while the batch is not known."""

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the URL for the task's batch."""
        pair: BucketPair | None = getattr(operator, "first_pair", None)
        return self.url(pair) if pair else ""

    def url(self, pair: BucketPair) -> str:
        """Return the URL for a pair."""
        raise NotImplementedError


class RoleLink(PairLink):
    """The replication role."""

    name = "RAM role"

    def url(self, pair: BucketPair) -> str:
        return f"{_RAM}/{pair.role}"


class SourceBucketLink(PairLink):
    """The source bucket, which carries the replication rule."""

    name = "Source bucket"

    def url(self, pair: BucketPair) -> str:
        return f"{_OSS}/{to_location(pair.source_region)}/{pair.source_bucket}/overview"


class DestinationBucketLink(PairLink):
    """The destination bucket, which carries the bucket policy."""

    name = "Destination bucket"

    def url(self, pair: BucketPair) -> str:
        return f"{_OSS}/{to_location(pair.destination_region)}/{pair.destination_bucket}/overview"
