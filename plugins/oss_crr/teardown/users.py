"""Who else uses the role of a pair that is torn down: the cloud tells, there is no list of pairs."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from oss_crr import policy, provenance
from oss_crr.converge import in_parallel
from oss_crr.errors import OssCrrError
from oss_crr.model import AttachedPolicy, Rule
from oss_crr.provenance import Provenance
from oss_crr.reading import attempt
from oss_crr.resources.role_grant import FOLD, RoleGrantState
from oss_crr.resources.source_grant import SourceGrant
from oss_crr.teardown.claim import Claim, between, rule_role
from oss_crr.teardown.reader import Reader

SOURCE_GRANT = SourceGrant()
#: The system policy that lets a role read every bucket.
FULL_ACCESS = "AliyunOSSFullAccess"

_BUCKET = re.compile(r"acs:oss:\*:\*:([a-z0-9-]+)")


@dataclass(frozen=True)
class User:
    """Another pair that replicates with the role, or is about to.

    :param bucket: its source bucket.
    :param region: that bucket's region.
    :param rule: None where the role may read the bucket and no rule is there: a setup has begun, or was left off.
    """

    bucket: str
    region: str
    rule: Rule | None

    @property
    def notes(self) -> Provenance | None:
        """Return what the rule's id tells; None where there is no rule, or one that somebody else made."""
        if self.rule is None:
            return None
        return provenance.read(self.rule.id, between(self.bucket, self.rule.destination_bucket))

    def __str__(self) -> str:
        """Name it for people."""
        if self.rule is None:
            return f"bucket `{self.bucket}`, which the role may read, although no rule of it is there"
        return f"rule `{self.rule.id}` of bucket `{self.bucket}`"


def find_users(reader: Reader, claim: Claim, leaving: Collection[Claim]) -> list[User]:
    """Return the other users of a claim's role.

    :param leaving: the claims of the same run: what they use is taken back, too.
    """
    if claim.role == "unseen":
        return []
    pair = claim.pair.pair
    state = reader.role_grant(SOURCE_GRANT, claim.pair)
    named = granted_buckets(state)
    places = sorted(_places(reader, claim, named, everywhere=_may_read_all(claim, state)).items())
    rules = in_parallel(lambda place: reader.rules(pair, *place), places)
    gone = {(other.pair.pair.source_bucket, other.pair.pair.destination_bucket) for other in (claim, *leaving)}
    return [
        user
        for (bucket, region), found in zip(places, rules, strict=True)
        for user in _users(reader, claim, User(bucket, region, None), found, gone, is_named=bucket in named)
    ]


def _places(reader: Reader, claim: Claim, named: set[str], *, everywhere: bool) -> dict[str, str]:
    """Return the buckets that may have rules with the role, with their regions: a policy does not name those."""
    own = {claim.pair.pair.source_bucket: claim.pair.pair.source_region}
    if not everywhere and not named - set(own):
        return own
    known = reader.buckets(claim.pair.pair)
    return own | (known if everywhere else {name: region for name, region in known.items() if name in named})


def _may_read_all(claim: Claim, state: RoleGrantState) -> bool:
    """Tell whether the role's policies do not name the buckets that it replicates; a role of its own has only one."""
    return not claim.own_role and AttachedPolicy(FULL_ACCESS, "System") in state.attached


def granted_buckets(observed: RoleGrantState) -> set[str]:
    """Return the buckets that the role's policies name."""
    return {bucket for document in observed.documents.values() for bucket in named_buckets(document)}


def named_buckets(document: policy.Document) -> set[str]:
    """Return the buckets that a policy names."""
    values = [value for statement in document["Statement"] for value in policy.values(statement, FOLD)]
    return {match[1] for value in values if (match := _BUCKET.fullmatch(str(value)))}


def _users(
    reader: Reader,
    claim: Claim,
    place: User,
    rules: Sequence[Rule],
    gone: Collection[tuple[str, str]],
    *,
    is_named: bool,
) -> list[User]:
    others = [rule for rule in rules if (place.bucket, rule.destination_bucket) not in gone]
    using = [User(place.bucket, place.region, rule) for rule in others if _may_use(reader, claim, place.bucket, rule)]
    pending = is_named and not using and place.bucket not in {source for source, _ in gone}
    return [*using, place] if pending else using


def _may_use(reader: Reader, claim: Claim, bucket: str, rule: Rule) -> bool:
    """Tell whether a rule uses the role.

    Of a rule that somebody else made, nothing may tell. It then counts where deleting the role could hurt: where this
    product made the role, under a name that others may have chosen, too, and where the rule's destination lets it in.
    """
    uses = rule_role(bucket, rule, claim.pair.pair.role)
    if uses is not None:
        return uses
    return claim.role == "created" and not claim.own_role and _may_write(reader, claim, rule)


def _may_write(reader: Reader, claim: Claim, rule: Rule) -> bool:
    """Tell whether the destination of a rule lets the role in, as far as that can be seen."""
    if not claim.pair.pair.manages_destination:
        return True
    text = attempt(lambda: reader.bucket_policy(claim.pair.pair, rule.destination_bucket, rule.destination_region))
    if isinstance(text, OssCrrError):
        return True
    principal = f"arn:sts::{claim.pair.source_uid}:assumed-role/{claim.pair.pair.role.lower()}/*"
    statements = policy.parse(text)["Statement"] if text else []
    return any(
        statement.get("Effect") == "Allow" and fnmatchcase(principal, str(pattern))
        for statement in statements
        for pattern in policy.values(statement, "Principal")
    )
