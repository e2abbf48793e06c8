"""JSON forms of RAM's entities, as the vendor's SDK models read them."""

from __future__ import annotations

from localcloud.formats import iso_seconds
from localcloud.identity import AccessKey
from localcloud.ram.backend.account import RamAccount
from localcloud.ram.backend.attachments import attachment_count
from localcloud.ram.model import Policy, PolicyVersion, Role, User

Json = dict[str, object]


def role_summary(role: Role) -> Json:
    """Give a role as lists have it."""
    return {
        "RoleId": role.id,
        "RoleName": role.name,
        "Arn": role.arn,
        "Description": role.description,
        "CreateDate": iso_seconds(role.created),
        "UpdateDate": iso_seconds(role.updated),
        "MaxSessionDuration": role.max_session_seconds,
    }


def role_details(role: Role, uid: str) -> Json:
    """Give a role with its trust policy, which is a string exactly as it was sent."""
    return role_summary(role) | {
        "AssumeRolePolicyDocument": role.trust_policy.current,
        "IsServiceLinkedRole": False,
        "RolePrincipalName": f"{role.name}@role.{uid}.onaliyunservice.com",
    }


def policy_summary(policy: Policy) -> Json:
    """Give a policy without its document."""
    return {
        "PolicyName": policy.name,
        "PolicyType": policy.type,
        "Description": policy.description,
        "DefaultVersion": policy.default_version,
        "CreateDate": iso_seconds(policy.created),
        "UpdateDate": iso_seconds(policy.updated),
    }


def counted_policy(policy: Policy, account: RamAccount) -> Json:
    """Give a policy with the number of users and roles it is attached to."""
    return policy_summary(policy) | {"AttachmentCount": attachment_count(account, policy)}


def version_details(version: PolicyVersion, policy: Policy) -> Json:
    """Give a policy's version with its document."""
    return {
        "VersionId": version.id,
        "IsDefaultVersion": version.id == policy.default_version,
        "PolicyDocument": version.document,
        "CreateDate": iso_seconds(version.created),
    }


def user_details(user: User) -> Json:
    """Give a user."""
    return {
        "UserId": user.id,
        "UserName": user.name,
        "DisplayName": user.display_name,
        "CreateDate": iso_seconds(user.created),
        "UpdateDate": iso_seconds(user.created),
    }


def key_summary(key: AccessKey) -> Json:
    """Give an access key without its secret."""
    summary: Json = {"AccessKeyId": key.id, "Status": "Active" if key.active else "Inactive"}
    return summary | ({"CreateDate": iso_seconds(key.created)} if key.created else {})
