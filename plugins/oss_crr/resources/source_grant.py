"""The role's right, in the source account, to read the source bucket for replication."""

from __future__ import annotations

from oss_crr import policy
from oss_crr.pair import ResolvedPair
from oss_crr.resources.role_grant import RoleGrant, policy_prefix


class SourceGrant(RoleGrant):
    """A policy that names the source bucket, or the full-access policy where it was asked for."""

    name = "source_grant"
    description = "read source buckets for replication"

    def system_policy(self, pair: ResolvedPair) -> str | None:
        return None if pair.pair.role_permissions == "minimal" else pair.pair.role_permissions

    def policy_name(self, pair: ResolvedPair) -> str:
        return f"{policy_prefix(pair.pair.role)}-source-read"

    def grants(self, pair: ResolvedPair) -> list[policy.Statement]:
        return [policy.render_grant("source_grant", source_bucket=pair.pair.source_bucket)]

    def missing(self, pair: ResolvedPair) -> str:
        return f"does not let the role read bucket `{pair.pair.source_bucket}`"
