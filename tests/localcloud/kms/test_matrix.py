"""The encryption matrix of "CRR in specific scenarios", end to end: two accounts, real keys, the vendor's SDKs.

Every case is a bucket pair of its own; all of them are replicated at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import oss2
import pytest
from oss2.models import ServerSideEncryptionRule

from localcloud.server import LocalCloudServer
from tests.localcloud.kms.sdk import (
    KEY_A,
    KEY_A_ARN,
    KEY_B,
    KEY_B_ARN,
    REGION_A,
    bucket,
    destination_bucket,
    grant_role,
    is_done,
    put_rule,
    settings,
    share_key,
    use_of,
    wait_until,
)

PLAIN = (None, None)
OSS = ("AES256", None)
DEFAULT_KEY = ("KMS", None)
OWN_KEY = ("KMS", KEY_A)
BUCKET_KEY = ("KMS", KEY_B)
RULE_KEY = ("KMS", KEY_B_ARN)
DEFAULTS = (PLAIN, OSS, DEFAULT_KEY, BUCKET_KEY)
SWITCHES = (None, False, True)
NOT_COPIED = None

#: Encryption of the source object, default of the destination bucket, the rule's switch, and what comes out.
CASES = [
    *((PLAIN, PLAIN, switch, PLAIN) for switch in SWITCHES),
    *((PLAIN, OSS, switch, OSS) for switch in SWITCHES),
    *((PLAIN, DEFAULT_KEY, switch, DEFAULT_KEY) for switch in SWITCHES),
    (PLAIN, BUCKET_KEY, True, BUCKET_KEY),
    *((PLAIN, BUCKET_KEY, switch, NOT_COPIED) for switch in (None, False)),
    *((OSS, default, switch, OSS) for default in DEFAULTS for switch in SWITCHES),
    *((DEFAULT_KEY, default, switch, DEFAULT_KEY) for default in DEFAULTS for switch in SWITCHES),
    *((OWN_KEY, default, True, RULE_KEY) for default in DEFAULTS),
    *((OWN_KEY, default, switch, NOT_COPIED) for default in DEFAULTS for switch in (None, False)),
]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    """Return a cloud in which every case has been replicated."""
    config = settings()
    account_a, account_b = config["accounts"]
    account_a["buckets"] = [{"name": f"src-{n:02}", "region": REGION_A} for n in range(len(CASES))]
    account_b["buckets"] = [destination_bucket(f"dst-{n:02}") for n in range(len(CASES))]
    with LocalCloudServer(config) as server:
        share_key(server, "kms:Decrypt", "kms:GenerateDataKey")
        grant_role(server, "use-keys", use_of(KEY_A_ARN, KEY_B_ARN))
        for number, case in enumerate(CASES):
            _set_up(server, number, *case[:3])
        wait_until(lambda: all(is_done(server, f"src-{n:02}") for n in range(len(CASES))))
        yield server


def _set_up(server: LocalCloudServer, number: int, source: Any, default: Any, switch: bool | None) -> None:
    source_name, destination_name = f"src-{number:02}", f"dst-{number:02}"
    if default != PLAIN:
        rule = ServerSideEncryptionRule(sse_algorithm=default[0], kms_master_keyid=default[1])
        bucket(server, "b", destination_name).put_bucket_encryption(rule)
    bucket(server, "a", source_name).put_object("secret", b"data", headers=_headers(source))
    put_rule(server, source_name, destination_name, switch)


def _headers(encryption: Any) -> dict[str, str]:
    names = ("x-oss-server-side-encryption", "x-oss-server-side-encryption-key-id")
    return {name: value for name, value in zip(names, encryption, strict=True) if value}


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{s}-{d}-{w}".replace("None", "-") for s, d, w, _ in CASES])
def test_case(server: LocalCloudServer, number: int) -> None:
    expected = CASES[number][3]
    destination = bucket(server, "b", f"dst-{number:02}")
    if expected is NOT_COPIED:
        with pytest.raises(oss2.exceptions.NotFound):
            destination.head_object("secret")
        return
    headers = destination.head_object("secret").headers
    shown = (headers.get("x-oss-server-side-encryption"), headers.get("x-oss-server-side-encryption-key-id"))
    assert shown == expected
    assert destination.get_object("secret").read() == b"data"


def test_what_is_not_copied_is_not_missed(server: LocalCloudServer) -> None:
    """The progress counts what was skipped as done."""
    for number, case in enumerate(CASES):
        if case[3] is NOT_COPIED:
            source = bucket(server, "a", f"src-{number:02}")
            rule = source.get_bucket_replication().rule_list[0]
            progress = source.get_bucket_replication_progress(rule.rule_id).progress
            assert float(progress.historical_object_progress) == 1.0
