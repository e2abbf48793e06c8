"""Read what a teardown may take back for each pair of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from oss_crr import provenance
from oss_crr.converge import in_parallel
from oss_crr.errors import Conflict, CredentialsError, OssCrrError
from oss_crr.model import Rule
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.preflight import transfer_type
from oss_crr.provenance import Provenance
from oss_crr.reading import attempt
from oss_crr.resources.base import CREATED_BY
from oss_crr.resources.kms_key import KmsKey
from oss_crr.resources.kms_role_grant import KmsRoleGrant
from oss_crr.resources.rule import find_rule
from oss_crr.teardown.claim import Claim, RoleOrigin
from oss_crr.teardown.reader import Reader
from oss_crr.teardown.role_grants import keys_of

_KMS = KmsRoleGrant()
_KEY = KmsKey()


def read_claims(
    reader: Reader, pairs: Sequence[BucketPair], *, remove_adopted: bool = False
) -> list[Claim | OssCrrError]:
    """Return, for each pair, what may be taken back, or why that could not be found out; nothing is written."""
    found = in_parallel(lambda pair: attempt(lambda: _read(reader, pair, remove_adopted)), pairs)
    pooled = {claim.name: claim for claim in pool([item for item in found if isinstance(item, Claim)])}
    return [item if isinstance(item, OssCrrError) else pooled[item.name] for item in found]


def pool(claims: Iterable[Claim]) -> list[Claim]:
    """Let each claim know what the notes of the others tell about the same things.

    Of pairs that share a role and a document, only the first setup added the grant; the later ones found it there.
    """
    claims = list(claims)
    return [_pooled(claim, claims) for claim in claims]


def _pooled(claim: Claim, claims: Sequence[Claim]) -> Claim:
    added, found = set(), set()
    for other in claims:
        if other.notes is not None:
            added |= {letter for letter in other.notes.added if _shares(claim, other, letter)}
            found |= {letter for letter in other.notes.found if _shares(claim, other, letter)}
    if claim.notes is None and not (added or found):
        return claim
    own = claim.notes or Provenance(role_mark=provenance.role_mark(claim.pair.pair))
    return replace(claim, notes=replace(own, added=frozenset(added), found=frozenset(found)))


def _shares(claim: Claim, other: Claim, letter: str) -> bool:
    """Tell whether a letter stands for one and the same thing in the notes of two claims."""
    if claim.name == other.name:
        return True
    same_destination = claim.pair.pair.destination_bucket == other.pair.pair.destination_bucket
    if letter == provenance.ACCELERATION:
        return same_destination
    same_role = (claim.pair.source_uid, claim.pair.pair.role) == (other.pair.source_uid, other.pair.pair.role)
    if letter in (provenance.DESTINATION, provenance.DESTINATION_WITH_DELETES):
        return same_role and same_destination
    if letter == provenance.KEY:
        return same_role and bool(set(claim.keys) & set(other.keys))
    return same_role


def _read(reader: Reader, pair: BucketPair, remove_adopted: bool) -> Claim:
    rule = _rule(reader, pair)
    notes = provenance.read(rule.id, pair) if rule else None
    _check_role(pair, rule, notes)
    role = _role(reader, pair)
    resolved = _resolve(reader, pair)
    keys = _keys(reader, resolved, role, rule)
    if keys and not resolved.replicates_kms_objects:
        resolved = replace(resolved, pair=replace(pair, replicate_kms_objects=True, kms_key_arn=keys[0]))
    return Claim(resolved, role, rule.id if rule else None, notes, keys, remove_adopted)


def _rule(reader: Reader, pair: BucketPair) -> Rule | None:
    if not pair.manages_source:
        return None
    return find_rule(reader.rules(pair, pair.source_bucket, pair.source_region), pair.destination_bucket)


def _check_role(pair: BucketPair, rule: Rule | None, notes: Provenance | None) -> None:
    """Make sure that the run names the role that the rule was set up with: its grants would stay behind unseen.

    :raises Conflict: it does not.
    """
    if rule is not None and notes is not None and notes.role_mark != provenance.role_mark(pair):
        named = f"`{rule.role_name}`" if rule.role_name else "another one"
        raise Conflict(
            f"rule `{rule.id}` was set up with another role than `{pair.role}` ({named}): give role_name as it was "
            "given to setup; nothing was taken back"
        )


def _role(reader: Reader, pair: BucketPair) -> RoleOrigin:
    if not pair.manages_source:
        return "unseen"
    role = reader.role(pair)
    if role is None:
        return "absent"
    return "created" if role.description.startswith(CREATED_BY) else "adopted"


def _resolve(reader: Reader, pair: BucketPair) -> ResolvedPair:
    return ResolvedPair(
        pair=pair,
        source_uid=_uid(reader, pair.source_conn_id, pair.source_uid),
        destination_uid=_uid(reader, pair.destination_conn_id, pair.destination_uid),
        versioned=pair.manages_destination and _versioned(reader, pair),
        transfer_type=transfer_type(pair),
    )


def _versioned(reader: Reader, pair: BucketPair) -> bool:
    bucket = reader.destination(pair)
    return bucket is not None and bucket.versioning == "Enabled"


def _uid(reader: Reader, conn_id: str, given: str) -> str:
    """Return the UID of a connection's account; the one that is given is a guard.

    :raises CredentialsError: the connection belongs to another account.
    """
    if not conn_id:
        return given
    found = reader.identity(conn_id).account_uid
    if given and found != given:
        raise CredentialsError(f"connection `{conn_id}` belongs to account {found}, and the run names account {given}")
    return found


def _keys(reader: Reader, pair: ResolvedPair, role: RoleOrigin, rule: Rule | None) -> tuple[str, ...]:
    """Return the keys that the role has, or had, grants on: of the rule, of the run, and of a role for this pair."""
    keys = [rule.kms_key_arn] if rule and rule.kms_enabled and rule.kms_key_arn else []
    keys += [arn] if (arn := _asked_for(reader, pair)) else []
    if role != "unseen" and _is_own(pair) and (keys or rule is None or _has_kms_policies(reader, pair)):
        keys += keys_of(reader.role_grant(_KMS, pair))
    return tuple(dict.fromkeys(keys))


def _is_own(pair: ResolvedPair) -> bool:
    return Claim(pair, "created").own_role


def _has_kms_policies(reader: Reader, pair: ResolvedPair) -> bool:
    return any(item.name.startswith(_KMS.policy_name(pair)) for item in reader.attached(pair.pair))


def _asked_for(reader: Reader, pair: ResolvedPair) -> str | None:
    """Return the key that the run names, or the product's own in the instance that it names."""
    own = pair.pair
    if own.kms_key_arn or not (own.kms_instance_id and own.manages_destination):
        return own.kms_key_arn or None
    key = _KEY.observe(reader.accounts, pair).key
    return key.arn if key else None
