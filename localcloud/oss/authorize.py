"""Authorization of OSS requests, and of what replication does under a role."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.cloud import Cloud
from localcloud.errors import OssError
from localcloud.http import parse_query
from localcloud.identity import Caller
from localcloud.operation import OssCall
from localcloud.oss.access import AccessResult, Reason, acl_allows, policy_access, resource_name
from localcloud.oss.denied import bucket_denied, object_denied, service_denied
from localcloud.oss.model import Bucket
from localcloud.policy.conditions import Keys
from localcloud.policy.context import common_keys
from localcloud.policy.evaluate import AccessRequest, Decision, evaluate
from localcloud.policy.grammar import parse_policy
from localcloud.policy.identity import decide_call
from localcloud.policy.principals import names_service
from localcloud.ram.model import Role

__all__ = ["AccessResult", "Reason", "authorize", "oss_may_assume", "role_access"]

#: Session name of roles that replication works under; what the service uses is not published.
REPLICATION_SESSION = "oss-replication"
#: Ordinary actions whose Deny stops replication too (OSS page "Data replication troubleshooting").
_ORDINARY_ACTIONS = {
    "oss:ReplicateList": "oss:ListObjects",
    "oss:ReplicateGet": "oss:GetObject",
    "oss:ReplicatePut": "oss:PutObject",
    "oss:ReplicateDelete": "oss:DeleteObject",
}


def authorize(call: OssCall, action: str, bucket: Bucket | None, key: str | None = None) -> None:
    """Let a request pass or refuse it.

    :param action: RAM action, for example ``oss:PutObject``.
    :param bucket: the bucket concerned; None at service level and for a bucket that is still to be made.
    :param key: the object concerned; None for operations on the bucket.
    :raises OssError: 403 ``AccessDenied`` with detail code and ``AccessDeniedDetail``; 404 ``NoSuchBucket`` for
        foreign buckets when ``behaviour.foreign_bucket_error`` asks for it.
    """
    if bucket is None:
        _authorize_service(call, action)
        return
    keys = _condition_keys(call, bucket, key)
    request = _request(call.cloud, action, resource_name(bucket, key), keys)
    result = policy_access(call.cloud, call.caller, bucket, request)
    if result.reason is Reason.NO_ALLOW and key is not None:
        result = _by_acl(call, action, bucket, key, result)
    if not result.allowed:
        raise _refusal(call, action, bucket, key, result)


def _authorize_service(call: OssCall, action: str) -> None:
    resource = f"acs:oss:*:{call.caller.account_uid}:{call.bucket_name or '*'}"
    decision = decide_call(call.cloud, call.caller, call.request, action, resource)
    if decision is not Decision.ALLOW:
        denied = decision is Decision.EXPLICIT_DENY
        raise service_denied(call.caller, action, AccessResult(Reason.RAM_DENY if denied else Reason.NO_ALLOW))


def _by_acl(call: OssCall, action: str, bucket: Bucket, key: str, otherwise: AccessResult) -> AccessResult:
    allowed = acl_allows(bucket, key, call.request.param("versionId"), action)
    return AccessResult(Reason.ACL) if allowed else otherwise


def _refusal(call: OssCall, action: str, bucket: Bucket, key: str | None, result: AccessResult) -> OssError:
    foreign = call.caller.account_uid != bucket.owner_uid
    if foreign and not result.explicit and call.cloud.behaviour.foreign_bucket_error == "NoSuchBucket":
        return OssError(
            404, "NoSuchBucket", "The specified bucket does not exist.", details={"BucketName": bucket.name}
        )
    return (bucket_denied if key is None else object_denied)(call.caller, action, result)


def _request(cloud: Cloud, action: str, resource: str, keys: Keys) -> AccessRequest:
    return AccessRequest(action, resource, keys, question_mark=cloud.behaviour.question_mark_wildcard)


def _condition_keys(call: OssCall, bucket: Bucket, key: str | None) -> Keys:
    """Collect the ``acs:*`` and ``oss:*`` keys (OSS page "Authorization syntax and elements")."""
    keys = common_keys(call.request, call.caller, call.cloud.clock.now())
    if key is None:
        # The list keys exist for operations on the bucket only; a list without a prefix has the empty one.
        keys["oss:prefix"] = (call.request.param("prefix") or "",)
        keys["oss:delimiter"] = (call.request.param("delimiter") or "",)
    else:
        keys.update(_tag_keys("oss:existingobjecttag", _object_tags(call, bucket, key)))
    keys.update(_tag_keys("oss:buckettag", bucket.tagging))
    keys.update(_tag_keys("oss:requestobjecttag", dict(parse_query(call.request.header("x-oss-tagging") or ""))))
    for header in ("x-oss-acl", "x-oss-object-acl"):
        value = call.request.header(header)
        if value is not None:
            keys[f"oss:{header}"] = (value,)
    return keys


def _object_tags(call: OssCall, bucket: Bucket, key: str) -> Mapping[str, str]:
    version_id = call.request.param("versionId")
    version = bucket.version(key, version_id) if version_id else bucket.latest(key)
    return version.tagging if version else {}


def _tag_keys(name: str, tags: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {f"{name}/{tag.lower()}": (value,) for tag, value in tags.items()}


def role_access(
    cloud: Cloud, role: Role, owner_uid: str, action: str, bucket: Bucket, key: str | None = None
) -> AccessResult:
    """Decide whether OSS, working under a role, may do something; replication asks this for every object.

    The role's policies open buckets of its own account, bucket policies open the others. A Deny of the ordinary action
    behind a ``Replicate*`` action (``PutObject`` behind ``ReplicatePut``) refuses as well.

    :param owner_uid: UID of the account the role belongs to.
    :param action: usually one of ``oss:ReplicateList``, ``ReplicateGet``, ``ReplicatePut``, ``ReplicateDelete``.
    :param key: the object; None asks about the bucket itself.
    """
    caller = Caller("assumed_role", owner_uid, role.name, role.id, REPLICATION_SESSION)
    keys = common_keys(None, caller, cloud.clock.now()) | _tag_keys("oss:buckettag", bucket.tagging)
    resource = resource_name(bucket, key)
    ordinary = _ORDINARY_ACTIONS.get(action)
    if ordinary is not None:
        result = policy_access(cloud, caller, bucket, _request(cloud, ordinary, resource, keys))
        if result.explicit:
            return result
    return policy_access(cloud, caller, bucket, _request(cloud, action, resource, keys))


def oss_may_assume(cloud: Cloud, role: Role) -> bool:
    """Return whether the role's trust policy, as in effect by now, lets the OSS service assume it."""
    now = cloud.clock.now()
    text = role.trust_policy.effective(now)
    if not text:
        return False
    request = AccessRequest("sts:AssumeRole", None)
    decision = evaluate([parse_policy(text, "trust")], request, lambda s: names_service(s, "oss.aliyuncs.com"))
    return decision is Decision.ALLOW
