"""What every client must see. A client that has no call for something leaves it out, which its test states."""

from __future__ import annotations

from tests.clients.world import UID_A, UID_B

_HELLO_MD5 = "5D41402ABC4B2A76B9719D911017C592"
#: A key with every kind of character that clients disagree on how to encode.
ODD_KEY = "tour/a b+c&d%20=#?.txt"
KEYS = [ODD_KEY, "tour/deep/one", "tour/deep/two", "tour/hello.txt", "tour/日本語.txt"]

OSS: dict[str, object] = {
    "put": [_HELLO_MD5, "11177612005948864433"],  # ETag, CRC-64
    "get": "hello",
    "range": "ell",
    "head": [5, "text/x-note", "two  blanks"],  # size, content type, user metadata
    "missing_key": [404, "NoSuchKey"],
    "missing_key_head": 404,
    "list": KEYS,
    "list_v2": KEYS,
    "pages": [KEYS[0:2], KEYS[2:4], KEYS[4:]],
    "prefixes": ["tour/deep/"],
    "copy": _HELLO_MD5,
    "append": ["5", "10", "hellohello"],
    "multipart": [307_200, "-3"],  # size, end of the ETag
    "resumable": 307_200,  # bytes that came back as they were sent
    "delete_many": ["tour/deep/one", "tour/deep/two"],
    "buckets": ["client-src", "client-versioned"],
    "owner": [UID_A, "oss-cn-hangzhou"],
    "new_bucket": ["public-read", [404, "NoSuchBucket"]],  # its ACL, and what deleting it twice says
    "missing_bucket": [404, "NoSuchBucket"],
    "wrong_secret": [403, "SignatureDoesNotMatch"],
    "unknown_key": [403, "InvalidAccessKeyId"],
    "denied": [403, "AccessDenied"],
    "presigned": ["hello", "by url"],  # read through a URL, written through a URL
    "expired": [403, "AccessDenied"],
    "no_policy": [404, "NoSuchBucketPolicy"],
    "policy": ["oss:GetObject", "client-src"],  # read back, then gone again
    "versions": [2, 1, "first"],  # versions, delete markers, the oldest version's text
    "no_rule": [404, "NoSuchReplicationConfiguration"],
    "rule": ["doing", "client-dst", "ALL"],
    "same_rule": [400, "BucketReplicationAlreadyExist"],
    "progress": 1.0,
    "replica": "hello",
    "session": ["object-00001", [403, "AccessDenied"]],  # with temporary credentials: read, refused to write
    "forged_token": [403, "InvalidSecurityToken"],
    "async": ["hello", "async"],  # written and read, and listed, by the asynchronous half of a client
}

#: Findings of clients that know replication.
REPLICATION = ("no_rule", "rule", "same_rule", "progress", "replica")

RPC: dict[str, object] = {
    "account": [UID_A, "Account", f"acs:ram::{UID_A}:root"],
    "user": [UID_A, "RAMUser", f"acs:ram::{UID_A}:user/reader"],
    "other_account": UID_B,
    "role": f"acs:ram::{UID_A}:role/Visitor",
    "same_role": [409, "EntityAlreadyExists.Role"],
    "missing_role": [404, "EntityNotExist.Role"],
    "bad_trust": [400, "MalformedPolicyDocument"],
    "policy": ["visitor-policy", "Custom", "v1"],
    "attached": ["visitor-policy"],
    "attached_twice": [409, "EntityAlreadyExists.Role.Policy"],
    "conflict": [409, "DeleteConflict.Role.Policy"],
    "roles": ["Guest", "Replicator", "Visitor"],
    "gone": [404, "EntityNotExist.Role"],
    "denied": [403, "NoPermission"],
    "wrong_secret": [400, "SignatureDoesNotMatch"],
    "unknown_key": [404, "InvalidAccessKeyId.NotFound"],
    "assumed": f"acs:ram::{UID_A}:role/Guest/tour",
    "session": [UID_A, "AssumedRoleUser"],
    "kms": ["aGVsbG8=", "Enabled"],  # what was encrypted comes back, and the key's state
    "missing_key": [404, "Forbidden.AliasNotFound"],
    "unknown_action": [404, "InvalidAction.NotFound"],
}

FILE_SYSTEMS: dict[str, object] = {
    "opendal_get": ["hello"] * len(KEYS),
    "opendal_list": KEYS,
    "opendal_stat": 5,
    "opendal_copy": "hello",
    "opendal_missing": "NotFound",
    "opendal_denied": "PermissionDenied",
    "ossfs_ls": [f"client-src/{key}" for key in (KEYS[0], "tour/deep/", *KEYS[3:])],
    "ossfs_cat": "hello",
    "ossfs_size": 6_000_000,
    "ossfs_gone": False,
    "aiooss2": ["object-00001", 20, [KEYS[0], "tour/deep/", *KEYS[3:]]],
}


def only(expected: dict[str, object], *names: str) -> dict[str, object]:
    """Return some of the expected findings."""
    return {name: expected[name] for name in names}


def without(expected: dict[str, object], *names: str) -> dict[str, object]:
    """Return the expected findings but some."""
    return {name: value for name, value in expected.items() if name not in names}
