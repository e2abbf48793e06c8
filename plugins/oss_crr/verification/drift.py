"""Find what changed behind the product's back: compare what is configured for pairs with what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from oss_crr.errors import OssCrrError
from oss_crr.model import Rule
from oss_crr.pair import BucketPair, ResolvedPair, parse_pair
from oss_crr.reading import attempt
from oss_crr.resources.base import Accounts
from oss_crr.verification.drift_access import unread
from oss_crr.verification.drift_asks import KMS_GRANT, SOURCE_GRANT
from oss_crr.verification.drift_buckets import judge_buckets
from oss_crr.verification.drift_facts import PairFacts, read_pairs
from oss_crr.verification.drift_key import judge_key
from oss_crr.verification.drift_policies import judge_destination_policy, judge_key_policy, judge_source_policy
from oss_crr.verification.drift_role import judge_role
from oss_crr.verification.drift_role_grants import judge_role_grant
from oss_crr.verification.drift_rule import judge_rule
from oss_crr.verification.extra_rights import judge_extra_rights
from oss_crr.verification.making import unreadable
from oss_crr.verification.model import Finding
from oss_crr.verification.neighbours import Neighbours

if TYPE_CHECKING:
    from oss_crr.hooks.connection import AccountConfig


@dataclass(frozen=True)
class DriftResult:
    """What is configured for one pair, compared with what was asked for.

    :param resolved: None when it could not be found out which accounts the pair is about.
    :param rule: the pair's replication rule as it is; None when there is none, or it could not be read.
    """

    pair: BucketPair
    resolved: ResolvedPair | None
    rule: Rule | None
    findings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON data, the form that travels between tasks."""
        return {
            "pair": self.pair.to_dict(),
            "resolved": self.resolved.to_dict() if self.resolved else None,
            "rule": _rule_to_dict(self.rule) if self.rule else None,
            "findings": [finding.to_dict() for finding in self.findings],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DriftResult:
        """Rebuild from :meth:`to_dict`."""
        return cls(
            pair=parse_pair(data["pair"]),
            resolved=ResolvedPair.from_dict(data["resolved"]) if data["resolved"] else None,
            rule=_rule_from_dict(data["rule"]) if data["rule"] else None,
            findings=tuple(Finding.from_dict(item) for item in data["findings"]),
        )


_LISTS = ("actions", "prefixes")


def _rule_to_dict(rule: Rule) -> dict[str, Any]:
    return {key: list(value) if key in _LISTS else value for key, value in asdict(rule).items()}


def _rule_from_dict(data: Mapping[str, Any]) -> Rule:
    values: dict[str, Any] = {key: tuple(value) if key in _LISTS else value for key, value in data.items()}
    return Rule(**values)


def find_drift(accounts: Accounts, pairs: Sequence[BucketPair], others: Sequence[BucketPair] = ()) -> list[DriftResult]:
    """Read and compare all pairs side by side; nothing is written, and no pair's trouble is another's.

    :param pairs: with names that differ.
    :param others: further pairs of the inventory, which are not verified now. What they need of a role, a bucket policy
        or a key that they share with the pairs is no right too much.
    :returns: a result for each pair, in their order.
    """
    read = read_pairs(accounts, pairs, others)
    neighbours = Neighbours.of(read, others)
    return [_result(accounts, facts, neighbours) for facts in read]


def _result(accounts: Accounts, facts: PairFacts, neighbours: Neighbours) -> DriftResult:
    name = facts.pair.name
    found = attempt(lambda: list(_judge(accounts, facts, neighbours)))
    findings = [unreadable(name, "verification", found)] if isinstance(found, OssCrrError) else found
    return DriftResult(
        facts.pair.pair, facts.pair if facts.accounts_known else None, facts.rule, (*unread(facts), *findings)
    )


def _judge(accounts: Accounts, facts: PairFacts, neighbours: Neighbours) -> Iterable[Finding]:
    pair = facts.pair.pair
    source, destination = _settings(accounts, pair.source_conn_id), _settings(accounts, pair.destination_conn_id)
    yield from judge_buckets(facts, source, destination)
    yield from judge_role(facts)
    yield from judge_role_grant(facts, SOURCE_GRANT)
    yield from judge_source_policy(facts)
    yield from judge_destination_policy(facts, neighbours)
    yield from judge_key(facts)
    yield from judge_key_policy(facts, neighbours)
    yield from judge_role_grant(facts, KMS_GRANT)
    yield from judge_rule(facts)
    yield from judge_extra_rights(facts, neighbours)


def _settings(accounts: Accounts, conn_id: str) -> AccountConfig | None:
    """Return a connection's settings; None without one, and for one that does not work, which reading has told."""
    account = attempt(lambda: accounts.get(conn_id)) if conn_id else None
    return None if account is None or isinstance(account, OssCrrError) else account.config
