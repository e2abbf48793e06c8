"""What the id of a replication rule tells about the setup that created it. Pure.

Teardown takes back what setup added, and nothing else. Most of that can be seen: roles and policies of this product say
in their description who made them. What cannot be seen later, setup writes into the one thing of a pair that is always
its own, the rule's id: ``oss-crr-<24 digits>``, then up to four parts.

- ``-added-<letters>``: what was not there before, where that is not plain from a role of this product.
- ``-found-<letters>``: what was there before, although the role was not.
- ``-uses-<letters>``: system policies that the pair relies on.
- ``-role-<8 digits>``: stands for the role's name, where the name was given. OSS hides the role of most rules.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

from oss_crr.pair import BucketPair

#: The statement in the destination's bucket policy, without and with the right to delete.
DESTINATION = "d"
DESTINATION_WITH_DELETES = "e"
#: The statement in the key's policy.
KEY = "k"
#: The attachment of a policy of somebody else that lets the role read the source bucket.
SOURCE_POLICY = "p"
#: The attachment of a policy of somebody else that lets the role use keys.
KMS_POLICY = "q"
#: The transfer acceleration of the destination bucket, which a rule with ``oss_acc`` switches on.
ACCELERATION = "a"
#: The attachment of a system policy, by its name.
SYSTEM_POLICIES = {"AliyunOSSFullAccess": "o", "AliyunKMSCryptoUserAccess": "c", "AliyunKMSFullAccess": "f"}

_PARTS = re.compile(
    r"(?:-added-(?P<added>[a-z]+))?(?:-found-(?P<found>[a-z]+))?(?:-uses-(?P<uses>[a-z]+))?"
    r"(?:-role-(?P<role>[0-9a-f]{8}))?"
)


@dataclass(frozen=True)
class Provenance:
    """What a setup noted in the id of its rule.

    :param added: letters of what it added.
    :param found: letters of what it found.
    :param uses: letters of the system policies that the pair relies on, whoever attached them.
    :param role_mark: stands for the role's name; empty when the name is the one derived from the pair.
    """

    added: frozenset[str] = frozenset()
    found: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    role_mark: str = ""

    @property
    def suffix(self) -> str:
        """Return what follows the pair's own part of the rule's id; empty where there is nothing to note."""
        letters = {"added": self.added, "found": self.found, "uses": self.uses}
        parts = {name: "".join(sorted(value)) for name, value in letters.items()} | {"role": self.role_mark}
        return "".join(f"-{name}-{value}" for name, value in parts.items() if value)

    def joined(self, earlier: Provenance) -> Provenance:
        """Return this with what an earlier setup of the same pair noted: what that added, this one has found."""
        if self.role_mark != earlier.role_mark:
            return self
        return replace(self, added=self.added | earlier.added, found=self.found | earlier.found)


def read(rule_id: str, pair: BucketPair) -> Provenance | None:
    """Return what a rule's id tells; None when the rule is not one that this product created for the pair."""
    base = pair.rule_id
    parts = _PARTS.fullmatch(rule_id[len(base) :]) if rule_id.startswith(base) else None
    if parts is None:
        return None
    letters = {name: frozenset(parts[name] or "") for name in ("added", "found", "uses")}
    return Provenance(**letters, role_mark=parts["role"] or "")


def is_own(rule_id: str, pair: BucketPair) -> bool:
    """Tell whether this product created a rule for the pair."""
    return read(rule_id, pair) is not None


def role_mark(pair: BucketPair) -> str:
    """Return what stands for the pair's role in its rule's id; empty for the role derived from the pair."""
    return mark_of(pair.role_name) if pair.role_name else ""


def mark_of(role_name: str) -> str:
    """Return what stands for a role's name; RAM compares names without regard to case."""
    return hashlib.sha256(role_name.lower().encode()).hexdigest()[:8]
