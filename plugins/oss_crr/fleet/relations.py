"""Look at the pairs of a fleet together: the same name, the same buckets, chains and circles, too many rules. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

from oss_crr.fleet.entry import FleetEntry
from oss_crr.fleet.problems import Problem
from oss_crr.pair import BucketPair
from oss_crr.rule_quota import RULES_VARIABLE, max_rules

#: How many names a warning gives.
_MAX_NAMED = 3


def contradictions(entries: Sequence[FleetEntry]) -> list[Problem]:
    """Return what forbids to use the entries together: names and bucket pairs that occur twice."""
    return [*_same_names(entries), *_same_buckets(entries)]


def warnings(entries: Sequence[FleetEntry]) -> list[Problem]:
    """Return what is allowed, but seldom what was meant."""
    return sorted([*_chains(entries), *_crowded_buckets(entries)], key=lambda problem: problem.line)


def _same_names(entries: Iterable[FleetEntry]) -> Iterator[Problem]:
    first: dict[str, FleetEntry] = {}
    for entry in entries:
        other = first.setdefault(entry.name, entry)
        if other is not entry:
            text = f"is taken: the pair in line {other.line} has the same one. Give each pair a name of its own"
            yield Problem(entry.line, entry.name, "name", text)


def _same_buckets(entries: Iterable[FleetEntry]) -> Iterator[Problem]:
    first: dict[tuple[str, str], FleetEntry] = {}
    for entry in entries:
        other = first.setdefault((entry.pair.source_bucket, entry.pair.destination_bucket), entry)
        if other is not entry:
            yield Problem(entry.line, entry.name, "destination_bucket", _same(entry, other))


def _same(entry: FleetEntry, other: FleetEntry) -> str:
    buckets = f"{entry.pair.source_bucket} → {entry.pair.destination_bucket}"
    differing = [
        field.name
        for field in fields(BucketPair)
        if field.name != "label" and getattr(entry.pair, field.name) != getattr(other.pair, field.name)
    ]
    if entry.verify != other.verify:
        differing.append("verify")
    if not differing:
        return f"{buckets} is the same pair as {other.name!r} in line {other.line}: remove one of them"
    return (
        f"{buckets} is what {other.name!r} in line {other.line} replicates, with other options "
        f"({', '.join(differing)}). OSS takes one rule for two buckets: keep one of them (a rule takes ten prefixes)"
    )


def _chains(entries: Sequence[FleetEntry]) -> Iterator[Problem]:
    """OSS does not copy replicas onward: a chain, also one that closes to a circle, does not do what it looks like.

    Two buckets that replicate to each other are no chain; nor is a pair whose source's sources have a pair of their own
    to its destination.
    """
    into: dict[str, list[FleetEntry]] = {}
    direct = {(entry.pair.source_bucket, entry.pair.destination_bucket) for entry in entries}
    for entry in entries:
        into.setdefault(entry.pair.destination_bucket, []).append(entry)
    for entry in entries:
        source, destination = entry.pair.source_bucket, entry.pair.destination_bucket
        feeding = [
            other
            for other in into.get(source, ())
            if other.pair.source_bucket != destination and (other.pair.source_bucket, destination) not in direct
        ]
        if feeding:
            text = (
                f"what {_named(feeding)} brings to {source} does not travel on to {destination}: OSS does not "
                "replicate replicas. Add a pair from the first bucket if its objects are wanted there"
            )
            yield Problem(entry.line, entry.name, "source_bucket", text)


def _named(entries: Sequence[FleetEntry]) -> str:
    names = ", ".join(repr(entry.name) for entry in entries[:_MAX_NAMED])
    return names if len(entries) <= _MAX_NAMED else f"{names} and {len(entries) - _MAX_NAMED} more"


def _crowded_buckets(entries: Sequence[FleetEntry]) -> Iterator[Problem]:
    rules = rules_per_bucket(entry.pair for entry in entries)
    lines: dict[str, int] = {}
    for entry in entries:
        for bucket in (entry.pair.source_bucket, entry.pair.destination_bucket):
            lines.setdefault(bucket, entry.line)
    for bucket, count in rules.items():
        if count > max_rules():
            text = (
                f"{bucket} would have {count} rules as source and destination, and OSS allows {max_rules()}: "
                f"split the pairs over several buckets, or have the quota raised and set {RULES_VARIABLE}"
            )
            yield Problem(lines[bucket], "", "", text)


def rules_per_bucket(pairs: Iterable[BucketPair]) -> Counter[str]:
    """Return how many rules each bucket takes part in, in both directions."""
    return Counter(bucket for pair in pairs for bucket in (pair.source_bucket, pair.destination_bucket))
