"""The 403 answers of OSS.

Messages and detail codes by the OSS pages "0003-00000001", "-00000101", "-00000201" to "-00000203" and "-00000301".
"""

from __future__ import annotations

from localcloud.errors import OssError
from localcloud.identity import Caller
from localcloud.oss.access import AccessResult, Reason
from localcloud.policy.denial import access_denied_detail

_RAM_POLICY = "AccountLevelIdentityBasedPolicy"
#: Detail code, policy type and message by reason. The page on RAM denials shows the message of bucket policies; how
#: the policy type of bucket policies is spelled is not published.
_ANSWERS: dict[Reason, tuple[str, str, str]] = {
    Reason.BUCKET_POLICY_DENY: ("0003-00000101", "BucketPolicy", "Access denied by bucket policy."),
    Reason.RAM_DENY: ("0003-00000201", _RAM_POLICY, "Access denied by bucket policy."),
    Reason.BOTH_DENY: ("0003-00000203", _RAM_POLICY, "Access denied by bucket policy."),
    Reason.SESSION_POLICY: ("0003-00000301", "SessionPolicy", "Access denied by authorizer's policy."),
}
_NO_RIGHT = "0003-00000001"
_NO_ALLOW = "0003-00000202"


def object_denied(caller: Caller, action: str, result: AccessResult) -> OssError:
    """Refuse an operation on an object."""
    return _refusal(caller, action, result, _NO_RIGHT, "You have no right to access this object because of bucket acl.")


def bucket_denied(caller: Caller, action: str, result: AccessResult) -> OssError:
    """Refuse an operation on an existing bucket."""
    if caller.kind == "anonymous":
        return _refusal(caller, action, result, _NO_RIGHT, "Anonymous access is forbidden for this operation.")
    return _refusal(caller, action, result, _NO_RIGHT, "The bucket you access does not belong to you.")


def service_denied(caller: Caller, action: str, result: AccessResult) -> OssError:
    """Refuse an operation that is about no existing bucket."""
    listing = action == "oss:ListBuckets"
    message = "You are forbidden to list buckets." if listing else "You have no right to access this resource."
    return _refusal(caller, action, result, _NO_ALLOW, message)


def _refusal(caller: Caller, action: str, result: AccessResult, ec: str, message: str) -> OssError:
    ec, policy_type, message = _ANSWERS.get(result.reason, (ec, _RAM_POLICY, message))
    if caller.kind == "anonymous":
        return OssError(403, "AccessDenied", message, ec=ec)
    detail = access_denied_detail(caller, action, explicit=result.explicit, policy_type=policy_type)
    return OssError(403, "AccessDenied", message, ec=ec, details={"AccessDeniedDetail": detail})
