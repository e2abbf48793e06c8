"""Is the replication rule the one that the pair asks for? Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oss_crr.errors import OssCrrError
from oss_crr.model import Rule
from oss_crr.resources.rule import differences, rule_spec
from oss_crr.verification.drift_facts import PairFacts
from oss_crr.verification.making import Part
from oss_crr.verification.model import Finding

#: What a difference leads to; by what was asked for, where that makes a difference.
_EFFECTS: dict[str, str | dict[bool, str]] = {
    "actions": {
        True: "deletions at the source are not repeated at the destination",
        False: "deletions at the source delete replicas, which nobody asked for",
    },
    "prefixes": "other objects are replicated than those asked for",
    "historical_data": {
        True: "objects from before the rule were never copied",
        False: "objects from before the rule are copied, too",
    },
    "transfer_type": "objects travel another way than the regions require",
    "role_name": "OSS copies with the rights of another role than the one that was set up",
    "kms_objects": {
        True: "objects that are encrypted with a KMS key are left out silently",
        False: "objects that are encrypted with a KMS key are replicated, which nobody asked for",
    },
    "kms_key_arn": "replicas are encrypted with another key",
}


def judge_rule(facts: PairFacts) -> list[Finding]:
    """Return in what the pair's rule differs from what was asked for."""
    if isinstance(facts.rules, OssCrrError) or not facts.pair.pair.manages_source:
        return []
    part, rule = Part(facts.pair.name, "rule"), facts.rule
    if rule is None:
        return [_missing(facts, part)]
    if rule.status == "closing":
        cause = f"rule `{rule.id}` was deleted and is being removed: nothing new is replicated"
        repair = "wait until it is gone, which takes minutes, then repair again: the rule is put anew"
        return [part.broken("status", "doing", "closing", cause, repair)]
    return [*_fields(facts, part, rule), *_rtc(facts, part, rule)]


def _missing(facts: PairFacts, part: Part) -> Finding:
    pair = facts.pair.pair
    between = f"`{pair.source_bucket}` to `{pair.destination_bucket}`"
    cause = f"there is no rule from {between}: somebody deleted it, and nothing is replicated any more"
    again = "; the history is copied again" if pair.replicate_historical_data else ""
    return part.broken("exists", rule_spec(facts.pair).id, None, cause, f"put the rule again{again}")


def _fields(facts: PairFacts, part: Part, rule: Rule) -> Iterable[Finding]:
    spec = rule_spec(facts.pair)
    found = dict(differences(rule, spec))
    key = found.pop("kms_key_arn", None)
    if key is not None:
        found |= _kms_difference(facts, rule, key)
    for field, (is_, wanted) in found.items():
        effect = _EFFECTS[field]
        text = effect if isinstance(effect, str) else effect[_asked(field, wanted)]
        cause = f"rule `{rule.id}` was deleted and put again by somebody with another `{field}`: {text}"
        yield part.broken(
            field, wanted, is_, cause, _replacement(facts), repairable=facts.pair.pair.on_rule_mismatch == "replace"
        )


def _kms_difference(facts: PairFacts, rule: Rule, key: tuple[Any, Any]) -> dict[str, tuple[Any, Any]]:
    """Tell the switch from the key, which the rule has only when it is on."""
    if rule.kms_enabled is not facts.pair.replicates_kms_objects:
        return {"kms_objects": (rule.kms_enabled, facts.pair.replicates_kms_objects)}
    if not facts.pair.kms_key_arn:
        return {}  # The key that it should be is gone, or could not be read: that is told of the key.
    return {"kms_key_arn": key}


def _asked(field: str, wanted: Any) -> bool:
    return "ALL" in wanted if field == "actions" else bool(wanted)


def _replacement(facts: PairFacts) -> str:
    copied = " and copies the history again" if facts.pair.pair.replicate_historical_data else ""
    if facts.pair.pair.on_rule_mismatch == "replace":
        return f"delete the rule and, once it is gone, put it again{copied}: OSS cannot change a rule"
    return (
        "ask for what the rule has, or set on_rule_mismatch to 'replace': OSS cannot change a rule, and putting it "
        f"again stops replication for minutes{copied}"
    )


def _rtc(facts: PairFacts, part: Part, rule: Rule) -> Iterable[Finding]:
    wanted = facts.pair.pair.rtc
    if (rule.rtc in ("enabled", "enabling")) == wanted:
        return
    effect = "new objects may take longer than ten minutes" if wanted else "it is paid for, and nobody asked for it"
    cause = f"replication time control of rule `{rule.id}` was switched {'off' if wanted else 'on'}: {effect}"
    repair = f"switch replication time control {'on' if wanted else 'off'}, which OSS does in place"
    yield part.broken("rtc", wanted, rule.rtc, cause, repair)
