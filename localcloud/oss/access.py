"""Whether somebody may do something with a bucket or an object.

Order by the OSS page "Authentication": session policy, then RAM policies and bucket policy together, then, for
operations on object data, the ACLs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from localcloud.cloud import Cloud
from localcloud.identity import Caller
from localcloud.oss.model import Bucket
from localcloud.policy.evaluate import AccessRequest, Decision, evaluate
from localcloud.policy.grammar import parse_policy
from localcloud.policy.identity import identity_decision, session_decision
from localcloud.policy.principals import names_bucket_caller

#: Actions on object data that a public ACL opens.
_READ_ACTIONS = frozenset({"oss:GetObject", "oss:GetObjectVersion"})
_WRITE_ACTIONS = frozenset({"oss:PutObject", "oss:DeleteObject", "oss:AbortMultipartUpload", "oss:ListParts"})
_PUBLIC_ACTIONS = {"public-read": _READ_ACTIONS, "public-read-write": _READ_ACTIONS | _WRITE_ACTIONS}


class Reason(Enum):
    """What decided."""

    OWNER = "the caller is the bucket's owner"
    RAM_POLICY = "a RAM policy allows it"
    BUCKET_POLICY = "the bucket policy allows it"
    ACL = "the ACL allows it"
    SESSION_POLICY = "the session policy does not allow it"
    RAM_DENY = "a RAM policy denies it"
    BUCKET_POLICY_DENY = "the bucket policy denies it"
    BOTH_DENY = "a RAM policy and the bucket policy deny it"
    NO_ALLOW = "no policy allows it"


_ALLOWING = frozenset({Reason.OWNER, Reason.RAM_POLICY, Reason.BUCKET_POLICY, Reason.ACL})
_DENYING = frozenset({Reason.RAM_DENY, Reason.BUCKET_POLICY_DENY, Reason.BOTH_DENY})


@dataclass(frozen=True)
class AccessResult:
    """A decision and what it rests on; true in a condition when access is allowed."""

    reason: Reason

    @property
    def allowed(self) -> bool:
        """Return whether access is allowed."""
        return self.reason in _ALLOWING

    @property
    def explicit(self) -> bool:
        """Return whether a Deny statement refused, rather than a missing Allow."""
        return self.reason in _DENYING

    def __bool__(self) -> bool:
        return self.allowed


def resource_name(bucket: Bucket, key: str | None) -> str:
    """Return the full resource name of a bucket, or of an object in it when ``key`` is given."""
    tail = bucket.name if key is None else f"{bucket.name}/{key}"
    return f"acs:oss:{bucket.region}:{bucket.owner_uid}:{tail}"


def policy_access(cloud: Cloud, caller: Caller, bucket: Bucket, request: AccessRequest) -> AccessResult:
    """Decide by session policy, RAM policies and bucket policy, all as far as they are in effect by now.

    A RAM policy's Allow reaches only buckets of its own account; another account's bucket is opened by its bucket
    policy alone. A Deny counts on either side.
    """
    if session_decision(caller, request) is not Decision.ALLOW:
        return AccessResult(Reason.SESSION_POLICY)
    ram = identity_decision(cloud, caller, request)
    by_bucket = _bucket_policy_decision(cloud, caller, bucket, request)
    denial = _denial(ram, by_bucket)
    if denial is not None:
        return AccessResult(denial)
    return AccessResult(_grant(caller, bucket, ram, by_bucket))


def _denial(ram: Decision, by_bucket: Decision) -> Reason | None:
    denied = (ram is Decision.EXPLICIT_DENY, by_bucket is Decision.EXPLICIT_DENY)
    return {
        (True, True): Reason.BOTH_DENY,
        (True, False): Reason.RAM_DENY,
        (False, True): Reason.BUCKET_POLICY_DENY,
    }.get(denied)


def _grant(caller: Caller, bucket: Bucket, ram: Decision, by_bucket: Decision) -> Reason:
    own = caller.account_uid == bucket.owner_uid
    if own and caller.kind == "account":
        return Reason.OWNER
    if own and ram is Decision.ALLOW:
        return Reason.RAM_POLICY
    return Reason.BUCKET_POLICY if by_bucket is Decision.ALLOW else Reason.NO_ALLOW


def _bucket_policy_decision(cloud: Cloud, caller: Caller, bucket: Bucket, request: AccessRequest) -> Decision:
    text = bucket.policy.effective(cloud.clock.now())
    if text is None:
        return Decision.IMPLICIT_DENY
    covers_users = cloud.behaviour.account_principal_covers_users
    return evaluate(
        [parse_policy(text, "bucket")],
        request,
        lambda s: names_bucket_caller(s, caller, bucket.owner_uid, account_covers_users=covers_users),
    )


def acl_allows(bucket: Bucket, key: str, version_id: str | None, action: str) -> bool:
    """Return whether the object's ACL, or the bucket's where the object has none of its own, lets everybody do this.

    Listing is not opened by an ACL: a public bucket's keys stay hidden without a bucket policy.
    """
    version = bucket.version(key, version_id) if version_id else bucket.latest(key)
    acl = bucket.acl if version is None or version.acl == "default" else version.acl
    return action in _PUBLIC_ACTIONS.get(acl, frozenset())
