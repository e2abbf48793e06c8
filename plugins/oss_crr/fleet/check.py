"""Check an inventory without starting Airflow: ``python -m oss_crr.fleet.check [FILE] [--batch-size N]``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from oss_crr.errors import InventoryError
from oss_crr.fleet.batches import cut_batches
from oss_crr.fleet.file import Fleet, fleet_file, load_fleet
from oss_crr.fleet.relations import rules_per_bucket
from oss_crr.pair import BucketPair


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the file and print what it asks for.

    :returns: the exit status: 1 when the file cannot be used, with every reason on standard error.
    """
    parser = argparse.ArgumentParser(prog="oss_crr.fleet.check", description="Check an inventory of bucket pairs.")
    parser.add_argument("file", nargs="?", type=Path, default=fleet_file())
    parser.add_argument("--batch-size", type=int)
    options = parser.parse_args(arguments)
    try:
        fleet = load_fleet(options.file)
    except InventoryError as error:
        print(error, file=sys.stderr)
        return 1
    for warning in fleet.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print("\n".join(summary(fleet, options.batch_size)))
    return 0


def summary(fleet: Fleet, batch_size: int | None) -> Iterator[str]:
    """Yield lines that say what the inventory holds, and what it needs."""
    pairs = [entry.pair for entry in fleet.entries]
    yield f"{fleet.path}: {len(pairs)} pairs, no errors"
    if pairs:
        yield from (f"  {what:22}{count}" for what, count in _needs(pairs, batch_size))


def _needs(pairs: Sequence[BucketPair], batch_size: int | None) -> Iterator[tuple[str, object]]:
    sizes = [len(batch) for batch in cut_batches(pairs, batch_size)]
    yield "batches", f"{len(sizes)} of {min(sizes)} to {max(sizes)} pairs"
    yield "source buckets", len({pair.source_bucket for pair in pairs})
    yield "destination buckets", len({pair.destination_bucket for pair in pairs})
    yield "source accounts", _counted(pair.source_conn_id for pair in pairs)
    yield "destination accounts", _counted(pair.destination_conn_id for pair in pairs)
    yield "roles", len({(pair.source_conn_id, pair.role) for pair in pairs if pair.manages_source})
    keys = {pair.kms_key_arn or pair.kms_instance_id for pair in pairs if pair.replicate_kms_objects}
    yield "KMS keys", len(keys)
    ((bucket, most),) = rules_per_bucket(pairs).most_common(1)
    yield "rules", f"{len(pairs)}, most at {bucket}: {most}"


def _counted(conn_ids: Iterable[str]) -> str:
    counts = Counter(conn_id or "(another team's)" for conn_id in conn_ids)
    return ", ".join(f"{conn_id}: {count}" for conn_id, count in counts.most_common())


if __name__ == "__main__":
    sys.exit(main())
