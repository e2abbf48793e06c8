"""The role's rights in its own account: policies of this product, and policies of others that setup attached."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from oss_crr import policy, provenance
from oss_crr.model import AttachedPolicy
from oss_crr.resources.base import Accounts, Change
from oss_crr.resources.kms_role_grant import KmsRoleGrant
from oss_crr.resources.role_grant import FOLD, RoleGrant, RoleGrantState
from oss_crr.resources.source_grant import SourceGrant
from oss_crr.teardown.claim import Claim
from oss_crr.teardown.judgement import Judgement
from oss_crr.teardown.parts import Part, key_pair, named, update
from oss_crr.teardown.reader import Reader
from oss_crr.teardown.users import FULL_ACCESS, User, named_buckets

#: A grant, and who else needs it.
Needed = tuple[policy.Statement, list[User]]


class RoleGrantPart(Part[RoleGrantState]):
    """Statements in the product's own policies, and attachments of policies that it did not make."""

    #: See :mod:`oss_crr.provenance`.
    letter: ClassVar[str]
    resource: RoleGrant
    #: System policies that a setup may have attached.
    system_policies: ClassVar[tuple[str, ...]]

    def scope(self, claim: Claim) -> tuple[str, ...]:
        return (claim.pair.source_uid, claim.pair.pair.role)

    def observe(self, reader: Reader, claim: Claim) -> RoleGrantState:
        return reader.role_grant(self.resource, claim.pair)

    def judge(self, claim: Claim, observed: RoleGrantState, users: Sequence[User]) -> Judgement:
        return self._documents(claim, observed, users) + self._attachments(claim, observed, users)

    def take(
        self, accounts: Accounts, claims: Sequence[tuple[Claim, Sequence[User]]], observed: RoleGrantState
    ) -> None:
        grants = [grant for claim, users in claims for grant in self._free(claim, users)]
        detached = [item for claim, users in claims for item in self._detachable(claim, observed, users)]
        self.resource.take(accounts, claims[0][0].pair, observed, grants, list(dict.fromkeys(detached)))

    def after(self, claim: Claim, observed: RoleGrantState, users: Sequence[User]) -> RoleGrantState:
        left = self.resource.left(claim.pair, observed, self._free(claim, users))
        documents = {info.name: left.get(info.name, policy.parse(info.document)) for info in observed.policies}
        gone = {AttachedPolicy(name, "Custom") for name, document in documents.items() if document is None}
        gone.update(self._detachable(claim, observed, users))
        return RoleGrantState(
            policies=tuple(
                replace(info, document=policy.dump(document))
                for info in observed.policies
                if (document := documents[info.name]) is not None
            ),
            attached=tuple(item for item in observed.attached if item not in gone),
        )

    def contended(self, claim: Claim) -> bool:
        return not claim.own_role

    @abstractmethod
    def needed(self, claim: Claim, users: Sequence[User]) -> list[Needed]:
        """Return the claim's grants, each with who else needs it."""

    @abstractmethod
    def asked_for(self, claim: Claim) -> str | None:
        """Return the system policy that the pair asks for by name."""

    @abstractmethod
    def relies_on(self, user: User, document: policy.Document) -> bool:
        """Tell whether another user may rely on a policy that somebody else made."""

    # --- documents ---------------------------------------------------------------------------------------------------

    def _documents(self, claim: Claim, observed: RoleGrantState, users: Sequence[User]) -> Judgement:
        found = Judgement()
        for grant, needing in self.needed(claim, users):
            if needing and _holds(observed, grant):
                where = f"stays in the policies of role `{claim.pair.pair.role}`"
                found += Judgement(kept=(f"{_values(grant)} {where}: needed by {named(needing)}",))
        left = self.resource.left(claim.pair, observed, self._free(claim, users))
        changes = [
            change
            for info in observed.own
            if (change := self._document_change(info.name, policy.parse(info.document), left[info.name]))
        ]
        attached = {item.name for item in observed.attached if item.type == "Custom"}
        gone = [AttachedPolicy(name, "Custom") for name, document in left.items() if document is None]
        return found + Judgement(tuple(changes), detached=frozenset(item for item in gone if item.name in attached))

    def _document_change(self, name: str, before: policy.Document, after: policy.Document | None) -> Change | None:
        if after == before:
            return None
        what = "holds nothing else, and goes" if after is None else "holds the pair's part"
        return update(type(self.resource), f"policy `{name}` {what}", before, after)

    def _free(self, claim: Claim, users: Sequence[User]) -> list[policy.Statement]:
        """Return the grants that nobody else needs."""
        return [grant for grant, needing in self.needed(claim, users) if not needing]

    # --- attachments -------------------------------------------------------------------------------------------------

    def _attachments(self, claim: Claim, observed: RoleGrantState, users: Sequence[User]) -> Judgement:
        free = self._detachable(claim, observed, users)
        changes = tuple(self._detachment(claim, item) for item in free)
        judged = Judgement(changes, detached=frozenset(free))
        for item in self._candidates(claim, observed):
            if item not in free:
                judged += self._staying(claim, item, self._relying(item, observed, users))
        return judged

    def _detachment(self, claim: Claim, item: AttachedPolicy) -> Change:
        summary = f"policy `{item.name}` is attached to role `{claim.pair.pair.role}`"
        return Change(self.name, "delete", summary, before={"attach": item.name})

    def _staying(self, claim: Claim, item: AttachedPolicy, relying: Sequence[User]) -> Judgement:
        where = f"policy `{item.name}` stays attached to role `{claim.pair.pair.role}`"
        if relying:
            return Judgement(kept=(f"{where}: {named(relying)} may need it",))
        if claim.found(self._letter(item)):
            return Judgement(kept=(f"{where}: it was before the rule was set up",))
        hint = "no rule is left to tell whether setup attached it: detach it by hand if nobody else needs it"
        return Judgement(by_hand=(f"{where}: {hint}",))

    def _detachable(self, claim: Claim, observed: RoleGrantState, users: Sequence[User]) -> list[AttachedPolicy]:
        return [
            item
            for item in self._candidates(claim, observed)
            if claim.added(self._letter(item)) and not self._relying(item, observed, users)
        ]

    def _candidates(self, claim: Claim, observed: RoleGrantState) -> list[AttachedPolicy]:
        """Return the attached policies that setup may have attached, and that this product did not make."""
        systems = [AttachedPolicy(name, "System") for name in self.system_policies]
        customs = [AttachedPolicy(name, "Custom") for name in sorted(observed.foreign)]
        candidates = [item for item in systems if self._may_be_ours(claim, item, self.asked_for(claim) == item.name)]
        holding = [item for item in customs if self._concerns(claim, observed.documents[item.name])]
        candidates += [item for item in holding if self._may_be_ours(claim, item, not self.asked_for(claim))]
        return [item for item in candidates if item in observed.attached]

    def _may_be_ours(self, claim: Claim, item: AttachedPolicy, asked_for: bool) -> bool:
        """Tell whether a policy can have been attached for the pair, also where the run does not say so."""
        return asked_for or claim.role == "created" or claim.added(self._letter(item))

    def _letter(self, item: AttachedPolicy) -> str:
        return provenance.SYSTEM_POLICIES[item.name] if item.type == "System" else self.letter

    def _concerns(self, claim: Claim, document: policy.Document) -> bool:
        return any(policy.holds(document, grant, FOLD) for grant, _ in self.needed(claim, ()))

    def _relying(self, item: AttachedPolicy, observed: RoleGrantState, users: Sequence[User]) -> list[User]:
        if item.type == "Custom":
            return [user for user in users if self.relies_on(user, observed.documents[item.name])]
        letter = self._letter(item)
        return [user for user in users if user.notes is None or letter in user.notes.uses]


