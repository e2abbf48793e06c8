"""What setup notes in a rule's id for teardown, from what was there before the first write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from oss_crr import provenance
from oss_crr.converge import PlannedResource
from oss_crr.pair import ResolvedPair
from oss_crr.provenance import Provenance
from oss_crr.resources.rule import find_rule

#: What was there before, by resource name.
Plans = Mapping[str, PlannedResource]

#: What nobody can tell later, because it is not this product's alone: letter by the resource that adds it.
_SHARED = {
    "destination_grant": provenance.DESTINATION,
    "kms_key_grant": provenance.KEY,
    "source_grant": provenance.SOURCE_POLICY,
    "kms_role_grant": provenance.KMS_POLICY,
}
#: The shared things that can exist before the role does.
_BEFORE_THE_ROLE = ("destination_grant", "kms_key_grant")


def with_notes(pair: ResolvedPair, plans: Plans) -> ResolvedPair:
    """Return the pair with what a rule that is made for it has to tell."""
    noted = Provenance(_added(pair, plans), _found(plans), provenance.role_mark(pair.pair))
    earlier = _earlier(pair, plans)
    return replace(pair, rule_suffix=(noted.joined(earlier) if earlier else noted).suffix)


def _added(pair: ResolvedPair, plans: Plans) -> frozenset[str]:
    """Return the letters of what is missing now, where the role does not tell that this product adds it."""
    letters = set()
    if "role" in plans and plans["role"].origin == "adopted" and not plans["role"].is_creation:
        letters = {letter for name, letter in _SHARED.items() if name in plans and plans[name].changes}
    if pair.transfer_type == "oss_acc" and pair.pair.manages_destination and not pair.accelerated:
        letters.add(provenance.ACCELERATION)
    return frozenset(letters)


def _found(plans: Plans) -> frozenset[str]:
    """Return the letters of grants to a role that does not exist yet: somebody else made them ahead."""
    if "role" not in plans or not plans["role"].is_creation:
        return frozenset()
    return frozenset(_SHARED[name] for name in _BEFORE_THE_ROLE if name in plans and not plans[name].changes)


def _earlier(pair: ResolvedPair, plans: Plans) -> Provenance | None:
    """Return the notes of the rule that is going to be replaced, or put back."""
    if "rule" not in plans:
        return None
    rule = find_rule(plans["rule"].observed or (), pair.pair.destination_bucket)
    return provenance.read(rule.id, pair.pair) if rule else None
