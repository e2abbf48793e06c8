"""The key at the destination that KMS-encrypted objects are encrypted with when they are replicated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from oss_crr.errors import AlreadyExists, Conflict, OssCrrError
from oss_crr.model import KeyInfo, KmsInstanceInfo
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import CREATED_BY, Accounts, Change, Origin, Resource

DESCRIPTION = f"{CREATED_BY}: encrypts objects that OSS replicates from other accounts"
#: Stands for the ARN of a key that is going to be created.
KEY_TO_BE = "(the key that prepare_kms_key creates)"
#: One account that shares its key, and one that it is shared with.
MIN_ACCESS_QUANTITY = 2


@dataclass(frozen=True)
class KmsKeyState:
    """The key, and the instance it is in or is to be created in; None for what does not exist."""

    key: KeyInfo | None = None
    instance: KmsInstanceInfo | None = None


class KmsKey(Resource[KmsKeyState]):
    """The key that was given, or the product's own key in the given instance: one for all pairs, found by its alias."""

    name = "kms_key"
    side = "destination"

    def applies(self, pair: ResolvedPair) -> bool:
        return pair.replicates_kms_objects and super().applies(pair)

    def scope(self, pair: ResolvedPair) -> tuple[str, ...]:
        return (pair.destination_uid, pair.pair.destination_region, pair.pair.kms_key_arn or pair.pair.kms_instance_id)

    def desired(self, pair: ResolvedPair) -> Any:
        if pair.pair.kms_key_arn:
            return {"key": pair.pair.kms_key_arn}
        return {"instance": pair.pair.kms_instance_id, "alias": alias(pair)}

    def observe(self, accounts: Accounts, pair: ResolvedPair) -> KmsKeyState:
        kms = accounts.destination(pair.pair).kms(pair.pair.destination_region)
        if pair.pair.kms_key_arn:
            key = kms.describe_key(pair.pair.kms_key_arn)
            return KmsKeyState(key, kms.get_instance(key.instance_id) if key and key.instance_id else None)
        instance = kms.get_instance(pair.pair.kms_instance_id)
        return KmsKeyState(kms.describe_key(alias(pair)) if instance else None, instance)

    def changes(self, pair: ResolvedPair, observed: KmsKeyState) -> tuple[Change, ...]:
        problem = _problem(pair, observed)
        if problem:
            return (Change(self.name, "blocked", problem),)
        if observed.key is None:
            summary = f"no key with alias `{alias(pair)}` in KMS instance `{pair.pair.kms_instance_id}`"
            return (Change(self.name, "create", summary, after=self.desired(pair)),)
        return ()

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: KmsKeyState) -> None:
        """Create the key and its alias.

        Two runs at the same moment may create a key each; the alias is given once, so both then use the same one, and
        the log names the other.
        """
        pair = pairs[0]
        kms = accounts.destination(pair.pair).kms(pair.pair.destination_region)
        key = kms.create_key(pair.pair.kms_instance_id, DESCRIPTION)
        try:
            kms.create_alias(alias(pair), key.id)
        except AlreadyExists as error:
            raise AlreadyExists(f"alias `{alias(pair)}` was taken meanwhile; key `{key.id}` is not needed") from error
        except OssCrrError as error:
            # By its alias the key is found again: trying again without it would make another key each time.
            raise Conflict(
                f"key `{key.id}` was created, but could not be given its alias: {error}. Give it the alias "
                f"`{alias(pair)}`, or schedule its deletion, before you start again"
            ) from error

    def origin(self, pair: ResolvedPair, observed: KmsKeyState) -> Origin:
        return "in order" if observed.key and observed.key.description.startswith(CREATED_BY) else "adopted"

    def details(self, pair: ResolvedPair, observed: KmsKeyState) -> dict[str, Any]:
        return {"kms_key_arn": observed.key.arn} if observed.key else {}

    def remove(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: KmsKeyState) -> None:
        """Leave the key: objects are encrypted with it."""


def alias(pair: ResolvedPair) -> str:
    """Return the alias of the product's key in the pair's KMS instance."""
    return f"alias/oss-crr-{pair.pair.kms_instance_id}"


def _problem(pair: ResolvedPair, observed: KmsKeyState) -> str | None:
    """Say what forbids to use the key, or to create it; None when nothing does."""
    missing = _missing(pair, observed)
    if missing:
        return missing
    return (_key_problem(pair, observed.key) if observed.key else None) or (
        _instance_problem(observed.instance) if observed.instance else None
    )


def _missing(pair: ResolvedPair, observed: KmsKeyState) -> str | None:
    if pair.pair.kms_key_arn and observed.key is None:
        return f"key `{pair.pair.kms_key_arn}` does not exist in the destination account: correct kms_key_arn"
    if pair.pair.kms_instance_id and observed.instance is None:
        name, region = pair.pair.kms_instance_id, pair.pair.destination_region
        return f"KMS instance `{name}` does not exist in {region}: correct kms_instance_id"
    return None


def _instance_problem(instance: KmsInstanceInfo) -> str | None:
    if instance.status != "Connected":
        return f"KMS instance `{instance.id}` is {instance.status}: enable it and connect it to a VPC first"
    if instance.access_quantity is not None and instance.access_quantity < MIN_ACCESS_QUANTITY:
        return (
            f"KMS instance `{instance.id}` may share keys with {instance.access_quantity} account(s): raise its access "
            f"management quantity to {MIN_ACCESS_QUANTITY} or more"
        )
    return None


def _key_problem(pair: ResolvedPair, key: KeyInfo) -> str | None:
    if key.state != "Enabled":
        return f"key `{key.id}` is {key.state}: enable it, or give another one"
    if key.instance_id is None:
        return f"key `{key.id}` is a default key, which cannot be shared: give one in a KMS instance"
    if f":kms:{pair.pair.destination_region}:" not in key.arn:
        return f"key `{key.arn}` is not in the destination region {pair.pair.destination_region}"
    return None
