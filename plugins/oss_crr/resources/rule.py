"""The replication rule on the source bucket."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from oss_crr.errors import NotYetEffective, OssCrrError, PermissionDenied
from oss_crr.model import Rule, RuleSpec
from oss_crr.pair import ResolvedPair
from oss_crr.provenance import Provenance, is_own, role_mark
from oss_crr.refusal import explain_refusal
from oss_crr.resources.base import Accounts, Change, Origin, Resource
from oss_crr.resources.destination_grant import DestinationGrant
from oss_crr.resources.kms_key import KEY_TO_BE, KmsKey
from oss_crr.resources.kms_key_grant import KmsKeyGrant
from oss_crr.resources.kms_role_grant import KmsRoleGrant
from oss_crr.resources.role import Role
from oss_crr.resources.source_grant import SourceGrant

#: Fields of a rule that make it a different one. RTC is not among them: it is the one field OSS lets change in place.
_IMMUTABLE = ("actions", "prefixes", "historical_data", "transfer_type", "role_name", "kms_key_arn")
#: What the action ``ALL`` stands for (vendor page PutBucketReplication).
_ALL_ACTIONS = {"PUT", "DELETE", "ABORT"}
#: What the role needs before a rule is accepted.
_GRANTS = (Role(), SourceGrant(), DestinationGrant(), KmsKey(), KmsKeyGrant(), KmsRoleGrant())
_REFUSED = ": ask for what the rule has, or set on_rule_mismatch to 'replace'"
_REPLACED = ": it is deleted and created again"
_COPIED_AGAIN = ", and the history is copied again"
#: Seconds between tries while freshly granted rights are not effective; no number is published for how long that is.
PROBE_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)


class ReplicationRule(Resource[tuple[Rule, ...]]):
    """One rule per bucket pair; an equal rule is adopted, a different one refused with the differences spelled out.

    :param probe_pauses: seconds between tries while freshly granted rights are not effective.
    :param sleep: waits; replaced in tests.
    """

    name = "rule"
    shared_document = False
    #: The service refuses a second rule for the same two buckets (EC 0031-00000044).
    creates_once = True
    absent = ()

    def __init__(
        self, probe_pauses: Sequence[float] = PROBE_PAUSES, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._probe_pauses = tuple(probe_pauses)
        self._sleep = sleep

    def scope(self, pair: ResolvedPair) -> tuple[str, ...]:
        return (pair.pair.source_bucket,)

    def desired(self, pair: ResolvedPair) -> Any:
        return asdict(rule_spec(pair))

    def observe(self, accounts: Accounts, pair: ResolvedPair) -> tuple[Rule, ...]:
        return accounts.source(pair.pair).oss(pair.pair.source_region).list_rules(pair.pair.source_bucket)

    def changes(self, pair: ResolvedPair, observed: tuple[Rule, ...]) -> tuple[Change, ...]:
        rule = find_rule(observed, pair.pair.destination_bucket)
        wanted = self.desired(pair)
        if rule is None:
            summary = f"no replication rule from `{pair.pair.source_bucket}` to `{pair.pair.destination_bucket}`"
            return (Change(self.name, "create", summary, after=wanted),)
        if rule.status == "closing":
            summary = f"rule `{rule.id}` is being removed; a new one can be put when it is gone"
            return (Change(self.name, "wait", summary, asdict(rule), wanted),)
        found = differences(rule, rule_spec(pair))
        if found:
            replace = pair.pair.on_rule_mismatch == "replace"
            summary = _mismatch(rule, found) + (_replacement(pair) if replace else _REFUSED)
            return (Change(self.name, "replace" if replace else "blocked", summary, asdict(rule), wanted),)
        return self._rtc_changes(rule, pair)

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: tuple[Rule, ...]) -> None:
        oss = accounts.source(pairs[0].pair).oss(pairs[0].pair.source_region)
        for pair in pairs:
            rule = find_rule(observed, pair.pair.destination_bucket)
            if rule is None:
                self._put(accounts, pair)
            elif differences(rule, rule_spec(pair)):
                oss.delete_rule(pair.pair.source_bucket, rule.id)
            else:
                oss.set_rtc(pair.pair.source_bucket, rule.id, pair.pair.rtc)

    def origin(self, pair: ResolvedPair, observed: tuple[Rule, ...]) -> Origin:
        rule = find_rule(observed, pair.pair.destination_bucket)
        return "in order" if rule and is_own(rule.id, pair.pair) else "adopted"

    def details(self, pair: ResolvedPair, observed: tuple[Rule, ...]) -> dict[str, Any]:
        rule = find_rule(observed, pair.pair.destination_bucket)
        return {"rule_id": rule.id} if rule else {}

    def remove(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: tuple[Rule, ...]) -> None:
        """Delete the pairs' rules; they go on as ``closing`` for a while. An adopted rule, of another id, stays."""
        for pair in pairs:
            rule = find_rule(observed, pair.pair.destination_bucket)
            if rule is not None and is_own(rule.id, pair.pair) and rule.status != "closing":
                oss = accounts.source(pair.pair).oss(pair.pair.source_region)
                oss.delete_rule(pair.pair.source_bucket, rule.id)

    def _put(self, accounts: Accounts, pair: ResolvedPair) -> None:
        """Put the rule, and wait a little for rights that were granted moments ago.

        :raises PermissionDenied: naming what is missing.
        :raises NotYetEffective: everything is granted, and the service still refuses.
        """
        oss = accounts.source(pair.pair).oss(pair.pair.source_region)
        explained: OssCrrError | None = None
        for pause in (*self._probe_pauses, None):
            try:
                oss.put_rule(pair.pair.source_bucket, rule_spec(pair))
            except PermissionDenied as refusal:
                explained = explained or explain_refusal(accounts, pair, refusal, _GRANTS)
                if explained is refusal:
                    raise
                if pause is None or not isinstance(explained, NotYetEffective):
                    raise explained from refusal
                self._sleep(pause)
            else:
                return

    def _rtc_changes(self, rule: Rule, pair: ResolvedPair) -> tuple[Change, ...]:
        if (rule.rtc in ("enabled", "enabling")) == pair.pair.rtc:
            return ()
        summary = f"replication time control of rule `{rule.id}` is {rule.rtc}"
        return (Change(self.name, "update", summary, {"rtc": rule.rtc}, {"rtc": pair.pair.rtc}),)


