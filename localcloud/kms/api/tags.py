"""Operations on the tags of keys."""

from __future__ import annotations

from localcloud.formats import parse_json
from localcloud.kms.api.operation import Answer, key_operation
from localcloud.kms.api.parameters import MAX_TAGS, tags
from localcloud.kms.backend.account import KmsAccount
from localcloud.kms.errors import invalid, kms_error
from localcloud.kms.model import Key
from localcloud.operation import RpcCall


def _tag(call: RpcCall, _: KmsAccount, key: Key) -> Answer:
    merged = key.tags | tags(call.params)
    if len(merged) > MAX_TAGS:
        raise kms_error("Rejected.LimitExceeded")
    key.tags = merged
    return {}


def _untag(call: RpcCall, _: KmsAccount, key: Key) -> Answer:
    doomed = _tag_keys(call.params["TagKeys"])
    key.tags = {name: value for name, value in key.tags.items() if name not in doomed}
    return {}


def _tag_keys(text: str) -> set[str]:
    """Read tag keys, which the samples give as a JSON list and the text as a list with commas."""
    if not text.startswith("["):
        return set(text.split(","))
    try:
        return {str(name) for name in parse_json(text)}
    except ValueError:
        raise invalid() from None


def _list(_: RpcCall, __: KmsAccount, key: Key) -> Answer:
    found = [{"KeyId": key.id, "TagKey": name, "TagValue": value} for name, value in key.tags.items()]
    return {"Tags": {"Tag": found}}


OPERATIONS = (
    key_operation("TagResource", _tag, write=True, required=("KeyId", "Tags")),
    key_operation("UntagResource", _untag, write=True, required=("KeyId", "TagKeys")),
    key_operation("ListResourceTags", _list),
)
