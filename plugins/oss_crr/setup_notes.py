"""What setup notes in a rule's id for teardown, from what was there before the first write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from oss_crr import provenance
from oss_crr.converge import PlannedResource
from oss_crr.pair import ResolvedPair
from oss_crr.provenance import Provenance
from oss_crr.resources.role_grant import RoleGrantState
from oss_crr.resources.rule import find_rule

#: What was there before, by resource name.
Plans = Mapping[str, PlannedResource]

#: Attachments of somebody's policies to the role: letter by the resource that makes them.
_ATTACHMENTS = {"source_grant": provenance.SOURCE_POLICY, "kms_role_grant": provenance.KMS_POLICY}


def with_notes(pair: ResolvedPair, plans: Plans, inherited: frozenset[str] = frozenset()) -> ResolvedPair:
    """Return the pair with what a rule that is made for it has to tell.

    :param inherited: letters of what setups of other pairs added, and this one has found.
    """
    noted = Provenance(
        _added(pair, plans) | inherited, _found(pair, plans), _uses(pair), provenance.role_mark(pair.pair)
    )
    earlier = _earlier(pair, plans)
    return replace(pair, rule_suffix=(noted.joined(earlier) if earlier else noted).suffix)


def _added(pair: ResolvedPair, plans: Plans) -> frozenset[str]:
    """Return the letters of what is missing now, where the role does not tell that this product adds it."""
    letters = set()
    if "role" in plans and plans["role"].origin == "adopted" and not plans["role"].is_creation:
        letters |= {letter for name, letter in statements(pair).items() if name in plans and plans[name].changes}
        letters |= {letter for name in _ATTACHMENTS if name in plans for letter in _attached(name, plans[name])}
    if pair.transfer_type == "oss_acc" and pair.pair.manages_destination and not pair.accelerated:
        letters.add(provenance.ACCELERATION)
    return frozenset(letters)


def statements(pair: ResolvedPair) -> dict[str, str]:
    """Return the letters of the pair's statements in documents of others, by the resource that adds them."""
    with_deletes = pair.needs_delete_right
    destination = provenance.DESTINATION_WITH_DELETES if with_deletes else provenance.DESTINATION
    return {"destination_grant": destination, "kms_key_grant": provenance.KEY}


def _found(pair: ResolvedPair, plans: Plans) -> frozenset[str]:
    """Return the letters of grants to a role that does not exist yet: somebody else made them ahead."""
    if "role" not in plans or not plans["role"].is_creation:
        return frozenset()
    return frozenset(letter for name, letter in statements(pair).items() if name in plans and not plans[name].changes)


def _uses(pair: ResolvedPair) -> frozenset[str]:
    asked_for = [pair.pair.role_permissions, pair.pair.kms_permissions if pair.replicates_kms_objects else "minimal"]
    return frozenset(provenance.SYSTEM_POLICIES[name] for name in asked_for if name in provenance.SYSTEM_POLICIES)


def _attached(resource: str, plan: PlannedResource) -> Iterator[str]:
    """Yield the letters of policies that are going to be attached, and that this product did not make."""
    state: RoleGrantState = plan.observed or RoleGrantState()
    for change in plan.changes:
        name = change.after["attach"] if set(change.after or ()) == {"attach"} else None
        if name in provenance.SYSTEM_POLICIES:
            yield provenance.SYSTEM_POLICIES[name]
        elif name in state.foreign:
            yield _ATTACHMENTS[resource]


def _earlier(pair: ResolvedPair, plans: Plans) -> Provenance | None:
    """Return the notes of the rule that is going to be replaced, or put back."""
    if "rule" not in plans:
        return None
    rule = find_rule(plans["rule"].observed or (), pair.pair.destination_bucket)
    return provenance.read(rule.id, pair.pair) if rule else None
