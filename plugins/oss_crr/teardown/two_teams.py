"""What the owner of the other account has to do, where the run has no connection to it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable

from oss_crr.resources import destination_grant, kms_key_grant
from oss_crr.teardown.claim import Claim
from oss_crr.teardown.parts import key_pair


def other_side(claim: Claim) -> tuple[str, ...]:
    """Return what is left for the owner of the account that the run cannot reach; empty when it reaches both."""
    pair = claim.pair.pair
    if claim.keeps_rule or (pair.manages_source and pair.manages_destination):
        return ()
    return tuple(_destination(claim)) if pair.manages_source else (_source(claim),)


def _destination(claim: Claim) -> Iterable[str]:
    owner = f"the owner of account {claim.pair.destination_uid}"
    conf = json.dumps(mirror_conf(claim))
    yield (
        f"{owner} has to take {_principal(destination_grant.grant(claim.pair))} out of the policy of bucket "
        f"`{claim.pair.pair.destination_bucket}`, by hand or by oss_crr_teardown with {conf}"
    )
    for arn in claim.keys:
        grant = kms_key_grant.grant(key_pair(claim, arn))
        yield f"{owner} has to take {_principal(grant)} out of the policy of key `{arn}`"


def _source(claim: Claim) -> str:
    pair = claim.pair.pair
    return (
        f"the owner of account {claim.pair.source_uid} has to stop the rule of bucket `{pair.source_bucket}` and take "
        f"back what role `{pair.role}` has, by oss_crr_teardown there: first, because without the grant the rule goes "
        "on and copies nothing. Whether other buckets replicate with the role cannot be seen from here"
    )


def mirror_conf(claim: Claim) -> dict[str, object]:
    """Return the run configuration with which the destination's owner does that side with this package."""
    pair = claim.pair.pair
    kms = {"replicate_kms_objects": True, "kms_key_arn": claim.keys[0]} if claim.keys else {}
    return {
        "source_conn_id": None,
        "source_uid": claim.pair.source_uid,
        "role_name": pair.role,
        "destination_conn_id": "oss_destination",
        "source_bucket": pair.source_bucket,
        "source_region": pair.source_region,
        "destination_bucket": pair.destination_bucket,
        "destination_region": pair.destination_region,
        **kms,
    }


def _principal(grant: dict[str, object]) -> str:
    return json.dumps(grant["Principal"])
