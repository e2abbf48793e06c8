"""The role's right, in the source account, to read the source bucket for replication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from oss_crr import policy
from oss_crr.errors import NotFound
from oss_crr.model import AttachedPolicy, PolicyInfo
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import CREATED_BY, Accounts, Change, Resource

DESCRIPTION = f"{CREATED_BY}: read source buckets for replication"
FULL_ACCESS = "AliyunOSSFullAccess"
#: Buckets of a shared role are folded into the Resource list of one statement.
FOLD = "Resource"


@dataclass(frozen=True)
class SourceGrantState:
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


class SourceGrant(Resource[SourceGrantState]):
    """A custom policy of the role that names the source bucket, or the full-access policy where it was asked for."""

    name = "source_grant"
    creates_once = True
    absent = SourceGrantState()

    def scope(self, pair: ResolvedPair) -> tuple[str, ...]:
        return (pair.source_uid, pair.pair.role, pair.pair.role_permissions)

    def desired(self, pair: ResolvedPair) -> Any:
        if _full_access(pair):
            return {"role": pair.pair.role, "attach": FULL_ACCESS}
        document = policy.render("source_grant", source_bucket=pair.pair.source_bucket)
        return {"role": pair.pair.role, "policy": policy_name(pair), "document": document}

    def observe(self, accounts: Accounts, pair: ResolvedPair) -> SourceGrantState:
        ram = accounts.source(pair.pair).ram
        if _full_access(pair):
            return SourceGrantState(None, ram.list_policies_for_role(pair.pair.role) or ())
        found = ram.get_policy(policy_name(pair), "Custom")
        # A policy that does not exist is attached to nothing: one read less for a new pair.
        attached = ram.list_policies_for_role(pair.pair.role) if found else ()
        return SourceGrantState(found, attached or ())

    def changes(self, pair: ResolvedPair, observed: SourceGrantState) -> tuple[Change, ...]:
        document_changes = () if _full_access(pair) else self._document_changes(pair, observed)
        return (*document_changes, *self._attachment_changes(pair, observed))

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: SourceGrantState) -> None:
        ram = accounts.source(pairs[0].pair).ram
        name, kind = _wanted_policy(pairs[0])
        if kind == "Custom":
            document = merged(observed.document, pairs)
            policy.check_ram_policy_size(document)
            if observed.role_policy is None:
                ram.create_policy(name, policy.dump(document), DESCRIPTION)
            elif document != observed.document:
                ram.create_policy_version(name, policy.dump(document))
        if AttachedPolicy(name, kind) not in observed.attached:
            ram.attach_policy(pairs[0].pair.role, name, kind)

    def remove(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: SourceGrantState) -> None:
        """Take the pairs' buckets out of the policy; detach and delete the policy when nothing is left in it.

        The full-access policy is left attached: there is no telling who else relies on it.
        """
        left = observed.document
        if observed.role_policy is None or left is None or not observed.role_policy.description.startswith(CREATED_BY):
            return
        for pair in pairs:
            left = policy.subtract(left, _grant(pair), FOLD) if left else None
        ram = accounts.source(pairs[0].pair).ram
        if left is None:
            self._delete(accounts, pairs[0], observed)
        elif left != observed.document:
            ram.create_policy_version(observed.role_policy.name, policy.dump(left))

    def _delete(self, accounts: Accounts, pair: ResolvedPair, observed: SourceGrantState) -> None:
        ram = accounts.source(pair.pair).ram
        if AttachedPolicy(policy_name(pair), "Custom") in observed.attached:
            ram.detach_policy(pair.pair.role, policy_name(pair), "Custom")
        ram.delete_policy(policy_name(pair))

    def _document_changes(self, pair: ResolvedPair, observed: SourceGrantState) -> tuple[Change, ...]:
        before = observed.document
        if policy.holds(before, _grant(pair), FOLD):
            return ()
        after = merged(before, [pair])
        if before is None:
            return (Change(self.name, "create", f"policy `{policy_name(pair)}` does not exist", after=after),)
        summary = f"policy `{policy_name(pair)}` does not let the role read bucket `{pair.pair.source_bucket}`"
        return (Change(self.name, "update", summary, before, after),)

    def _attachment_changes(self, pair: ResolvedPair, observed: SourceGrantState) -> tuple[Change, ...]:
        name, kind = _wanted_policy(pair)
        if AttachedPolicy(name, kind) in observed.attached:
            return ()
        created = observed.role_policy is None and kind == "Custom"
        summary = f"policy `{name}` is not attached to role `{pair.pair.role}`"
        return (Change(self.name, "create" if created else "update", summary, after={"attach": name}),)


def policy_name(pair: ResolvedPair) -> str:
    """Return the name of the product's policy for the pair's role; within RAM's 128 characters."""
    return f"{pair.pair.role}-source-read"


def merged(document: policy.Document | None, pairs: Sequence[ResolvedPair]) -> policy.Document:
    """Return the policy document with the grants of all pairs in it."""
    for pair in pairs:
        document = policy.merge(document, _grant(pair), FOLD)
    if document is None:
        raise NotFound("no pair to grant anything to")
    return document


def _grant(pair: ResolvedPair) -> policy.Statement:
    return policy.render_grant("source_grant", source_bucket=pair.pair.source_bucket)


def _full_access(pair: ResolvedPair) -> bool:
    return pair.pair.role_permissions == FULL_ACCESS


def _wanted_policy(pair: ResolvedPair) -> tuple[str, Any]:
    return (FULL_ACCESS, "System") if _full_access(pair) else (policy_name(pair), "Custom")
