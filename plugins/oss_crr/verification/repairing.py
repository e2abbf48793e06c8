"""The resources of a pair as a repair writes them: as setup does, and without what findings name as too much.

The pieces are those of the setup: each reads anew, writes only a difference, and reads back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from oss_crr import policy
from oss_crr.model import AttachedPolicy, BucketInfo, PolicyInfo, RoleInfo, Rule
from oss_crr.pair import ResolvedPair
from oss_crr.resources import destination_grant, kms_key_grant
from oss_crr.resources.base import Accounts, Change, Resource
from oss_crr.resources.destination_grant import DestinationGrant
from oss_crr.resources.kms_key import KmsKey, KmsKeyState, alias
from oss_crr.resources.kms_key_grant import KmsKeyGrant
from oss_crr.resources.kms_role_grant import KmsRoleGrant
from oss_crr.resources.role import Role
from oss_crr.resources.role_grant import FOLD, Documents, RoleGrant, RoleGrantState
from oss_crr.resources.rule import ReplicationRule, find_rule
from oss_crr.resources.source_grant import SourceGrant
from oss_crr.verification.model import Finding
from oss_crr.verification.restoring import cleaned, restored, restored_trust
from oss_crr.verification.shared_policies import RoleInPolicy

#: What is to be repaired, by pair name.
Selected = Mapping[str, Sequence[Finding]]


class RepairedRole(Role):
    """The role, created again, or with its trust policy restored where the product created it."""

    def __init__(self, selected: Selected) -> None:
        self._selected = selected

    def changes(self, pair: ResolvedPair, observed: RoleInfo | None) -> tuple[Change, ...]:
        if observed is None:
            return super().changes(pair, observed)
        before = policy.parse(observed.trust_policy)
        after = self._restored(before, [pair])
        if policy.same_meaning(before, after):
            return ()
        return (Change(self.name, "update", f"trust policy of role `{observed.name}` was changed", before, after),)

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: RoleInfo | None) -> None:
        if observed is None:
            super().apply(accounts, pairs, observed)
            return
        after = self._restored(policy.parse(observed.trust_policy), pairs)
        accounts.source(pairs[0].pair).ram.update_role_trust(observed.name, policy.dump(after))

    def _restored(self, trust: policy.Document, pairs: Sequence[ResolvedPair]) -> policy.Document:
        findings = [finding for pair in pairs for finding in self._selected[pair.name]]
        about_trust = [finding for finding in findings if finding.field in ("trust_policy", "extra_trust")]
        return restored_trust(trust, about_trust) if about_trust else trust


class RepairedRoleGrant(RoleGrant):
    """Mixed into a grant of the role: its policies, without what is too much in them."""

    _selected: Selected

    def packed(self, observed: RoleGrantState, pairs: Sequence[ResolvedPair]) -> Documents:
        return super().packed(self._cleaned(observed, pairs), pairs)

    def changes(self, pair: ResolvedPair, observed: RoleGrantState) -> tuple[Change, ...]:
        changes = super().changes(pair, observed)
        if changes or self.system_policy(pair):
            return changes
        before, after = observed.documents, self._cleaned(observed, [pair]).documents
        return tuple(
            Change(self.name, "update", f"policy `{name}` allows more than is needed", before[name], after[name])
            for name in before
            if after[name] != before[name]
        )

    def _cleaned(self, observed: RoleGrantState, pairs: Sequence[ResolvedPair]) -> RoleGrantState:
        policies = tuple(
            info if info.name in observed.foreign else self._cleaned_policy(info, pairs) for info in observed.policies
        )
        return replace(observed, policies=policies)

    def _cleaned_policy(self, info: PolicyInfo, pairs: Sequence[ResolvedPair]) -> PolicyInfo:
        before = document = policy.parse(info.document)
        for pair in pairs:
            document = cleaned(info.name, document, self._selected[pair.name], self.grants(pair), FOLD)
        return info if document == before else replace(info, document=policy.dump(document))


class RepairedSourceGrant(RepairedRoleGrant, SourceGrant):
    """The role's right to read the source bucket."""

    def __init__(self, selected: Selected) -> None:
        self._selected = selected


class RepairedKmsRoleGrant(RepairedRoleGrant, KmsRoleGrant):
    """The role's right to use keys."""

    def __init__(self, selected: Selected) -> None:
        self._selected = selected


class RepairedDestinationGrant(DestinationGrant):
    """The role's statement in the destination bucket's policy."""

    def __init__(self, selected: Selected, known: Sequence[ResolvedPair]) -> None:
        self._selected = selected
        self._known = known

    def changes(self, pair: ResolvedPair, observed: policy.Document | None) -> tuple[Change, ...]:
        after = self._restored(observed, [pair])
        if after == observed:
            return ()
        summary = f"bucket policy of `{pair.pair.destination_bucket}` is not what role `{pair.pair.role}` needs"
        return (Change(self.name, "create" if observed is None else "update", summary, observed, after),)

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: policy.Document | None) -> None:
        document = self._restored(observed, pairs)
        policy.check_bucket_policy_size(document)
        if document != observed:
            self._put(accounts, pairs[0], document)

    def _restored(self, observed: policy.Document | None, pairs: Sequence[ResolvedPair]) -> policy.Document:
        document = observed
        grants = [destination_grant.grant(pair) for pair in self._known]
        for pair in pairs:
            document = restored(document, RoleInPolicy.in_bucket(pair), self._selected[pair.name], grants)
        return destination_grant.merged(document, pairs)


