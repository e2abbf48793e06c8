"""What a caller's own policies say: session policy first, then the attached policies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from localcloud.cloud import Cloud
from localcloud.http import Request
from localcloud.identity import Account, Caller
from localcloud.policy.context import common_keys
from localcloud.policy.evaluate import AccessRequest, Decision, evaluate
from localcloud.policy.grammar import PolicyDocument, parse_policy
from localcloud.ram.model import Attachment, Role, User
from localcloud.ram.system_policies import SYSTEM_POLICIES


def caller_decision(cloud: Cloud, caller: Caller, request: AccessRequest) -> Decision:
    """Decide by the caller's own policies alone, as for resources of the caller's account without policies.

    The account itself may do everything, anonymous callers nothing.
    """
    if caller.kind == "account":
        return Decision.ALLOW
    session = session_decision(caller, request)
    return session if session is not Decision.ALLOW else identity_decision(cloud, caller, request)


def decide_call(cloud: Cloud, caller: Caller, request: Request | None, action: str, resource: str) -> Decision:
    """Decide by the caller's own policies about a call, under the conditions that its HTTP request meets.

    :param request: None for a call that came by no HTTP.
    :param action: for example ``ram:GetRole``.
    :param resource: full resource name with account.
    """
    keys = common_keys(request, caller, cloud.clock.now())
    asked = AccessRequest(action, resource, keys, question_mark=cloud.behaviour.question_mark_wildcard)
    return caller_decision(cloud, caller, asked)


def session_decision(caller: Caller, request: AccessRequest) -> Decision:
    """Decide by the policy given to AssumeRole; without one everything passes."""
    if caller.session_policy is None:
        return Decision.ALLOW
    return evaluate([parse_policy(caller.session_policy, "identity")], request)


def identity_decision(cloud: Cloud, caller: Caller, request: AccessRequest) -> Decision:
    """Decide by the policies attached to a RAM user or role, as far as they are in effect by now."""
    return evaluate(documents_in_effect(cloud, caller), request)


def documents_in_effect(cloud: Cloud, caller: Caller) -> Iterator[PolicyDocument]:
    """Yield the policies attached to a RAM user or role, as far as they are in effect by now."""
    account = cloud.accounts.get(caller.account_uid)
    holder = _holder(account, caller) if account else None
    if account is None or holder is None:
        return
    now = cloud.clock.now()
    for attachment in holder.attachments.effective(now):
        text = _document_text(account, attachment, now)
        if text is not None:
            yield parse_policy(text, "identity")


def _holder(account: Account, caller: Caller) -> User | Role | None:
    """Find the caller's user or role; one that was deleted and made anew under the same name is somebody else."""
    holder: User | Role | None = None
    if caller.kind == "ram_user":
        holder = account.ram.users.get(caller.name)
    elif caller.kind == "assumed_role":
        holder = account.ram.roles.get(caller.name.lower())
    return holder if holder is not None and holder.id == caller.principal_id else None


def _document_text(account: Account, attachment: Attachment, now: datetime) -> str | None:
    known = SYSTEM_POLICIES if attachment.policy_type == "System" else account.ram.policies
    policy = known.get(attachment.policy_name)
    return policy.effective_document.effective(now) if policy else None