def rule_spec(pair: ResolvedPair) -> RuleSpec:
    """Return the rule that a pair asks for."""
    return RuleSpec(
        id=pair.pair.rule_id + (pair.rule_suffix or Provenance(role_mark=role_mark(pair.pair)).suffix),
        destination_bucket=pair.pair.destination_bucket,
        destination_region=pair.pair.destination_region,
        actions=("ALL",) if pair.pair.replicates_deletes else ("PUT",),
        prefixes=pair.pair.prefixes,
        historical_data=pair.pair.replicate_historical_data,
        transfer_type=pair.transfer_type,
        role_name=pair.pair.role,
        # A key that is still to be created is a difference too: no rule that is there can have it.
        kms_key_arn=pair.kms_key_arn or (KEY_TO_BE if pair.replicates_kms_objects else None),
        rtc=pair.pair.rtc,
    )


def find_rule(rules: Sequence[Rule], destination_bucket: str) -> Rule | None:
    """Return the rule to a destination bucket, or None. There is at most one."""
    return next((rule for rule in rules if rule.destination_bucket == destination_bucket), None)


def differences(rule: Rule, spec: RuleSpec) -> dict[str, tuple[Any, Any]]:
    """Return the fields in which a rule differs from what is asked for, each as (found, wanted).

    The service hides the role on rules without KMS settings: a hidden role is no difference. Role names are compared
    without regard to case, and given as name or ARN.
    """
    found = {field: (_comparable(field, rule), _comparable(field, spec)) for field in _IMMUTABLE}
    if rule.role_name is None:
        found.pop("role_name")
    return {field: pair for field, pair in found.items() if pair[0] != pair[1]}


def _comparable(field: str, holder: Rule | RuleSpec) -> Any:
    value = getattr(holder, field)
    if field == "kms_key_arn" and isinstance(holder, Rule) and not holder.kms_enabled:
        return None  # With the switch off, OSS leaves the objects out whatever key the rule names.
    if field == "actions" and set(value) == _ALL_ACTIONS:
        return ["ALL"]
    if field in ("actions", "prefixes"):
        return sorted(value)
    if field == "role_name" and value is not None:
        return value.rpartition("/")[2].lower()
    return value


def _replacement(pair: ResolvedPair) -> str:
    return _REPLACED + (_COPIED_AGAIN if pair.pair.replicate_historical_data else "")


def _mismatch(rule: Rule, found: dict[str, tuple[Any, Any]]) -> str:
    spelled = "; ".join(f"{field} is {is_!r}, asked for {wanted!r}" for field, (is_, wanted) in found.items())
    return f"rule `{rule.id}` to `{rule.destination_bucket}` differs: {spelled}. OSS cannot change a rule"
