"""Reading the bodies of the replication operations, and what is right or wrong about them by themselves.

Elements by "PutBucketReplication", "DeleteBucketReplication" and "PutBucketRTC"; detail codes by the EC pages. Elements
may come in any order.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from localcloud.errors import OssError
from localcloud.oss import xml
from localcloud.oss.replication import failures

_ACTIONS = frozenset({"ALL", "PUT", "DELETE", "ABORT"})
_TRANSFER_TYPES = frozenset({"internal", "oss_acc"})
_SWITCH = frozenset({"enabled", "disabled"})
_KMS_SWITCH = frozenset({"Enabled", "Disabled"})
_MAX_ID_LENGTH = 255
_MAX_PREFIXES = 10
_MAX_PREFIX_LENGTH = 1023
_KMS_KEY = re.compile(r"(acs:kms:[a-z0-9-]+:\d+:key/)?[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True)
class RequestedRule:
    """The rule of a PutBucketReplication, with the defaults filled in.

    :param id: None when OSS is to make one.
    :param kms_enabled: None when the rule has no such setting.
    """

    id: str | None
    bucket: str
    location: str
    actions: tuple[str, ...]
    prefixes: tuple[str, ...]
    transfer_type: str | None
    history: bool
    sync_role: str | None
    kms_enabled: bool | None
    kms_key_id: str | None
    rtc: str


@dataclass(frozen=True)
class RtcRequest:
    """A PutBucketRTC: the rule's id and ``enabled`` or ``disabled``."""

    rule_id: str
    status: str


def parse_rule(body: bytes) -> RequestedRule:
    """Parse the body of PutBucketReplication.

    :raises OssError: 400 with a code that depends on what is wrong.
    """
    node = _only_rule(body)
    sync_role = _value(node, "SyncRole")
    kms_enabled, kms_key_id = _kms_settings(node)
    if sync_role is None:
        # Seen on the real service: without a role the KMS settings are dropped silently.
        kms_enabled, kms_key_id = None, None
    return RequestedRule(
        id=_rule_id(node),
        bucket=_required(node, "Destination/Bucket"),
        location=_required(node, "Destination/Location"),
        actions=_actions(node),
        prefixes=_prefixes(node),
        transfer_type=_optional_word(node, "Destination/TransferType", _TRANSFER_TYPES, "0031-00000010"),
        history=_word(node, "HistoricalObjectReplication", _SWITCH, "enabled", "0031-00000011") == "enabled",
        sync_role=sync_role,
        kms_enabled=kms_enabled,
        kms_key_id=kms_key_id,
        rtc=_word(node, "RTC/Status", _SWITCH, "disabled"),
    )


def parse_deletion(body: bytes) -> str:
    """Return the rule id in the body of DeleteBucketReplication.

    :raises OssError: 400 when there is none, or more than one.
    """
    ids = [(node.text or "").strip() for node in xml.parse(body, "ReplicationRules").findall("ID")]
    if len(ids) > 1:
        raise failures.too_many_rules()
    if not ids or not ids[0]:
        raise failures.missing_argument("ID", "0031-00000008")
    return ids[0]


def parse_rtc(body: bytes) -> RtcRequest:
    """Parse the body of PutBucketRTC.

    The root is ``ReplicationRule``; the manual of ossutil 2 shows ``RtcConfiguration``, which is accepted too.

    :raises OssError: 400 when the id is missing or the status is not a known one.
    """
    root_tag = "RtcConfiguration" if b"<RtcConfiguration" in body else "ReplicationRule"
    node = xml.parse(body, root_tag)
    rule_id = _value(node, "ID")
    if rule_id is None:
        raise failures.missing_argument("ID", "0031-00000015")
    if _value(node, "RTC/Status") is None:
        raise failures.malformed()
    return RtcRequest(rule_id, _word(node, "RTC/Status", _SWITCH, "disabled"))


def _only_rule(body: bytes) -> Element:
    try:
        root = xml.parse(body, "ReplicationConfiguration")
    except OssError as error:
        raise failures.malformed("0031-00000001") from error
    rules = root.findall("Rule")
    if not rules:
        raise failures.no_rule_given()
    if len(rules) > 1:
        raise failures.too_many_rules()
    return rules[0]


def _rule_id(node: Element) -> str | None:
    rule_id = _value(node, "ID")
    if rule_id is not None and len(rule_id) > _MAX_ID_LENGTH:
        raise failures.invalid_argument("ID", rule_id)
    return rule_id


def _actions(node: Element) -> tuple[str, ...]:
    """Return the actions; the SDKs also send comma lists such as ``PUT,DELETE,ABORT``."""
    text = _value(node, "Action") or "ALL"
    actions = tuple(action.strip() for action in text.split(","))
    if not _ACTIONS.issuperset(actions):
        raise failures.invalid_argument("Action", text, "0031-00000023")
    return actions


def _prefixes(node: Element) -> tuple[str, ...]:
    """Return the prefixes; an empty one stands for the whole bucket."""
    prefixes = tuple(child.text or "" for child in node.findall("PrefixSet/Prefix"))
    if len(prefixes) > _MAX_PREFIXES:
        raise failures.too_many_prefixes()
    for prefix in prefixes:
        if len(prefix) > _MAX_PREFIX_LENGTH:
            raise failures.invalid_argument("Prefix", prefix)
    if any(_overlap(one, other) for i, one in enumerate(prefixes) for other in prefixes[i + 1 :]):
        raise failures.invalid_argument("Prefix", ",".join(prefixes), "0031-00000019")
    return () if prefixes == ("",) else prefixes


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _kms_settings(node: Element) -> tuple[bool | None, str | None]:
    """Return the switch and the key; the key is dropped silently unless the switch is on."""
    status = _optional_word(node, "SourceSelectionCriteria/SseKmsEncryptedObjects/Status", _KMS_SWITCH)
    key_id = _value(node, "EncryptionConfiguration/ReplicaKmsKeyID")
    if key_id is not None and not _KMS_KEY.fullmatch(key_id):
        raise failures.invalid_argument("ReplicaKmsKeyID", key_id)
    if status != "Enabled":
        return (None if status is None else False), None
    if key_id is None and _value(node, "SyncRole") is not None:
        raise failures.missing_argument("ReplicaKmsKeyID")
    return True, key_id


def _word(node: Element, path: str, allowed: Collection[str], default: str, ec: str | None = None) -> str:
    return _optional_word(node, path, allowed, ec) or default


def _optional_word(node: Element, path: str, allowed: Collection[str], ec: str | None = None) -> str | None:
    value = _value(node, path)
    if value is not None and value not in allowed:
        raise failures.invalid_argument(path.rpartition("/")[2], value, ec)
    return value


def _required(node: Element, path: str) -> str:
    value = _value(node, path)
    if value is None:
        raise failures.missing_argument(path.rpartition("/")[2])
    return value


def _value(node: Element, path: str) -> str | None:
    """Return the text of a descendant; an empty element counts as absent."""
    return (node.findtext(path) or "").strip() or None
