"""Which replication rules a bucket takes part in, as source or as destination."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.cloud import Cloud
from localcloud.oss.model import Bucket
from localcloud.oss.replication.model import ReplicationRule


def incoming_rules(cloud: Cloud, bucket: Bucket) -> Iterator[ReplicationRule]:
    """Yield the rules that replicate into a bucket."""
    for source in cloud.buckets.values():
        yield from (rule for rule in source.rules.values() if rule.destination_bucket == bucket.name)


def rules_with(cloud: Cloud, bucket: Bucket) -> list[ReplicationRule]:
    """Return the rules that a bucket is source or destination of; a rule that is closing still counts."""
    return [*bucket.rules.values(), *incoming_rules(cloud, bucket)]


def takes_part(cloud: Cloud, bucket: Bucket) -> bool:
    """Tell whether a bucket is source or destination of any rule."""
    return bool(rules_with(cloud, bucket))
