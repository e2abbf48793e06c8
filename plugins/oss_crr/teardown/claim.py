"""What a teardown may take back for one pair. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from oss_crr import provenance
from oss_crr.model import Rule
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.provenance import Provenance

#: ``created`` by this product, as the role's description says; ``adopted``: somebody else's; ``absent``: not there;
#: ``unseen``: there is no connection to the source account.
RoleOrigin = Literal["created", "adopted", "absent", "unseen"]


@dataclass(frozen=True)
class Claim:
    """What was found of a pair before anything was taken back: later, with the rule gone, some of it cannot be told.

    :param pair: the pair with what the cloud told of it.
    :param role: who made the role.
    :param rule_id: the pair's rule; None when there is none.
    :param notes: what the rule's id tells; None when there is no rule, or none of this product.
    :param keys: ARNs of the keys that replicas are, or were, encrypted with.
    :param remove_adopted: whether to delete a rule that this product did not create.
    """

    pair: ResolvedPair
    role: RoleOrigin
    rule_id: str | None = None
    notes: Provenance | None = None
    keys: tuple[str, ...] = ()
    remove_adopted: bool = False

    @property
    def name(self) -> str:
        """Return how logs and reports call the pair."""
        return self.pair.name

    @property
    def keeps_rule(self) -> bool:
        """Tell whether the pair's rule is somebody else's and stays, and with it all that it may need."""
        return self.rule_id is not None and self.notes is None and not self.remove_adopted

    @property
    def own_role(self) -> bool:
        """Tell whether the role is one that this product made, or would make, for this pair alone."""
        return not self.pair.pair.role_name or self.pair.pair.role == derived_role(self.pair.pair)

    def added(self, letter: str) -> bool:
        """Tell whether it is certain that setup added something, see :mod:`oss_crr.provenance`."""
        if self.role == "unseen":
            return True  # The destination's owner asks for it by naming account and role.
        noted = self.notes or Provenance()
        if self.role == "created" or (self.role == "absent" and self.own_role):
            return letter not in noted.found
        return letter in noted.added

    def found(self, letter: str) -> bool:
        """Tell whether it is certain that something was there before setup."""
        if self.notes is None:
            return False
        return letter in self.notes.found or (self.role == "adopted" and letter not in self.notes.added)

    def to_dict(self) -> dict[str, Any]:
        """Return the claim as JSON data."""
        return {
            "pair": self.pair.to_dict(),
            "role": self.role,
            "rule_id": self.rule_id,
            "notes": None if self.notes is None else self.notes.suffix,
            "keys": list(self.keys),
            "remove_adopted": self.remove_adopted,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Claim:
        """Rebuild from :meth:`to_dict`."""
        pair = ResolvedPair.from_dict(data["pair"])
        notes = data["notes"]
        return cls(
            pair=pair,
            role=data["role"],
            rule_id=data["rule_id"],
            notes=None if notes is None else provenance.read(pair.pair.rule_id + notes, pair.pair),
            keys=tuple(data["keys"]),
            remove_adopted=data["remove_adopted"],
        )


def derived_role(pair: BucketPair) -> str:
    """Return the role that the pair has unless another one is named."""
    return between(pair.source_bucket, pair.destination_bucket).role


def between(source_bucket: str, destination_bucket: str) -> BucketPair:
    """Return a pair of which only the buckets matter, for its derived names."""
    return BucketPair(source_bucket, "", destination_bucket, "")


def rule_role(bucket: str, rule: Rule, role: str) -> bool | None:
    """Tell whether a rule of a bucket replicates with a role; None when that cannot be seen.

    :param role: the role's name.
    """
    if rule.role_name:
        return rule.role_name.rpartition("/")[2].lower() == role.lower()
    pair = between(bucket, rule.destination_bucket)
    notes = provenance.read(rule.id, pair)
    if notes is None:
        return None
    if notes.role_mark:
        return notes.role_mark == provenance.mark_of(role)
    return pair.role == role.lower()
