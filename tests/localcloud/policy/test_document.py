"""Checks of a bucket policy before it is stored."""

from __future__ import annotations

import pytest

from localcloud.errors import OssError
from localcloud.policy.document import validate_bucket_policy
from tests.localcloud.documents import Json, policy_document

UID = "1000000000000001"
GRANT: Json = {
    "Effect": "Allow",
    "Action": ["oss:ReplicateList", "oss:ReplicateGet", "oss:ReplicatePut", "oss:ReplicateDelete"],
    "Principal": ["arn:sts::2000000000000002:assumed-role/replicator/*"],
    "Resource": [f"acs:oss:*:{UID}:dst", f"acs:oss:*:{UID}:dst/*"],
}


def validate(*statements: Json, **options: bool) -> None:
    validate_bucket_policy(policy_document(*statements), "dst", UID, **options)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Principal": "*"},
        {"Principal": ["2000000000000002", "*"]},
        {"Principal": []},
        {"Action": "oss:*"},
        {"Resource": f"acs:oss:*:{UID}:dst/a/*"},
        {"Resource": "acs:oss:*:*:dst"},
        {"Resource": "acs:oss:*:*:*"},
    ],
)
def test_accepted(changes: Json) -> None:
    validate(GRANT | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"Principal": ["acs:ram::2000000000000002:role/replicator"]},
        {"Principal": {"RAM": ["2000000000000002"]}},
        {"Principal": ["arn:sts::2000000000000002:assumed-role/replicator"]},
        {"Resource": "acs:oss:*:*:other/*"},
        {"Resource": "acs:oss:*:2000000000000002:dst/*"},
        {"Resource": f"acs:oss:cn-shanghai:{UID}:dst/*"},
        {"Resource": "dst/*"},
        {"Resource": "*"},
        {"Action": ["PutObject"]},
        {"Effect": "Grant"},
    ],
)
def test_refused(changes: Json) -> None:
    with pytest.raises(OssError) as refused:
        validate(GRANT | changes)
    assert (refused.value.status, refused.value.code) == (400, "InvalidPolicyDocument")


@pytest.mark.parametrize("text", ["", "null", "{", '{"Version": 1, "Statement": []}'])
def test_text_that_is_no_policy(text: str) -> None:
    with pytest.raises(OssError) as refused:
        validate_bucket_policy(text, "dst", UID)
    assert refused.value.ec == "0030-00000005"


def test_size_limit_is_16_kilobytes() -> None:
    statements = [GRANT | {"Resource": [f"acs:oss:*:{UID}:dst/{n:03}{'x' * 300}"]} for n in range(24)]
    text = policy_document(*statements)
    validate_bucket_policy(text.ljust(16 * 1024 - 1), "dst", UID)
    with pytest.raises(OssError) as refused:
        validate_bucket_policy(text.ljust(16 * 1024), "dst", UID)
    assert refused.value.ec == "0030-00000001"


def test_element_limit_is_4095_bytes() -> None:
    name = f"acs:oss:*:{UID}:dst/"
    fitting = GRANT | {"Resource": [name + "x" * (4095 - len(name) - len('[""]'))]}
    validate(fitting)
    with pytest.raises(OssError) as refused:
        validate(fitting | {"Resource": [fitting["Resource"][0] + "x"]})
    assert refused.value.ec == "0030-00000003"


def test_an_unpaired_surrogate_is_measured_like_any_character() -> None:
    validate(GRANT | {"Sid": "\ud800"})


def test_source_ip_needs_source_vpc_unless_switched_off() -> None:
    by_address = GRANT | {"Condition": {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}}
    with pytest.raises(OssError):
        validate(by_address)
    validate(by_address, require_source_vpc=False)
    validate(GRANT | {"Condition": by_address["Condition"] | {"StringEquals": {"acs:SourceVpc": "vpc-1"}}})
