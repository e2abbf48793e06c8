"""A right of the replication role in its own account: a policy attached to it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from oss_crr import policy
from oss_crr.model import AttachedPolicy, PolicyInfo
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import CREATED_BY, Accounts, Change, Resource

#: What pairs that share a role have of their own is folded into the Resource list of one statement.
FOLD = "Resource"


@dataclass(frozen=True)
class RoleGrantState:
    """The product's policy for a role, and everything that is attached to the role.

    :param role_policy: None while it does not exist.
    :param attached: policies attached to the role; empty also when the role does not exist.
    """

    role_policy: PolicyInfo | None = None
    attached: tuple[AttachedPolicy, ...] = ()

    @property
    def document(self) -> policy.Document | None:
        """Return the parsed policy, or None."""
        return policy.parse(self.role_policy.document) if self.role_policy else None


class RoleGrant(Resource[RoleGrantState]):
    """A custom policy of the role with the least rights, or a system policy where it was asked for by name."""

    creates_once = True
    absent = RoleGrantState()

    #: Begins the description of the policy that is created.
    description: ClassVar[str]

    @abstractmethod
    def system_policy(self, pair: ResolvedPair) -> str | None:
        """Return the name of the system policy to attach, None for a custom policy."""

    @abstractmethod
    def policy_name(self, pair: ResolvedPair) -> str:
        """Return the name of the custom policy; at most 128 characters."""

    @abstractmethod
    def grant(self, pair: ResolvedPair) -> policy.Statement:
        """Return the custom policy's statement for a pair."""

    @abstractmethod
    def missing(self, pair: ResolvedPair) -> str:
        """Say what the role cannot do without the grant."""

    def scope(self, pair: ResolvedPair) -> tuple[str, ...]:
        return (pair.source_uid, pair.pair.role, self.system_policy(pair) or "")

    def desired(self, pair: ResolvedPair) -> Any:
        name = self.system_policy(pair)
        if name:
            return {"role": pair.pair.role, "attach": name}
        document = {"Version": "1", "Statement": [self.grant(pair)]}
        return {"role": pair.pair.role, "policy": self.policy_name(pair), "document": document}

    def observe(self, accounts: Accounts, pair: ResolvedPair) -> RoleGrantState:
        ram = accounts.source(pair.pair).ram
        if self.system_policy(pair):
            return RoleGrantState(None, ram.list_policies_for_role(pair.pair.role) or ())
        found = ram.get_policy(self.policy_name(pair), "Custom")
        # A policy that does not exist is attached to nothing: one read less for a new pair.
        attached = ram.list_policies_for_role(pair.pair.role) if found else ()
        return RoleGrantState(found, attached or ())

    def changes(self, pair: ResolvedPair, observed: RoleGrantState) -> tuple[Change, ...]:
        document_changes = () if self.system_policy(pair) else self._document_changes(pair, observed)
        return (*document_changes, *self._attachment_changes(pair, observed))

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: RoleGrantState) -> None:
        ram = accounts.source(pairs[0].pair).ram
        wanted = self._wanted(pairs[0])
        if wanted.type == "Custom":
            document = self.merged(observed.document, pairs)
            policy.check_ram_policy_size(document)
            if observed.role_policy is None:
                ram.create_policy(wanted.name, policy.dump(document), f"{CREATED_BY}: {self.description}")
            elif document != observed.document:
                ram.create_policy_version(wanted.name, policy.dump(document))
        if wanted not in observed.attached:
            ram.attach_policy(pairs[0].pair.role, wanted.name, wanted.type)

    def remove(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: RoleGrantState) -> None:
        """Take the pairs' part out of the policy; detach and delete the policy when nothing is left in it.

        A system policy is left attached: there is no telling who else relies on it.
        """
        left = observed.document
        if observed.role_policy is None or left is None or not observed.role_policy.description.startswith(CREATED_BY):
            return
        for pair in pairs:
            left = policy.subtract(left, self.grant(pair), FOLD) if left else None
        if left is None:
            self._delete(accounts, pairs[0], observed)
        elif left != observed.document:
            accounts.source(pairs[0].pair).ram.create_policy_version(observed.role_policy.name, policy.dump(left))

    def merged(self, document: policy.Document | None, pairs: Sequence[ResolvedPair]) -> policy.Document:
        """Return the policy document with the grants of all pairs in it."""
        result = document or {"Version": "1", "Statement": []}
        for pair in pairs:
            result = policy.merge(result, self.grant(pair), FOLD)
        return result

    def _delete(self, accounts: Accounts, pair: ResolvedPair, observed: RoleGrantState) -> None:
        ram = accounts.source(pair.pair).ram
        if AttachedPolicy(self.policy_name(pair), "Custom") in observed.attached:
            ram.detach_policy(pair.pair.role, self.policy_name(pair), "Custom")
        ram.delete_policy(self.policy_name(pair))

    def _document_changes(self, pair: ResolvedPair, observed: RoleGrantState) -> tuple[Change, ...]:
        before, name = observed.document, self.policy_name(pair)
        if policy.holds(before, self.grant(pair), FOLD):
            return ()
        after = self.merged(before, [pair])
        if before is None:
            return (Change(self.name, "create", f"policy `{name}` does not exist", after=after),)
        return (Change(self.name, "update", f"policy `{name}` {self.missing(pair)}", before, after),)

    def _attachment_changes(self, pair: ResolvedPair, observed: RoleGrantState) -> tuple[Change, ...]:
        wanted = self._wanted(pair)
        if wanted in observed.attached:
            return ()
        created = observed.role_policy is None and wanted.type == "Custom"
        summary = f"policy `{wanted.name}` is not attached to role `{pair.pair.role}`"
        return (Change(self.name, "create" if created else "update", summary, after={"attach": wanted.name}),)

    def _wanted(self, pair: ResolvedPair) -> AttachedPolicy:
        name = self.system_policy(pair)
        return AttachedPolicy(name, "System") if name else AttachedPolicy(self.policy_name(pair), "Custom")
