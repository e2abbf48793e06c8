"""The customers' KMS keys as replication meets them: they exist, are enabled, and admit the rule's role.

OSS page "Cross-region replication across different accounts": the key that replicas are encrypted with must allow the
role ``kms:Decrypt`` and ``kms:GenerateDataKey`` by its policy, and the role needs the same rights in its own account.
"""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.identity import Caller
from localcloud.kms.access import key_decision, unusable
from localcloud.kms.lookup import find_key, find_key_anywhere, is_arn
from localcloud.kms.model import Key
from localcloud.oss.authorize import REPLICATION_SESSION
from localcloud.oss.replication.keys import KeyAction, KeyUse
from localcloud.policy.evaluate import Decision
from localcloud.ram.model import Role

#: What the role needs on a key, by what the key is used for: to read the source, or to write the replica.
_RIGHTS: dict[KeyAction, tuple[KeyAction, ...]] = {
    "kms:Decrypt": ("kms:Decrypt",),
    "kms:GenerateDataKey": ("kms:Decrypt", "kms:GenerateDataKey"),
}


class PolicyKeys:
    """Decides by the state of the key, its policy and the role's policies, all as of now."""

    def allows(self, cloud: Cloud, role: Role | None, use: KeyUse) -> bool:
        """Tell whether a role may use a key; without a role OSS acts for the account, which may use its own keys."""
        key = _find(cloud, use)
        if key is None or key.region != use.region or unusable(cloud, key) is not None:
            return False
        if role is None:
            return key.owner_uid == use.owner_uid
        if use.action == "kms:Decrypt" and not cloud.behaviour.role_decrypts_source:
            return True
        session = _session_of(role)
        return all(key_decision(cloud, session, key, action) is Decision.ALLOW for action in _RIGHTS[use.action])


def _find(cloud: Cloud, use: KeyUse) -> Key | None:
    """Find a key that decrypts, whoever brought it along, or one of the bucket's account that encrypts."""
    if use.action == "kms:Decrypt" or is_arn(use.key_id):
        return find_key_anywhere(cloud, use.key_id)
    return find_key(cloud, use.owner_uid, use.key_id, use.region)


def _session_of(role: Role) -> Caller:
    """Return the identity of OSS under a role; the role's ARN tells its account."""
    return Caller("assumed_role", role.arn.split(":")[3], role.name, role.id, REPLICATION_SESSION)
