"""Role sessions: who may assume a role, and the credentials that come of it."""

from __future__ import annotations

import base64
import re
import secrets
from datetime import timedelta

from localcloud.cloud import Cloud
from localcloud.identity import Caller, RoleSession
from localcloud.policy.conditions import Keys
from localcloud.policy.evaluate import AccessRequest, Decision, evaluate
from localcloud.policy.grammar import parse_policy
from localcloud.policy.identity import caller_decision
from localcloud.policy.principals import names_identity
from localcloud.ram.backend.account import random_text
from localcloud.ram.model import Role

ACTION = "sts:AssumeRole"

_ROLE_ARN = re.compile(r"acs:ram::(\d+):role/([^/]+)")


def parse_role_arn(arn: str) -> tuple[str, str] | None:
    """Split ``acs:ram::UID:role/name`` into UID and name; None when it is no role ARN."""
    match = _ROLE_ARN.fullmatch(arn)
    return (match[1], match[2]) if match else None


def may_call(cloud: Cloud, caller: Caller, uid: str, role_name: str, keys: Keys) -> Decision:
    """Decide whether the caller's own policies allow to assume a role of any account."""
    request = AccessRequest(ACTION, f"acs:ram::{uid}:role/{role_name}", keys, cloud.behaviour.question_mark_wildcard)
    return caller_decision(cloud, caller, request)


def is_trusted(cloud: Cloud, caller: Caller, role: Role, keys: Keys) -> Decision:
    """Decide whether the role's trust policy, as in effect by now, names the caller."""
    text = role.trust_policy.effective(cloud.clock.now())
    if not text:
        return Decision.IMPLICIT_DENY
    request = AccessRequest(ACTION, None, keys, cloud.behaviour.question_mark_wildcard)
    return evaluate([parse_policy(text, "trust")], request, lambda statement: names_identity(statement, caller))


def open_session(
    cloud: Cloud, uid: str, role: Role, session_name: str, seconds: int, policy: str | None = None
) -> RoleSession:
    """Issue temporary credentials and remember them in the cloud.

    :param uid: the account of the role.
    :param seconds: time until they expire.
    :param policy: session policy as JSON text.
    """
    session = RoleSession(
        access_key_id=f"STS.{random_text(25)}",
        secret=random_text(44),
        security_token=base64.b64encode(secrets.token_bytes(192)).decode(),
        account_uid=uid,
        role_name=role.name,
        role_id=role.id,
        session_name=session_name,
        expires=cloud.clock.now() + timedelta(seconds=seconds),
        policy=policy,
    )
    cloud.sessions[session.access_key_id] = session
    return session