class SourceGrantPart(RoleGrantPart):
    """The right to read the source bucket."""

    name = SourceGrant.name
    letter = provenance.SOURCE_POLICY
    resource = SourceGrant()
    system_policies = (FULL_ACCESS,)

    def needed(self, claim: Claim, users: Sequence[User]) -> list[Needed]:
        needing = [user for user in users if user.bucket == claim.pair.pair.source_bucket]
        return [(grant, needing) for grant in self.resource.grants(claim.pair)]

    def asked_for(self, claim: Claim) -> str | None:
        return self.resource.system_policy(claim.pair)

    def relies_on(self, user: User, document: policy.Document) -> bool:
        return user.bucket in named_buckets(document)


class KmsRoleGrantPart(RoleGrantPart):
    """The right to use keys."""

    name = KmsRoleGrant.name
    letter = provenance.KMS_POLICY
    resource = KmsRoleGrant()
    system_policies = ("AliyunKMSCryptoUserAccess", "AliyunKMSFullAccess")

    def applies(self, claim: Claim) -> bool:
        return claim.pair.replicates_kms_objects and super().applies(claim)

    def needed(self, claim: Claim, users: Sequence[User]) -> list[Needed]:
        """Return the grants for each key: its use, and decryption with the source's keys, which pairs share."""
        using = [user for user in users if _uses_kms(user)]
        needed: list[Needed] = []
        for arn in claim.keys:
            own, *shared = self.resource.grants(key_pair(claim, arn))
            needed.append((own, [user for user in using if user.rule is None or user.rule.kms_key_arn == arn]))
            region = claim.pair.pair.source_region
            needed += [(grant, [user for user in using if user.region == region]) for grant in shared]
        return needed

    def asked_for(self, claim: Claim) -> str | None:
        return self.resource.system_policy(claim.pair)

    def relies_on(self, user: User, document: policy.Document) -> bool:
        return _uses_kms(user)


def keys_of(state: RoleGrantState) -> list[str]:
    """Return the ARNs of the keys that the role's policies name."""
    values = [
        value
        for document in state.documents.values()
        for statement in document["Statement"]
        for value in policy.values(statement, FOLD)
    ]
    return list(dict.fromkeys(str(value) for value in values if ":key/" in str(value) and not str(value).endswith("*")))


def _uses_kms(user: User) -> bool:
    return user.rule is None or user.rule.kms_enabled


def _holds(observed: RoleGrantState, grant: policy.Statement) -> bool:
    return any(policy.holds(policy.parse(info.document), grant, FOLD) for info in observed.own)


def _values(grant: policy.Statement) -> str:
    values: Iterable[object] = policy.values(grant, FOLD)
    return " and ".join(f"`{value}`" for value in values)