class RepairedKmsKeyGrant(KmsKeyGrant):
    """The role's statement in the key's policy."""

    def __init__(self, selected: Selected) -> None:
        self._selected = selected

    def changes(self, pair: ResolvedPair, observed: policy.Document | None) -> tuple[Change, ...]:
        after = self._restored(observed, [pair])
        if after == observed:
            return ()
        summary = f"the policy of key `{pair.kms_key_arn}` is not what role `{pair.pair.role}` needs"
        return (Change(self.name, "update", summary, observed, after),)

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: policy.Document | None) -> None:
        document = self._restored(observed, pairs)
        policy.check_key_policy_size(document)
        self._set(accounts, pairs[0], document)

    def _restored(self, observed: policy.Document | None, pairs: Sequence[ResolvedPair]) -> policy.Document:
        document = observed
        for pair in pairs:
            document = restored(document, RoleInPolicy.in_key(pair), self._selected[pair.name], ())
        return kms_key_grant.merged(document, pairs)


class RepairedKmsKey(KmsKey):
    """The key: its alias given again, or a new key created where there is none."""

    def changes(self, pair: ResolvedPair, observed: KmsKeyState) -> tuple[Change, ...]:
        if observed.key is None and observed.instance is not None and pair.kms_key_arn:
            summary = f"key `{pair.kms_key_arn}` has lost its alias `{alias(pair)}`"
            return (Change(self.name, "update", summary, None, {"alias": alias(pair), "key": pair.kms_key_arn}),)
        return super().changes(pair, observed)

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: KmsKeyState) -> None:
        pair = pairs[0]
        if not pair.kms_key_arn:
            super().apply(accounts, pairs, observed)
            return
        kms = accounts.destination(pair.pair).kms(pair.pair.destination_region)
        kms.create_alias(alias(pair), pair.kms_key_arn.rpartition("/")[2])


class RepairedRule(ReplicationRule):
    """The rule; where only its replication time control is to be repaired, the rest is left as it is."""

    def __init__(self, selected: Selected) -> None:
        super().__init__()
        self._selected = selected

    def changes(self, pair: ResolvedPair, observed: tuple[Rule, ...]) -> tuple[Change, ...]:
        rule = find_rule(observed, pair.pair.destination_bucket)
        if rule is not None and {finding.field for finding in self._selected[pair.name]} == {"rtc"}:
            return self._rtc_changes(rule, pair)
        return super().changes(pair, observed)

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: tuple[Rule, ...]) -> None:
        for pair in pairs:
            changes = self.changes(pair, observed)
            if any(change.kind == "update" for change in changes):
                rule = find_rule(observed, pair.pair.destination_bucket)
                oss = accounts.source(pair.pair).oss(pair.pair.source_region)
                oss.set_rtc(pair.pair.source_bucket, rule.id if rule else pair.pair.rule_id, pair.pair.rtc)
            else:
                super().apply(accounts, [pair], observed)


class Acceleration(Resource[BucketInfo]):
    """Transfer acceleration of the destination, which a rule with ``oss_acc`` needs."""

    name = "destination_bucket"
    side = "destination"

    def scope(self, pair: ResolvedPair) -> tuple[str, ...]:
        return (pair.pair.destination_bucket,)

    def desired(self, pair: ResolvedPair) -> Any:
        return {"bucket": pair.pair.destination_bucket, "acceleration": True}

    def observe(self, accounts: Accounts, pair: ResolvedPair) -> BucketInfo:
        oss = accounts.destination(pair.pair).oss(pair.pair.destination_region)
        return oss.get_bucket_info(pair.pair.destination_bucket)

    def changes(self, pair: ResolvedPair, observed: BucketInfo) -> tuple[Change, ...]:
        if observed.acceleration:
            return ()
        summary = f"transfer acceleration of `{observed.name}` is off"
        return (Change(self.name, "update", summary, {"acceleration": False}, {"acceleration": True}),)

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: BucketInfo) -> None:
        oss = accounts.destination(pairs[0].pair).oss(pairs[0].pair.destination_region)
        oss.set_acceleration(observed.name, True)

    def remove(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: BucketInfo) -> None:
        """Leave it on: a rule of somebody else may need it."""


class ForeignPolicies(Resource[tuple[AttachedPolicy, ...]]):
    """Policies attached to the product's role that nobody asked for: detached, never deleted."""

    name = "extra_policies"

    def __init__(self, selected: Selected) -> None:
        self._selected = selected

    def scope(self, pair: ResolvedPair) -> tuple[str, ...]:
        return (pair.source_uid, pair.pair.role)

    def desired(self, pair: ResolvedPair) -> Any:
        return {"role": pair.pair.role, "detach": sorted(item.name for item in self._unwanted(pair))}

    def observe(self, accounts: Accounts, pair: ResolvedPair) -> tuple[AttachedPolicy, ...]:
        return accounts.source(pair.pair).ram.list_policies_for_role(pair.pair.role) or ()

    def changes(self, pair: ResolvedPair, observed: tuple[AttachedPolicy, ...]) -> tuple[Change, ...]:
        return tuple(
            Change(self.name, "delete", f"policy `{item.name}` is attached to role `{pair.pair.role}`", item.name)
            for item in observed
            if item in self._unwanted(pair)
        )

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: tuple[AttachedPolicy, ...]) -> None:
        unwanted = {item for pair in pairs for item in self._unwanted(pair)}
        for item in observed:
            if item in unwanted:
                accounts.source(pairs[0].pair).ram.detach_policy(pairs[0].pair.role, item.name, item.type)

    def remove(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: tuple[AttachedPolicy, ...]) -> None:
        """Nothing was added."""

    def _unwanted(self, pair: ResolvedPair) -> set[AttachedPolicy]:
        findings = [item for item in self._selected[pair.name] if item.field.startswith("extra_policy:")]
        return {AttachedPolicy(item.found["policy"], item.found["type"]) for item in findings}
