"""Grants to the role in documents of the destination's owner: the bucket policy, and the key's policy."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from oss_crr import policy, provenance
from oss_crr.errors import NotFound
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Accounts
from oss_crr.resources.destination_grant import DestinationGrant
from oss_crr.resources.kms_key_grant import KmsKeyGrant
from oss_crr.teardown.claim import Claim
from oss_crr.teardown.judgement import Judgement
from oss_crr.teardown.parts import Part, key_pair, named, update
from oss_crr.teardown.reader import Reader
from oss_crr.teardown.users import User

Document = policy.Document | None


class GrantPart(Part[Document]):
    """The role's principal in a document that other roles, and other people, have statements in."""

    side: ClassVar[Literal["source", "destination"]] = "destination"
    resource: DestinationGrant | KmsKeyGrant

    def observe(self, reader: Reader, claim: Claim) -> Document:
        try:
            return self.resource.observe(reader.accounts, self.grants(claim)[0][1])
        except NotFound:
            return None

    def judge(self, claim: Claim, observed: Document, users: Sequence[User]) -> Judgement:
        judged = Judgement()
        for letter, pair in self.grants(claim):
            if self.without(observed, [pair]) != observed:
                judged += self._staying(claim, letter, pair, users)
        left = self.without(observed, self._free(claim, users))
        if left == observed:
            return judged
        summary = f"{self.place(claim)} lets role `{claim.pair.pair.role}` in"
        return judged + Judgement((update(type(self.resource), summary, observed, left),))

    def take(self, accounts: Accounts, claims: Sequence[tuple[Claim, Sequence[User]]], observed: Document) -> None:
        pairs = [pair for claim, users in claims for pair in self._free(claim, users)]
        self.resource.remove(accounts, pairs, observed)

    def after(self, claim: Claim, observed: Document, users: Sequence[User]) -> Document:
        return self.without(observed, self._free(claim, users))

    def without(self, document: Document, pairs: Sequence[ResolvedPair]) -> Document:
        """Return the document without the pairs' grants."""
        return self.resource.without(document, pairs)

    def contended(self, claim: Claim) -> bool:
        return True

    @abstractmethod
    def grants(self, claim: Claim) -> list[tuple[str, ResolvedPair]]:
        """Return what the role may have in the document: letters of provenance, with pairs that ask for it."""

    @abstractmethod
    def place(self, claim: Claim) -> str:
        """Name the document."""

    @abstractmethod
    def needs(self, claim: Claim, letter: str, user: User) -> bool:
        """Tell whether another user's rule needs the same grant."""

    def _free(self, claim: Claim, users: Sequence[User]) -> list[ResolvedPair]:
        """Return the pairs whose grants are taken back."""
        return [
            pair
            for letter, pair in self.grants(claim)
            if claim.added(letter) and not self._needing(claim, letter, users)
        ]

    def _needing(self, claim: Claim, letter: str, users: Sequence[User]) -> list[User]:
        return [user for user in users if user.rule is None or self.needs(claim, letter, user)]

    def _staying(self, claim: Claim, letter: str, pair: ResolvedPair, users: Sequence[User]) -> Judgement:
        """Say why a grant stays; nothing when it does not."""
        role = claim.pair.pair.role
        if claim.found(letter):
            return Judgement(kept=(f"{self.place(claim)} goes on letting role `{role}` in: it did before the setup",))
        if not claim.added(letter):
            return Judgement(by_hand=(self._uncertain(claim, pair),))
        needing = self._needing(claim, letter, users)
        text = f"{self.place(claim)} goes on letting role `{role}` in: needed by {named(needing)}"
        return Judgement(kept=(text,)) if needing else Judgement()

    def _uncertain(self, claim: Claim, pair: ResolvedPair) -> str:
        grant = json.dumps(self.resource.desired(pair)["statement"]["Principal"])
        return (
            f"{self.place(claim)} lets role `{claim.pair.pair.role}` in, which this product did not make, and no rule "
            f"is left to tell whether setup added that: take {grant} out by hand if nobody else needs it"
        )


class DestinationPart(GrantPart):
    """The statement in the destination bucket's policy."""

    name = DestinationGrant.name
    resource = DestinationGrant()

    def scope(self, claim: Claim) -> tuple[str, ...]:
        return self.resource.scope(claim.pair)

    def grants(self, claim: Claim) -> list[tuple[str, ResolvedPair]]:
        """Return the grant without and with the right to delete: earlier setups may have asked for the other one."""
        plain = replace(claim.pair.pair, replication_policy="add_change")
        letters = {provenance.DESTINATION: False, provenance.DESTINATION_WITH_DELETES: True}
        return [(letter, replace(claim.pair, pair=plain, versioned=deletes)) for letter, deletes in letters.items()]

    def place(self, claim: Claim) -> str:
        return f"bucket policy of `{claim.pair.pair.destination_bucket}`"

    def needs(self, claim: Claim, letter: str, user: User) -> bool:
        if user.rule is None or user.rule.destination_bucket != claim.pair.pair.destination_bucket:
            return False
        deletes = claim.pair.versioned or set(user.rule.actions) != {"PUT"}
        return deletes == (letter == provenance.DESTINATION_WITH_DELETES)


class KeyGrantPart(GrantPart):
    """The statement in the policy of each key."""

    name = KmsKeyGrant.name
    resource = KmsKeyGrant()

    def applies(self, claim: Claim) -> bool:
        return bool(claim.keys) and super().applies(claim)

    def items(self, claim: Claim) -> list[Claim]:
        return [replace(claim, keys=(arn,)) for arn in claim.keys]

    def scope(self, claim: Claim) -> tuple[str, ...]:
        return claim.keys

    def grants(self, claim: Claim) -> list[tuple[str, ResolvedPair]]:
        return [(provenance.KEY, key_pair(claim, arn)) for arn in claim.keys]

    def without(self, document: Document, pairs: Sequence[ResolvedPair]) -> Document:
        """Return the document without the pairs' grants; as it is when nothing would be left, which KMS refuses."""
        return super().without(document, pairs) or document

    def place(self, claim: Claim) -> str:
        return f"the policy of key `{claim.keys[0]}`"

    def needs(self, claim: Claim, letter: str, user: User) -> bool:
        return user.rule is not None and user.rule.kms_enabled and user.rule.kms_key_arn in claim.keys
