"""The role's rights, in the source account, on the keys that objects are decrypted and replicas encrypted with.

KMS asks both sides across accounts: the key's policy, and the rights of the caller in its own account.
"""

from __future__ import annotations

from oss_crr import policy
from oss_crr.pair import ResolvedPair
from oss_crr.resources.kms_key import KEY_TO_BE
from oss_crr.resources.role_grant import RoleGrant, policy_prefix


class KmsRoleGrant(RoleGrant):
    """A policy that names the key, or one of the two system policies where it was asked for."""

    name = "kms_role_grant"
    description = "use the destination's KMS key for replication"

    def applies(self, pair: ResolvedPair) -> bool:
        return pair.replicates_kms_objects and super().applies(pair)

    def system_policy(self, pair: ResolvedPair) -> str | None:
        return None if pair.pair.kms_permissions == "minimal" else pair.pair.kms_permissions

    def policy_name(self, pair: ResolvedPair) -> str:
        return f"{policy_prefix(pair.pair.role)}-kms"

    def grants(self, pair: ResolvedPair) -> list[policy.Statement]:
        document = policy.render(
            "kms_role_grant",
            kms_key_arn=pair.kms_key_arn or KEY_TO_BE,
            source_region=pair.pair.source_region,
            source_uid=pair.source_uid,
        )
        return list(document["Statement"])

    def missing(self, pair: ResolvedPair) -> str:
        return f"does not let the role use key `{pair.kms_key_arn or KEY_TO_BE}`"
