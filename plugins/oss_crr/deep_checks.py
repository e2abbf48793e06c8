"""Checks that matter only when something is going to be written: what would stop replication later, elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from oss_crr import policy
from oss_crr.denials import (
    DELETE_ACTIONS,
    DESTINATION_ACTIONS,
    SOURCE_ACTIONS,
    denials,
    describe_denial,
    key_denials,
    misspelt_principals,
)
from oss_crr.errors import OssCrrError, TransientError
from oss_crr.model import AccountSummary, Retention, Rule
from oss_crr.pair import ResolvedPair
from oss_crr.preflight import Check, Status
from oss_crr.rule_quota import max_rules


@dataclass(frozen=True)
class DeepFacts:
    """What was read of a pair that is going to be changed; an error takes the place of what could not be read.

    Reading these is a courtesy: a caller without the right to read one of them gets a warning, not a refusal.

    :param writes: names of the resources that are going to be written.
    :param source_policy: the source bucket's policy, None when there is none.
    :param destination_policy: the destination bucket's policy, None when there is none.
    :param key_policy: the policy of the key that replicas are encrypted with; None without KMS, and for a key that is
        still to be created.
    :param source_rules: rules of the source bucket.
    :param destination_rules: rules of which the destination bucket is the source.
    :param retention: the destination's retention policy (WORM), None when there is none.
    :param deleting_lifecycle_rules: how many of the source's lifecycle rules delete; asked only where deletes travel.
    :param quotas: RAM quotas of the source account; None where nothing is created in RAM.
    """

    pair: ResolvedPair
    writes: frozenset[str]
    source_policy: policy.Document | OssCrrError | None = None
    destination_policy: policy.Document | OssCrrError | None = None
    key_policy: policy.Document | None = None
    source_rules: Sequence[Rule] | OssCrrError = ()
    destination_rules: Sequence[Rule] | OssCrrError = ()
    retention: Retention | OssCrrError | None = None
    deleting_lifecycle_rules: int | OssCrrError = 0
    quotas: AccountSummary | OssCrrError | None = None


def check_deep(facts: DeepFacts) -> list[Check]:
    """Run every check on a pair that is going to be changed; none on a side that could not be read."""
    source = _SOURCE_CHECKS if facts.pair.pair.manages_source else ()
    destination = _DESTINATION_CHECKS if facts.pair.pair.manages_destination else ()
    return [check for run in (*source, *destination) for check in run(facts)]


def _unread(name: str, error: OssCrrError) -> Check:
    if isinstance(error, TransientError):
        return Check(name, "blocks", str(error), retryable=True)
    return Check(name, "warning", f"not checked: {error}")


def _source_denials(facts: DeepFacts) -> Iterable[Check]:
    yield from _denials("source denials", facts.source_policy, facts, SOURCE_ACTIONS, facts.pair.pair.source_bucket)


def _destination_denials(facts: DeepFacts) -> Iterable[Check]:
    actions = (*DESTINATION_ACTIONS, *(DELETE_ACTIONS if facts.pair.needs_delete_right else ()))
    bucket = facts.pair.pair.destination_bucket
    yield from _denials("destination denials", facts.destination_policy, facts, actions, bucket)


def _denials(
    name: str,
    document: policy.Document | OssCrrError | None,
    facts: DeepFacts,
    actions: Sequence[str],
    bucket: str,
) -> Iterable[Check]:
    if isinstance(document, OssCrrError):
        yield _unread(name, document)
        return
    pair = facts.pair.pair
    found = denials(document, facts.pair.source_uid, pair.role, actions, bucket, pair.prefixes)
    for statement in found:
        # Whether a condition will be met cannot be known from here.
        yield Check(name, "warning" if statement.get("Condition") else "blocks", describe_denial(statement, bucket))
    if not found:
        yield Check(name, "ok", f"nothing in the policy of `{bucket}` stops the role")


def _key_denials(facts: DeepFacts) -> Iterable[Check]:
    key = facts.pair.kms_key_arn
    found = key_denials(facts.key_policy, facts.pair.source_uid, facts.pair.pair.role)
    for statement in found:
        status: Status = "warning" if statement.get("Condition") else "blocks"
        yield Check("key denials", status, describe_denial(statement, key, "key policy"))
    if facts.key_policy is not None and not found:
        yield Check("key denials", "ok", f"nothing in the policy of key `{key}` stops the role")


def _misspelt_role(facts: DeepFacts) -> Iterable[Check]:
    role = facts.pair.pair.role
    if role != role.lower():
        found = f"`{role}` has capital letters; OSS matches lower case only, so `{role.lower()}` is granted"
        yield Check("role name", "warning", found)
    if isinstance(facts.destination_policy, OssCrrError):
        return
    for principal in misspelt_principals(facts.destination_policy, facts.pair.source_uid, role):
        found = f"the bucket policy names `{principal}`, which OSS never matches"
        yield Check("role name", "warning", found, f"replace it by `{principal.lower()}`, or remove it")


def _source_ip(facts: DeepFacts) -> Iterable[Check]:
    """OSS refuses a modified policy that uses acs:SourceIp alone (vendor page "Bucket policy", 2025)."""
    document = facts.destination_policy
    if "destination_grant" not in facts.writes or document is None or isinstance(document, OssCrrError):
        return
    name = "source ip conditions"
    bare = [index + 1 for index, statement in enumerate(document["Statement"]) if _uses_source_ip_alone(statement)]
    if bare:
        listed = ", ".join(map(str, bare))
        found = f"statement {listed} uses acs:SourceIp without acs:SourceVpc: OSS refuses such a policy once it changes"
        yield Check(name, "blocks", found, "have the bucket's owner add acs:SourceVpc to it")
    else:
        yield Check(name, "ok", "no acs:SourceIp without acs:SourceVpc")


def _uses_source_ip_alone(statement: policy.Statement) -> bool:
    keys = {str(key).lower() for operator in (statement.get("Condition") or {}).values() for key in operator}
    return "acs:sourceip" in keys and "acs:sourcevpc" not in keys


def _source_rule_slots(facts: DeepFacts) -> Iterable[Check]:
    if "rule" in facts.writes:
        yield _slots("source rule slots", facts.source_rules, facts.pair.pair.source_bucket)


def _destination_rule_slots(facts: DeepFacts) -> Iterable[Check]:
    # Without the source's connection, whether there is a rule already is not known.
    if "rule" in facts.writes or not facts.pair.pair.manages_source:
        yield _slots("destination rule slots", facts.destination_rules, facts.pair.pair.destination_bucket)


def _slots(name: str, rules: Sequence[Rule] | OssCrrError, bucket: str) -> Check:
    if isinstance(rules, OssCrrError):
        return _unread(name, rules)
    if len(rules) >= max_rules():
        found = f"`{bucket}` has {len(rules)} rules, and OSS allows {max_rules()} in both directions together"
        return Check(name, "blocks", found, "remove a rule nobody needs")
    return Check(name, "ok", f"`{bucket}` is the source of {len(rules)} of {max_rules()} rules")


def _circles(facts: DeepFacts) -> Iterable[Check]:
    rules, pair = facts.destination_rules, facts.pair.pair
    if isinstance(rules, OssCrrError):
        return
    targets = {rule.destination_bucket for rule in rules}
    if pair.source_bucket in targets:
        found = f"`{pair.destination_bucket}` also replicates to `{pair.source_bucket}`"
        yield Check("two-way replication", "warning", found, "do not write the same object on both sides")
    for target in sorted(targets - {pair.source_bucket}):
        found = f"`{pair.destination_bucket}` replicates to `{target}`, but OSS does not pass replicas on"
        yield Check("chained replication", "warning", found, f"replicate from `{pair.source_bucket}` as well")


def _retention(facts: DeepFacts) -> Iterable[Check]:
    name = "destination retention"
    if isinstance(facts.retention, OssCrrError):
        yield _unread(name, facts.retention)
    elif facts.retention is not None:
        found = (
            f"objects are kept for {facts.retention.days} days (WORM): until then OSS applies no change to a replica"
        )
        yield Check(name, "warning", found, "expect overwritten objects to stay as they were")
    else:
        yield Check(name, "ok", "no retention policy")


def _lifecycle(facts: DeepFacts) -> Iterable[Check]:
    if not facts.pair.pair.replicates_deletes:
        return
    name = "source lifecycle"
    found = facts.deleting_lifecycle_rules
    if isinstance(found, OssCrrError):
        yield _unread(name, found)
    elif found:
        text = f"{found} lifecycle rule(s) of `{facts.pair.pair.source_bucket}` delete objects"
        yield Check(name, "warning", text, "with add_delete_change the replicas are deleted as well")
    else:
        yield Check(name, "ok", "no lifecycle rule deletes")


def _quotas(facts: DeepFacts) -> Iterable[Check]:
    quotas = facts.quotas
    if isinstance(quotas, OssCrrError):
        yield _unread("ram quotas", quotas)
    elif quotas is not None:
        if "role" in facts.writes:
            yield _quota("role quota", "roles", quotas.roles, quotas.roles_quota, 1)
        needed = _new_policies(facts)
        if needed:
            yield _quota("policy quota", "policies", quotas.policies, quotas.policies_quota, needed)


def _new_policies(facts: DeepFacts) -> int:
    """Return how many custom policies the role gets at most; system policies count against another quota."""
    pair = facts.pair.pair
    grants = {"source_grant": pair.role_permissions, "kms_role_grant": pair.kms_permissions}
    return sum(name in facts.writes and permissions == "minimal" for name, permissions in grants.items())


def _quota(name: str, what: str, used: int, quota: int, needed: int) -> Check:
    found = f"{used} of {quota} {what} of the account are used, {needed} more needed"
    if used + needed > quota:
        return Check(name, "blocks", found, "remove some, share a role between pairs (role_name), or raise the quota")
    return Check(name, "ok", found)


_Checks = tuple[Callable[[DeepFacts], Iterable[Check]], ...]
_SOURCE_CHECKS: _Checks = (_source_denials, _source_rule_slots, _lifecycle, _quotas)
_DESTINATION_CHECKS: _Checks = (
    _destination_denials,
    _key_denials,
    _misspelt_role,
    _source_ip,
    _destination_rule_slots,
    _circles,
    _retention,
)
