"""How many requests a second the local cloud answers to one client, beside requests that it need not think about.

Arguments: the local cloud's address, a bucket with objects, and the number of requests of each kind.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import oss2
import requests

from bench.world import OBJECT_BYTES, root_key
from devstack.cloud_config import SOURCE

_BODY = b"x" * OBJECT_BYTES


def main(url: str, bucket_name: str, count: int) -> None:
    """Send the requests, each kind in turn, and print the rate of each."""
    bucket = _bucket(url, bucket_name)
    session = requests.Session()
    session.trust_env = False
    work: dict[str, Callable[[int], object]] = {
        "unsigned health request": lambda _: session.get(f"{url}/_localcloud/health").content,
        "PutObject, 1 KiB": lambda number: bucket.put_object(f"put/{number:06}", _BODY),
        "GetObject, 1 KiB": lambda number: bucket.get_object(f"put/{number:06}").read(),
        "HeadObject": lambda number: bucket.head_object(f"put/{number:06}"),
    }
    rates = {name: _rate(call, count) for name, call in work.items()}
    rates["ListObjectsV2, 1,000 keys"] = _rate(lambda _: bucket.list_objects_v2(max_keys=1000), max(count // 50, 1))
    print(json.dumps(rates))


def _bucket(url: str, name: str) -> oss2.Bucket:
    auth = oss2.ProviderAuthV4(oss2.StaticCredentialsProvider(*root_key(SOURCE)))
    bucket = oss2.Bucket(auth, url, name, region=SOURCE.region)
    bucket.session.session.trust_env = False
    return bucket


def _rate(call: Callable[[int], object], count: int) -> float:
    """Calls a second, the first one left out."""
    call(0)
    started = time.perf_counter()
    for number in range(count):
        call(number)
    return count / (time.perf_counter() - started)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
