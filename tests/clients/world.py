"""The cloud that every foreign client finds: two accounts, the ways between them already open.

Account A owns ``client-src`` and a role that OSS may assume; account B owns ``client-dst``, whose policy lets that role
write. So a client only has to put the replication rule, the one call that differs between SDKs.
"""

from __future__ import annotations

UID_A, UID_B = "1000000000000001", "1000000000000002"

_REPLICATE = ["oss:ReplicateList", "oss:ReplicateGet", "oss:ReplicatePut", "oss:ReplicateDelete"]


def _trust(principal: dict[str, list[str]]) -> dict[str, object]:
    return {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]}


def _user(name: str, *policies: str) -> dict[str, object]:
    return {
        "name": name,
        "access_keys": [{"id": f"key-{name}", "secret": f"secret-{name}"}],
        "policies": list(policies),
    }


_ACCOUNT_A = {
    "uid": UID_A,
    "access_keys": [{"id": "key-a", "secret": "secret-a"}],
    "users": [
        _user("reader", "AliyunOSSReadOnlyAccess", "AliyunRAMReadOnlyAccess"),
        _user("operator", "AliyunSTSAssumeRoleAccess"),
    ],
    "roles": [
        {
            "name": "Replicator",
            "trust_policy": _trust({"Service": ["oss.aliyuncs.com"]}),
            "policies": ["AliyunOSSFullAccess"],
        },
        {
            "name": "Guest",
            "trust_policy": _trust({"RAM": [f"acs:ram::{UID_A}:root"]}),
            "policies": ["AliyunOSSReadOnlyAccess"],
        },
    ],
    "kms_instances": [{"id": "kst-a", "region": "cn-hangzhou", "keys": [{"alias": "alias/tour"}]}],
    "buckets": [
        {"name": "client-src", "region": "cn-hangzhou", "objects": {"count": 3, "size": 20, "prefix": "seed/"}},
        {"name": "client-versioned", "region": "cn-hangzhou", "versioning": "Enabled"},
    ],
}

_ACCOUNT_B = {
    "uid": UID_B,
    "access_keys": [{"id": "key-b", "secret": "secret-b"}],
    "buckets": [
        {
            "name": "client-dst",
            "region": "cn-shanghai",
            "policy": {
                "Version": "1",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": _REPLICATE,
                        "Principal": [f"arn:sts::{UID_A}:assumed-role/replicator/*"],
                        "Resource": [f"acs:oss:*:{UID_B}:client-dst", f"acs:oss:*:{UID_B}:client-dst/*"],
                    }
                ],
            },
        }
    ],
}

CONFIG: dict[str, object] = {
    "accounts": [_ACCOUNT_A, _ACCOUNT_B],
    "behaviour": {"rule_start_seconds": 0, "rule_close_seconds": 0},
}

#: Host names that clients in Host style and clients with built-in endpoints look up.
HOSTS = (
    "oss-cn-hangzhou.aliyuncs.com",
    "oss-cn-shanghai.aliyuncs.com",
    *(
        f"{bucket}.oss-cn-hangzhou.aliyuncs.com"
        for bucket in ("client-src", "client-versioned", "client-new", "no-such-bucket-1")
    ),
    "client-dst.oss-cn-shanghai.aliyuncs.com",
    "ram.aliyuncs.com",
    "sts.aliyuncs.com",
)
