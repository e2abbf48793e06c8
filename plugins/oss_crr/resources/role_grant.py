"""A right of the replication role in its own account: custom policies attached to it, or a system policy."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from oss_crr import policy
from oss_crr.errors import AlreadyExists, LimitReached, PolicyError
from oss_crr.model import AttachedPolicy, PolicyInfo
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import CREATED_BY, Accounts, Change, Resource

if TYPE_CHECKING:
    from oss_crr.hooks.ram import RamApi

#: What pairs that share a role have of their own is folded into the Resource list of one statement.
FOLD = "Resource"
#: Custom policies that can be attached to a role (RAM page "Limits", 16 December 2025).
MAX_POLICIES = 10

#: Policy documents by policy name.
Documents = dict[str, policy.Document]


@dataclass(frozen=True)
class RoleGrantState:
    """The product's policies for a role, and everything that is attached to the role.

    :param policies: in the order in which they are filled; empty while there is none.
    :param attached: policies attached to the role; empty also when the role does not exist.
    """

    policies: tuple[PolicyInfo, ...] = ()
    attached: tuple[AttachedPolicy, ...] = ()

    @property
    def documents(self) -> Documents:
        """Return the parsed policies by name."""
        return {info.name: policy.parse(info.document) for info in self.policies}

    @property
    def own(self) -> tuple[PolicyInfo, ...]:
        """Return the policies that this product made; a policy of the same name may be somebody else's."""
        return tuple(info for info in self.policies if info.description.startswith(CREATED_BY))

    @property
    def foreign(self) -> frozenset[str]:
        """Return the names of the policies that somebody else made: they are read, and never written."""
        return frozenset(info.name for info in self.policies) - {info.name for info in self.own}


