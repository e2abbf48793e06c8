"""Whether somebody may do something with a key, and whether the key can be used at all.

Evaluation by the KMS page "Overview of key policies".
"""

from __future__ import annotations

from dataclasses import replace

from localcloud.cloud import Cloud
from localcloud.errors import RpcError
from localcloud.http import Request
from localcloud.identity import Caller
from localcloud.kms.errors import kms_error, no_permission
from localcloud.kms.key_policy import policy_in_effect
from localcloud.kms.model import Key, KmsInstance
from localcloud.policy.context import common_keys
from localcloud.policy.evaluate import AccessRequest, Decision, evaluate
from localcloud.policy.grammar import Statement
from localcloud.policy.identity import caller_decision, session_decision
from localcloud.policy.principals import names_identity

#: What other accounts may be allowed at most: they can be users of a key, never its administrators. The list is that of
#: the page "Configure a key policy".
FOREIGN_ACTIONS = frozenset(
    {
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "kms:GenerateAndExportDataKey",
        "kms:AsymmetricEncrypt",
        "kms:AsymmetricDecrypt",
        "kms:DescribeKey",
        "kms:DescribeKeyVersion",
        "kms:ListKeyVersions",
        "kms:ListAliasesByKeyId",
        "kms:TagResource",
    }
)
_ACCOUNT_WIDE = (":*", ":root")


def key_decision(cloud: Cloud, caller: Caller, key: Key, action: str, request: Request | None = None) -> Decision:
    """Decide about an action on a key.

    Within the key's account the key policy or a RAM policy is enough; from another account both must allow it. An
    explicit deny on either side wins.

    :param request: the HTTP request, for conditions; None for what the cloud does by itself.
    """
    asked = _access_request(cloud, caller, key, action, request)
    session = session_decision(caller, asked)
    if session is not Decision.ALLOW:
        return session
    decisions = (caller_decision(cloud, caller, asked), _by_key_policy(cloud, caller, key, asked))
    if Decision.EXPLICIT_DENY in decisions:
        return Decision.EXPLICIT_DENY
    enough = any if caller.account_uid == key.owner_uid else all
    allowed = enough(decision is Decision.ALLOW for decision in decisions)
    return Decision.ALLOW if allowed else Decision.IMPLICIT_DENY


def refusal(cloud: Cloud, caller: Caller, key: Key, action: str, request: Request | None = None) -> RpcError | None:
    """Return the error for an action that the caller has no right to, or None."""
    decision = key_decision(cloud, caller, key, action, request)
    if decision is Decision.ALLOW:
        return None
    return no_permission(caller, action, decision, cloud.behaviour.kms_no_permission_status)


def unusable(cloud: Cloud, key: Key) -> RpcError | None:
    """Return the error for a key that nobody can encrypt or decrypt with now, or None.

    Statuses by the KMS page "Impact of CMK status on API operations".
    """
    if key.state != "Enabled":
        return kms_error(f"Rejected.{key.state}")
    instance = instance_of(cloud, key)
    if instance is not None and instance.status != "Connected":
        return kms_error("Forbidden.DKMSInstanceStateInvalid")
    return None


def instance_of(cloud: Cloud, key: Key) -> KmsInstance | None:
    """Return the instance that a key lives in, if any."""
    instances = cloud.accounts[key.owner_uid].kms_instances
    return next((instance for instance in instances if instance.id == key.instance_id), None)


def _access_request(cloud: Cloud, caller: Caller, key: Key, action: str, request: Request | None) -> AccessRequest:
    keys = common_keys(request, caller, cloud.clock.now())
    keys |= {f"kms:tag/{name.lower()}": (value,) for name, value in key.tags.items()}
    return AccessRequest(action, key.arn, keys, question_mark=cloud.behaviour.question_mark_wildcard)


def _by_key_policy(cloud: Cloud, caller: Caller, key: Key, asked: AccessRequest) -> Decision:
    document = policy_in_effect(key, cloud.clock.now())
    if document is None:
        return Decision.IMPLICIT_DENY
    covers_users = cloud.behaviour.key_policy_account_covers_users
    decision = evaluate([document], asked, lambda statement: _names(statement, caller, key.owner_uid, covers_users))
    beyond_user = caller.account_uid != key.owner_uid and asked.action not in FOREIGN_ACTIONS
    return Decision.IMPLICIT_DENY if beyond_user and decision is Decision.ALLOW else decision


def _names(statement: Statement, caller: Caller, owner_uid: str, covers_users: bool) -> bool:
    """Tell whether a statement is about a caller.

    :param covers_users: whether an Allow for the key's whole account is one for its RAM users and roles too.
    """
    is_own_identity = caller.account_uid == owner_uid and caller.kind != "account"
    if is_own_identity and statement.effect == "Allow" and not covers_users:
        named = tuple(p for p in statement.principals if not p.name.endswith(_ACCOUNT_WIDE))
        statement = replace(statement, principals=named)
    return names_identity(statement, caller)
