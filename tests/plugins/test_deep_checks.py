"""Checks on what is going to be written, beyond those that the local cloud can be brought to fail."""

from __future__ import annotations

from typing import Any

import pytest

from oss_crr.deep_checks import DeepFacts, check_deep
from oss_crr.model import AccountSummary
from tests.plugins.fake_cloud import make_resolved

KMS = {"replicate_kms_objects": True, "kms_instance_id": "kst-1"}
SYSTEM = {"role_permissions": "AliyunOSSFullAccess"}


def policy_quota(left: int, **fields: Any) -> str | None:
    """Return the status of the check for an account with room for some more policies; None when it is not made."""
    pair = make_resolved(**fields)
    writes = {"role", "source_grant", *(["kms_role_grant"] if pair.replicates_kms_objects else [])}
    quotas = AccountSummary(roles=1, roles_quota=10, policies=20 - left, policies_quota=20)
    checks = check_deep(DeepFacts(pair, frozenset(writes), quotas=quotas))
    return next((check.status for check in checks if check.name == "policy quota"), None)


@pytest.mark.parametrize(
    ("fields", "left", "status"),
    [
        ({}, 1, "ok"),
        ({}, 0, "blocks"),
        (KMS, 2, "ok"),
        (KMS, 1, "blocks"),
        (SYSTEM, 0, None),
        ({**KMS, **SYSTEM}, 0, "blocks"),
        ({**KMS, **SYSTEM, "kms_permissions": "AliyunKMSCryptoUserAccess"}, 0, None),
    ],
)
def test_quota_has_to_leave_room_for_the_policies_that_are_created(
    fields: dict[str, Any], left: int, status: str | None
) -> None:
    assert policy_quota(left, **fields) == status
