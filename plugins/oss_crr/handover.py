"""What the owner of the destination has to do, where this run has no connection to that account. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from oss_crr.pair import ResolvedPair
from oss_crr.resources import destination_grant, kms_key_grant


def needs_handover(pair: ResolvedPair) -> bool:
    """Tell whether somebody else has to grant what the pair needs at the destination."""
    return not pair.pair.manages_destination


def document(pairs: Sequence[ResolvedPair]) -> str:
    """Return, as Markdown, what the destination's owners have to apply for a batch."""
    return "\n\n".join(section for pair in pairs for section in _sections(pair))


def _sections(pair: ResolvedPair) -> Iterable[str]:
    bucket = pair.pair.destination_bucket
    yield f"## {pair.name}"
    yield (
        f"Add this statement to the policy of bucket `{bucket}` in account {pair.destination_uid}; leave the others as "
        f"they are.\n{_code(destination_grant.grant(pair))}"
    )
    yield (
        "By the command line (`policy.json` is what is there; add the statement to its `Statement` list, or begin with "
        f'`{{"Version": "1", "Statement": []}}` when there is none):\n{_shell(_bucket_commands(pair))}'
    )
    if pair.replicates_kms_objects:
        yield (
            f"Add this statement to the policy of key `{pair.kms_key_arn}`.\n{_code(kms_key_grant.grant(pair))}\n"
            f"{_shell(_key_commands(pair))}"
        )
    yield (
        "Or, in an Airflow with this package and a connection to that account, start `oss_crr_setup` with\n"
        f"{_code(mirror_conf(pair))}"
    )
    yield "Approve when it is done; the run then goes on by trying."


def mirror_conf(pair: ResolvedPair) -> dict[str, Any]:
    """Return the run configuration with which the destination's owner does that side with this package."""
    fields = pair.pair.to_dict()
    kept = (
        "source_bucket",
        "source_region",
        "destination_bucket",
        "destination_region",
        "replication_policy",
        "replicate_kms_objects",
        "kms_key_arn",
    )
    return {
        "source_conn_id": None,
        "source_uid": pair.source_uid,
        "role_name": pair.pair.role,
        "destination_conn_id": "oss_destination",
        **{field: fields[field] for field in kept if fields[field] not in ("", False)},
    }


def _bucket_commands(pair: ResolvedPair) -> list[str]:
    bucket, region = pair.pair.destination_bucket, pair.pair.destination_region
    return [
        f"ossutil api get-bucket-policy --bucket {bucket} --region {region} > policy.json",
        f"ossutil api put-bucket-policy --bucket {bucket} --region {region} --body file://policy.json",
    ]


def _key_commands(pair: ResolvedPair) -> list[str]:
    key, region = pair.kms_key_arn.rpartition("/")[2], pair.pair.destination_region
    return [
        f"aliyun kms GetKeyPolicy --region {region} --KeyId {key} --PolicyName default",
        f'aliyun kms SetKeyPolicy --region {region} --KeyId {key} --PolicyName default --Policy "$(cat policy.json)"',
    ]


def _code(value: Any) -> str:
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"


def _shell(lines: Sequence[str]) -> str:
    return "```sh\n" + "\n".join(lines) + "\n```"