class RoleGrant(Resource[RoleGrantState]):
    """Custom policies of the role with the least rights, or a system policy where it was asked for by name.

    What does not fit into one policy goes into further ones, named with a number, up to RAM's limit for a role.
    """

    creates_once = True
    absent = RoleGrantState()

    #: Begins the description of the policies that are created.
    description: ClassVar[str]

    @abstractmethod
    def system_policy(self, pair: ResolvedPair) -> str | None:
        """Return the name of the system policy to attach, None for custom policies."""

    @abstractmethod
    def policy_name(self, pair: ResolvedPair) -> str:
        """Return the name of the first custom policy; short enough for a number behind it within 128 characters."""

    @abstractmethod
    def grants(self, pair: ResolvedPair) -> list[policy.Statement]:
        """Return the custom policy's statements for a pair."""

    @abstractmethod
    def missing(self, pair: ResolvedPair) -> str:
        """Say what the role cannot do without the grant, as the end of a sentence about a policy."""

    def contended(self, pair: ResolvedPair) -> bool:
        # A derived role belongs to one pair.
        return bool(pair.pair.role_name) and not self.system_policy(pair)

    def scope(self, pair: ResolvedPair) -> tuple[str, ...]:
        return (pair.source_uid, pair.pair.role, self.system_policy(pair) or "")

    def desired(self, pair: ResolvedPair) -> Any:
        name = self.system_policy(pair)
        if name:
            return {"role": pair.pair.role, "attach": name}
        document = {"Version": "1", "Statement": self.grants(pair)}
        return {"role": pair.pair.role, "policy": self.policy_name(pair), "document": document}

    def observe(self, accounts: Accounts, pair: ResolvedPair) -> RoleGrantState:
        ram = accounts.source(pair.pair).ram
        if self.system_policy(pair):
            return RoleGrantState((), ram.list_policies_for_role(pair.pair.role) or ())
        first = ram.get_policy(self.policy_name(pair), "Custom")
        if first is None:
            # A policy that does not exist is attached to nothing: one read less for a new pair.
            return self.absent
        attached = ram.list_policies_for_role(pair.pair.role) or ()
        names = sorted(set(self._names(pair)[1:]) & {item.name for item in attached if item.type == "Custom"})
        further = [ram.get_policy(name, "Custom") for name in names]
        return RoleGrantState((first, *(info for info in further if info)), attached)

    def observe_all(
        self, accounts: Accounts, pair: ResolvedPair, attached: tuple[AttachedPolicy, ...]
    ) -> RoleGrantState:
        """Read the custom policies of the role, whatever the pair asks for, and also one that a crash left unattached.

        :param attached: what is attached to the role.
        """
        ram = accounts.source(pair.pair).ram
        names = {item.name for item in attached if item.type == "Custom"}
        policies: list[PolicyInfo] = []
        known = self._names(pair)
        for index, name in enumerate(known):
            info = ram.get_policy(name, "Custom")
            policies += [info] if info else []
            if info is None and not names.intersection(known[index:]):
                break
        return RoleGrantState(tuple(policies), attached)

    def changes(self, pair: ResolvedPair, observed: RoleGrantState) -> tuple[Change, ...]:
        system = self.system_policy(pair)
        if system:
            return self._attachment_changes(pair, observed, AttachedPolicy(system, "System"))
        try:
            packed = self.packed(observed, [pair])
        except LimitReached as error:
            return (Change(self.name, "blocked", str(error)),)
        holders = self._holders(packed, pair)
        documents = (self._document_changes(pair, observed.documents, packed, name) for name in holders)
        attachments = (self._attachment_changes(pair, observed, AttachedPolicy(name, "Custom")) for name in holders)
        return tuple(chain.from_iterable((*documents, *attachments)))

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: RoleGrantState) -> None:
        ram = accounts.source(pairs[0].pair).ram
        system = self.system_policy(pairs[0])
        if system:
            wanted = [AttachedPolicy(system, "System")]
        else:
            packed = self.packed(observed, pairs)
            self._write(ram, self.policy_name(pairs[0]), observed.documents, packed)
            holders = dict.fromkeys(name for pair in pairs for name in self._holders(packed, pair))
            wanted = [AttachedPolicy(name, "Custom") for name in holders]
        for item in wanted:
            if item not in observed.attached:
                ram.attach_policy(pairs[0].pair.role, item.name, item.type)

    def _write(self, ram: RamApi, first: str, before: Documents, after: Documents) -> None:
        for name, document in after.items():
            if name not in before:
                self._create(ram, name, document, tolerate=name != first)
            elif document != before[name]:
                ram.create_policy_version(name, policy.dump(document))

    def _create(self, ram: RamApi, name: str, document: policy.Document, *, tolerate: bool) -> None:
        """Create a policy; a further one may exist unattached after a crash: attached, it is read and filled."""
        try:
            ram.create_policy(name, policy.dump(document), f"{CREATED_BY}: {self.description}")
        except AlreadyExists:
            if not tolerate:
                raise

    def remove(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: RoleGrantState) -> None:
        """Take the pairs' part out of the policies; detach and delete a policy when nothing is left in it.

        A system policy is left attached: teardown knows who else relies on it, and calls :meth:`take`.
        """
        self.take(accounts, pairs[0], observed, self._grants(pairs))

    def take(
        self,
        accounts: Accounts,
        pair: ResolvedPair,
        observed: RoleGrantState,
        grants: Sequence[policy.Statement],
        detached: Sequence[AttachedPolicy] = (),
    ) -> None:
        """Take grants out of the product's own policies, and policies of others off the role.

        :param pair: one of the pairs with the role.
        :param detached: policies that stay, and are only detached.
        """
        ram = accounts.source(pair.pair).ram
        left = self.left(pair, observed, grants)
        for info in observed.own:
            document = left[info.name]
            if document is not None and document != policy.parse(info.document):
                ram.create_policy_version(info.name, policy.dump(document))
        # The first policy goes last: without it, the others would not be found again after a crash.
        for info in reversed(observed.own):
            if left[info.name] is None:
                self._delete(accounts, pair, info.name, observed)
        for item in detached:
            ram.detach_policy(pair.pair.role, item.name, item.type)

    def left(
        self, pair: ResolvedPair, observed: RoleGrantState, grants: Sequence[policy.Statement]
    ) -> dict[str, policy.Document | None]:
        """Return what is left of the product's own policies without some grants, None for nothing."""
        left = {info.name: policy.subtract_all(policy.parse(info.document), grants, FOLD) for info in observed.own}
        first = self.policy_name(pair)
        further = [name for name, document in left.items() if name != first and document is not None]
        if further and first in left and left[first] is None:
            # Further policies are looked for only where there is a first one.
            left[first], left[further[-1]] = left[further[-1]], None
        return left

    def packed(self, observed: RoleGrantState, pairs: Sequence[ResolvedPair]) -> Documents:
        """Return the documents with the grants of all pairs in them, each within RAM's size.

        A policy that somebody else made is left as it is: it may be attached to other roles, too.

        :raises LimitReached: when the role's policies hold no more.
        """
        result = observed.documents
        names = [name for name in self._names(pairs[0]) if name not in observed.foreign]
        for grant in self._grants(pairs):
            if any(policy.holds(document, grant, FOLD) for document in result.values()):
                continue
            name = next((name for name in names if _fits(result.get(name), grant)), None)
            if name is None:
                role = pairs[0].pair.role
                raise LimitReached(f"the {MAX_POLICIES} policies of role `{role}` hold no more: use another role_name")
            result[name] = policy.merge(result.get(name), grant, FOLD)
        return result

    def _grants(self, pairs: Iterable[ResolvedPair]) -> list[policy.Statement]:
        return [grant for pair in pairs for grant in self.grants(pair)]

    def _holders(self, documents: Documents, pair: ResolvedPair) -> list[str]:
        """Return the names of the policies that hold a part of the pair's grants."""
        grants = self.grants(pair)
        return [
            name for name, document in documents.items() if any(policy.holds(document, grant, FOLD) for grant in grants)
        ]

    def _names(self, pair: ResolvedPair) -> list[str]:
        first = self.policy_name(pair)
        return [first, *(f"{first}-{number}" for number in range(2, MAX_POLICIES + 1))]

    def _delete(self, accounts: Accounts, pair: ResolvedPair, name: str, observed: RoleGrantState) -> None:
        ram = accounts.source(pair.pair).ram
        if AttachedPolicy(name, "Custom") in observed.attached:
            ram.detach_policy(pair.pair.role, name, "Custom")
        ram.delete_policy(name)

    def _document_changes(
        self, pair: ResolvedPair, before: Documents, packed: Documents, holder: str
    ) -> tuple[Change, ...]:
        if before.get(holder) == packed[holder]:
            return ()
        if not before:
            return (Change(self.name, "create", f"policy `{holder}` does not exist", after=packed[holder]),)
        summary = f"policy `{holder}` {self.missing(pair)}"
        return (Change(self.name, "update", summary, before.get(holder), packed[holder]),)

    def _attachment_changes(
        self, pair: ResolvedPair, observed: RoleGrantState, wanted: AttachedPolicy
    ) -> tuple[Change, ...]:
        if wanted in observed.attached:
            return ()
        created = not observed.policies and wanted.type == "Custom"
        summary = f"policy `{wanted.name}` is not attached to role `{pair.pair.role}`"
        return (Change(self.name, "create" if created else "update", summary, after={"attach": wanted.name}),)


def policy_prefix(role_name: str) -> str:
    """Return what the names of a role's policies begin with.

    A role's name may have dots, a policy's may not (RAM pages CreateRole and CreatePolicy). The digest keeps the
    policies of ``a.b`` and ``a-b`` apart.
    """
    if "." not in role_name:
        return role_name
    return f"{role_name.replace('.', '-')}-{hashlib.sha256(role_name.encode()).hexdigest()[:8]}"


def _fits(document: policy.Document | None, grant: policy.Statement) -> bool:
    try:
        policy.check_ram_policy_size(policy.merge(document, grant, FOLD))
    except PolicyError:
        return False
    return True
