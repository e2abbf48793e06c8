"""Checks of a bucket's policy document before it is stored."""

from __future__ import annotations

import json
import re

from localcloud.errors import OssError
from localcloud.policy.grammar import PolicyDocument, PolicySyntaxError, parse_policy
from localcloud.policy.wildcard import resource_matches

#: A bucket policy must be smaller than this many bytes (OSS page "0030-00000001").
MAX_POLICY_BYTES = 16 * 1024
#: Largest value of one element of a statement, in bytes (OSS page "0030-00000003").
MAX_ELEMENT_BYTES = 4095

_PRINCIPAL = re.compile(r"\*|\d+|arn:sts::\d+:assumed-role/[^/]+/[^/]+")


def validate_bucket_policy(text: str, bucket: str, owner_uid: str, *, require_source_vpc: bool = True) -> None:
    """Check a bucket policy before it is stored.

    :param text: the document as sent.
    :param bucket: the bucket's name; every resource must lie in it.
    :param owner_uid: UID of the bucket's owner, the account part of every resource.
    :param require_source_vpc: whether ``acs:SourceIp`` needs ``acs:SourceVpc`` beside it, as the OSS page
        "Bucket policies" asks of policies put since 2025.
    :raises OssError: 400 ``InvalidPolicyDocument``.
    """
    _check_size(text)
    try:
        document = parse_policy(text, "bucket")
    except PolicySyntaxError as error:
        raise _invalid(f"The bucket policy is invalid: {error}.", "0030-00000005") from None
    _check_elements(text)
    _check_principals(document)
    _check_resources(document, bucket, owner_uid)
    if require_source_vpc:
        _check_source_vpc(document)


def _invalid(message: str, ec: str | None = None) -> OssError:
    return OssError(400, "InvalidPolicyDocument", message, ec=ec)


def _check_size(text: str) -> None:
    if len(text.encode()) >= MAX_POLICY_BYTES:
        raise _invalid("The body is too large, the policy must be smaller than 16 KB.", "0030-00000001")


def _check_elements(text: str) -> None:
    """Measure each element in its shortest JSON form: how the service writes it down is not documented."""
    for statement in json.loads(text)["Statement"]:
        for name, value in statement.items():
            size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"))
            if size > MAX_ELEMENT_BYTES:
                raise _invalid(f"The element {name} is longer than {MAX_ELEMENT_BYTES} bytes.", "0030-00000003")


def _check_principals(document: PolicyDocument) -> None:
    for statement in document.statements:
        for principal in statement.principals:
            if not _PRINCIPAL.fullmatch(principal.name):
                raise _invalid(f"The principal {principal.name!r} is invalid.", "0030-00000005")


def _check_resources(document: PolicyDocument, bucket: str, owner_uid: str) -> None:
    for statement in document.statements:
        for resource in (*statement.resources, *statement.not_resources):
            if not _lies_in(resource, bucket, owner_uid):
                raise _invalid(f"The resource {resource!r} does not belong to the bucket.", "0030-00000005")


def _lies_in(resource: str, bucket: str, owner_uid: str) -> bool:
    """Return whether a resource can name this bucket, up to wildcards, in the owner's account.

    A bucket policy's resource has no region but ``*`` (OSS page "Authorization syntax and elements").
    """
    segments = resource.split(":", 4)
    if len(segments) < 5:
        return False
    bucket_part = segments[4].partition("/")[0]
    return resource_matches(":".join((*segments[:4], bucket_part)), f"acs:oss:*:{owner_uid}:{bucket}")


def _check_source_vpc(document: PolicyDocument) -> None:
    for statement in document.statements:
        keys = {condition.key for condition in statement.conditions}
        if "acs:sourceip" in keys and "acs:sourcevpc" not in keys:
            raise _invalid("A statement with acs:SourceIp must also have acs:SourceVpc.")
