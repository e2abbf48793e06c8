"""Is the key that replicas are encrypted with the right one, and can it be used? Pure."""

from __future__ import annotations

from collections.abc import Iterable

from oss_crr.errors import OssCrrError
from oss_crr.model import KeyInfo, KmsInstanceInfo
from oss_crr.preflight import known
from oss_crr.resources.kms_key import MIN_ACCESS_QUANTITY, alias
from oss_crr.verification.drift_asks import KMS_KEY
from oss_crr.verification.drift_facts import PairFacts
from oss_crr.verification.making import Part
from oss_crr.verification.model import Finding

_STATES = {
    "Disabled": "somebody disabled it; enable it again",
    "PendingDeletion": "somebody scheduled its deletion; cancel that before the replicas are lost for ever",
    "PendingImport": "its material is gone; import it again",
}


def judge_key(facts: PairFacts) -> list[Finding]:
    """Return what is wrong with the key and with its instance."""
    if not KMS_KEY.applies(facts.pair):
        return []
    part = Part(facts.pair.name, "kms_key")
    return [*_instance(facts, part), *_existence(facts, part), *_state(facts, part)]


def _existence(facts: PairFacts, part: Part) -> Iterable[Finding]:
    pair, key = facts.pair, facts.key
    if isinstance(key, OssCrrError):
        return
    if pair.pair.kms_key_arn:
        if key is None:
            cause = (
                f"key `{pair.pair.kms_key_arn}` does not exist any more: what it encrypted cannot be read by anybody"
            )
            yield part.broken(
                "exists", pair.pair.kms_key_arn, None, cause, "give the pair another key", repairable=False
            )
        return
    if facts.instance is None:
        return
    if key is None:
        yield _no_alias(facts, part)
    elif key.arn != pair.kms_key_arn:
        cause = f"alias `{alias(pair)}` was moved to another key: a new rule would encrypt with that one"
        repair = "move the alias back to the key that replicas are encrypted with"
        yield part.broken("alias", pair.kms_key_arn, key.arn, cause, repair, repairable=False)


def _no_alias(facts: PairFacts, part: Part) -> Finding:
    pair = facts.pair
    if pair.kms_key_arn:
        cause = f"alias `{alias(pair)}` was deleted: the product does not find its key by it any more"
        return part.broken("alias", pair.kms_key_arn, None, cause, f"give key `{pair.kms_key_arn}` its alias again")
    cause = f"there is no key with alias `{alias(pair)}`, and nothing that tells which one it was: it was deleted"
    repair = "create a key, as the setup does, and let the role use it"
    return part.broken("exists", alias(pair), None, cause, repair)


def _used_key(facts: PairFacts) -> KeyInfo | None:
    """Return the key that replicas are encrypted with, be it named by the alias or not."""
    keys = (known(facts.key), known(facts.former_key))
    return next((key for key in keys if key and key.arn == facts.pair.kms_key_arn), None)


def _state(facts: PairFacts, part: Part) -> Iterable[Finding]:
    key = _used_key(facts)
    if key is None:
        return
    if key.state != "Enabled":
        cause = f"key `{key.id}` is {key.state}: OSS cannot encrypt replicas with it"
        repair = _STATES.get(key.state, "enable it again")
        yield part.broken("state", "Enabled", key.state, cause, f"a person has to decide: {repair}", repairable=False)
    wanted = facts.pair.pair.kms_instance_id
    if key.instance_id is None or (wanted and key.instance_id != wanted):
        cause = f"key `{key.id}` is in {key.instance_id or 'no KMS instance'}, so it cannot be shared as it has to be"
        repair = "give the alias to a key in the instance, or give the pair another key"
        yield part.broken("instance", wanted or "a KMS instance", key.instance_id, cause, repair, repairable=False)


def _instance(facts: PairFacts, part: Part) -> Iterable[Finding]:
    instance, wanted = facts.instance, facts.pair.pair.kms_instance_id
    if instance is None and wanted:
        cause = f"KMS instance `{wanted}` does not exist any more: its keys are gone with it"
        yield part.broken("instance", wanted, None, cause, "give the pair another instance or key", repairable=False)
    if not isinstance(instance, KmsInstanceInfo):
        return
    if instance.status != "Connected":
        cause = f"KMS instance `{instance.id}` is {instance.status}: its keys cannot be used"
        repair = "connect the instance again"
        yield part.broken("instance_status", "Connected", instance.status, cause, repair, repairable=False)
    quantity = instance.access_quantity
    if quantity is not None and quantity < MIN_ACCESS_QUANTITY:
        cause = f"KMS instance `{instance.id}` may share its keys with {quantity} account(s): not with the source's"
        repair = "raise the instance's access management quantity"
        yield part.broken("instance_access", MIN_ACCESS_QUANTITY, quantity, cause, repair, repairable=False)
