"""Versions of custom policies."""

from __future__ import annotations

import re

from localcloud.ram.backend.account import RamAccount
from localcloud.ram.backend.policies import get_policy
from localcloud.ram.errors import incorrect, ram_error, wrong_format
from localcloud.ram.model import Policy, PolicyVersion
from localcloud.ram.validation import check_policy

#: Versions per policy (RAM page "Limits").
MAX_VERSIONS = 5

_ROTATE_OLDEST = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
_VERSION_ID = re.compile(r"v[1-9]\d*")


def create_version(
    account: RamAccount, name: str, document: str, *, default: bool = False, rotate_strategy: str = "None"
) -> PolicyVersion:
    """Add a version to a custom policy; its number is never used again.

    :param default: whether the new version takes effect.
    :param rotate_strategy: ``None``, or ``DeleteOldestNonDefaultVersionWhenLimitExceeded`` to make room.
    :raises RpcError: ``EntityNotExist.Policy``, ``InvalidParameter.*``, ``MalformedPolicyDocument``,
        409 ``LimitExceeded.Policy.Version``.
    """
    if rotate_strategy not in ("None", _ROTATE_OLDEST):
        raise incorrect("RotateStrategy")
    check_policy("PolicyDocument", document)
    policy = get_policy(account, "Custom", name)
    if len(policy.versions) >= MAX_VERSIONS:
        _make_room(policy, rotate_strategy)
    version = PolicyVersion(f"v{policy.next_version}", document, account.now)
    policy.next_version += 1
    policy.versions[version.id] = version
    policy.updated = account.now
    if default:
        _make_default(account, policy, version)
    return version


def _make_room(policy: Policy, rotate_strategy: str) -> None:
    if rotate_strategy != _ROTATE_OLDEST:
        raise ram_error("LimitExceeded.Policy.Version")
    oldest = next(version_id for version_id in policy.versions if version_id != policy.default_version)
    del policy.versions[oldest]


def _make_default(account: RamAccount, policy: Policy, version: PolicyVersion) -> None:
    policy.default_version = version.id
    policy.updated = account.now
    account.change(policy.effective_document, version.document)


def get_version(account: RamAccount, policy_type: str, name: str, version_id: str) -> PolicyVersion:
    """Find a version of a policy.

    :raises RpcError: ``EntityNotExist.Policy``, ``InvalidParameter.VersionId.Format``,
        404 ``EntityNotExist.Policy.Version``.
    """
    if not _VERSION_ID.fullmatch(version_id):
        raise wrong_format("VersionId")
    version = get_policy(account, policy_type, name).versions.get(version_id)
    if version is None:
        raise ram_error("EntityNotExist.Policy.Version")
    return version


def set_default_version(account: RamAccount, name: str, version_id: str) -> None:
    """Let another version take effect.

    :raises RpcError: as :func:`get_version`.
    """
    version = get_version(account, "Custom", name, version_id)
    _make_default(account, get_policy(account, "Custom", name), version)


def delete_version(account: RamAccount, name: str, version_id: str) -> None:
    """Delete a version that is not the default one.

    :raises RpcError: as :func:`get_version`, and 409 ``DeleteConflict.Policy.Version.Default``.
    """
    version = get_version(account, "Custom", name, version_id)
    policy = get_policy(account, "Custom", name)
    if version.id == policy.default_version:
        raise ram_error("DeleteConflict.Policy.Version.Default")
    del policy.versions[version.id]
