"""What a teardown begins and ends with: the rule, the destination's transfer acceleration, and the role itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import ClassVar, Literal

from oss_crr import policy, provenance
from oss_crr.errors import Conflict, OssCrrError
from oss_crr.model import AttachedPolicy, BucketInfo, RoleInfo, Rule
from oss_crr.resources.base import CREATED_BY, Accounts, Change
from oss_crr.resources.role import Role
from oss_crr.resources.rule import ReplicationRule, find_rule
from oss_crr.teardown.claim import Claim
from oss_crr.teardown.judgement import Judgement
from oss_crr.teardown.parts import Part, named
from oss_crr.teardown.reader import Reader
from oss_crr.teardown.users import User

#: What PutBucketTransferAcceleration says while a rule needs it.
IN_USE = "TransferAccAlreadyInUse"


class RulePart(Part[Rule | None]):
    """The replication rule. One that this product did not create stays, unless the run says otherwise."""

    name = ReplicationRule.name
    needs_users = False

    def applies(self, claim: Claim) -> bool:
        return claim.pair.pair.manages_source

    def scope(self, claim: Claim) -> tuple[str, ...]:
        pair = claim.pair.pair
        return (pair.source_bucket, pair.destination_bucket)

    def observe(self, reader: Reader, claim: Claim) -> Rule | None:
        pair = claim.pair.pair
        return find_rule(reader.rules(pair, pair.source_bucket, pair.source_region), pair.destination_bucket)

    def judge(self, claim: Claim, observed: Rule | None, users: Sequence[User]) -> Judgement:
        if observed is None:
            return Judgement()
        if claim.keeps_rule:
            text = (
                f"rule `{observed.id}` was not created by this product, so it stays, and with it all that it may need: "
                "start again with remove_adopted to delete it"
            )
            return Judgement(kept=(text,))
        if observed.id != claim.rule_id:
            raise Conflict(
                f"rule `{observed.id}` replicates to `{observed.destination_bucket}` now, which was not there when the "
                "teardown was planned: start again to see a new plan"
            )
        verb = "is being removed" if observed.status == "closing" else "replicates"
        return Judgement((Change(self.name, "delete", f"rule `{observed.id}` {verb}", asdict(observed)),))

    def take(self, accounts: Accounts, claims: Sequence[tuple[Claim, Sequence[User]]], observed: Rule | None) -> None:
        pair = claims[0][0].pair.pair
        if observed is not None and observed.status != "closing":
            accounts.source(pair).oss(pair.source_region).delete_rule(pair.source_bucket, observed.id)

    def after(self, claim: Claim, observed: Rule | None, users: Sequence[User]) -> Rule | None:
        return None

    def waiting(self, claim: Claim, observed: Rule | None) -> bool:
        return observed is not None and observed.status == "closing"


class AccelerationPart(Part[BucketInfo | None]):
    """The destination's transfer acceleration, where the rule switched it on.

    OSS refuses to switch it off while any rule uses it, also one that this run cannot see.
    """

    name = "acceleration"
    side: ClassVar[Literal["source", "destination"]] = "destination"

    def applies(self, claim: Claim) -> bool:
        """Tell whether the rule switched acceleration on, or may have: after a break, nothing but the role may tell."""
        noted = claim.notes is not None and provenance.ACCELERATION in claim.notes.added
        return (noted or self._may_be_left(claim)) and super().applies(claim)

    @staticmethod
    def _may_be_left(claim: Claim) -> bool:
        needs_it = claim.pair.transfer_type == "oss_acc"
        return needs_it and claim.rule_id is None and claim.notes is None and claim.role == "created"

    def scope(self, claim: Claim) -> tuple[str, ...]:
        return (claim.pair.pair.destination_bucket,)

    def observe(self, reader: Reader, claim: Claim) -> BucketInfo | None:
        return reader.destination(claim.pair.pair)

    def judge(self, claim: Claim, observed: BucketInfo | None, users: Sequence[User]) -> Judgement:
        if observed is None or not observed.acceleration:
            return Judgement()
        bucket = claim.pair.pair.destination_bucket
        if claim.notes is None:
            hint = "no rule is left to tell whether it was before: switch it off by hand if nobody needs it"
            return Judgement(by_hand=(f"transfer acceleration of `{bucket}` is on; {hint}",))
        using = [user for user in users if _accelerates(user, bucket)]
        if using:
            return Judgement(kept=(f"transfer acceleration of `{bucket}` stays on: needed by {named(using)}",))
        summary = f"transfer acceleration of `{bucket}` was off before the rule switched it on"
        return Judgement((Change(self.name, "update", summary, {"acceleration": True}, {"acceleration": False}),))

    def take(
        self, accounts: Accounts, claims: Sequence[tuple[Claim, Sequence[User]]], observed: BucketInfo | None
    ) -> None:
        pair = claims[0][0].pair.pair
        accounts.destination(pair).oss(pair.destination_region).set_acceleration(pair.destination_bucket, False)

    def after(self, claim: Claim, observed: BucketInfo | None, users: Sequence[User]) -> BucketInfo | None:
        taken = bool(self.judge(claim, observed, users).changes)
        return replace(observed, acceleration=False) if observed is not None and taken else observed

    def needed_after_all(self, error: OssCrrError) -> str | None:
        used = error.answer is not None and error.answer.code == IN_USE
        return "transfer acceleration of the destination stays on: the rule of another bucket uses it" if used else None


@dataclass(frozen=True)
class RoleState:
    """The role, and what is attached to it."""

    role: RoleInfo | None
    attached: tuple[AttachedPolicy, ...] = ()


class RolePart(Part[RoleState]):
    """The role, which goes when this product made it and nobody uses it any more."""

    name = Role.name

    def scope(self, claim: Claim) -> tuple[str, ...]:
        return (claim.pair.source_uid, claim.pair.pair.role)

    def observe(self, reader: Reader, claim: Claim) -> RoleState:
        role = reader.role(claim.pair.pair)
        return RoleState(role, reader.attached(claim.pair.pair) if role else ())

    def judge(self, claim: Claim, observed: RoleState, users: Sequence[User]) -> Judgement:
        if observed.role is None:
            return Judgement()
        where = f"role `{observed.role.name}`"
        if not observed.role.description.startswith(CREATED_BY):
            return Judgement(kept=(f"{where} stays: this product did not make it",))
        if users:
            return Judgement(kept=(f"{where} stays: needed by {named(users)}",))
        if observed.attached:
            names = ", ".join(f"`{item.name}`" for item in observed.attached)
            return Judgement(by_hand=(f"{where} stays: {names} attached to it; detach that, and start again",))
        trust = policy.parse(observed.role.trust_policy)
        return Judgement((Change(self.name, "delete", f"{where} was made for this, and nobody uses it", trust),))

    def take(self, accounts: Accounts, claims: Sequence[tuple[Claim, Sequence[User]]], observed: RoleState) -> None:
        pair = claims[0][0].pair.pair
        accounts.source(pair).ram.delete_role(pair.role)

    def after(self, claim: Claim, observed: RoleState, users: Sequence[User]) -> RoleState:
        return RoleState(None) if self.judge(claim, observed, users).changes else observed


def _accelerates(user: User, bucket: str) -> bool:
    rule = user.rule
    return rule is None or (rule.destination_bucket == bucket and rule.transfer_type == "oss_acc")
