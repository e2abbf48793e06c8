"""Read and write the XML of OSS's bucket calls. Pure functions, no SDK.

oss2's own parsers turn an absent progress into 0, keep one transfer type of several, and know no RTC. Element names are
those of the vendor's pages GetBucketInfo, PutBucketReplication, GetBucketReplication, GetBucketReplicationProgress,
GetBucketReplicationLocation, PutBucketRTC, PutBucketTransferAcceleration, GetBucketWorm, PutBucketLifecycle,
ListBuckets, ListObjectsV2 and ListObjectVersions. What cannot be read raises ValueError.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import cast
from urllib.parse import unquote, unquote_plus
from xml.etree import ElementTree

from oss_crr.model import (
    BucketInfo,
    ObjectSummary,
    Progress,
    ReplicationLocations,
    Retention,
    Rule,
    RuleSpec,
    RuleStatus,
    VersionSummary,
)

Element = ElementTree.Element

#: Elements of a lifecycle rule that delete.
_DELETING = ("Expiration", "NoncurrentVersionExpiration")


@dataclass(frozen=True)
class BucketPage:
    """One page of an account's buckets.

    :param regions: region ids by bucket name.
    :param next_marker: None on the last page.
    """

    regions: dict[str, str]
    next_marker: str | None


@dataclass(frozen=True)
class ObjectPage:
    """One page of a listing.

    :param next_token: continuation token of the next page, None on the last one.
    """

    objects: tuple[ObjectSummary, ...]
    next_token: str | None


@dataclass(frozen=True)
class VersionPage:
    """One page of a listing of versions.

    :param next_markers: key and version id that the next page begins behind, None on the last one.
    """

    versions: tuple[VersionSummary, ...]
    next_markers: tuple[str, str] | None


# --- reading ---------------------------------------------------------------------------------------------------------


def bucket_info(body: bytes) -> BucketInfo:
    """Read the answer of GetBucketInfo."""
    bucket = _parse(body).find("Bucket")
    if bucket is None:
        raise ValueError("GetBucketInfo answered without a Bucket element")
    encryption = _text(bucket, "ServerSideEncryptionRule/SSEAlgorithm")
    return BucketInfo(
        name=_text(bucket, "Name"),
        region=region_of(_text(bucket, "Location")),
        owner_uid=_text(bucket, "Owner/ID"),
        versioning=_text(bucket, "Versioning"),
        acceleration=_text(bucket, "TransferAcceleration") == "Enabled",
        # The service writes the word None for "no default encryption".
        encryption=encryption if encryption not in ("", "None") else None,
        kms_key_id=_text(bucket, "ServerSideEncryptionRule/KMSMasterKeyID") or None,
    )


def bucket_page(body: bytes) -> BucketPage:
    """Read the answer of ListBuckets."""
    root = _parse(body)
    regions = {
        _text(element, "Name"): region_of(_text(element, "Location")) for element in root.iterfind("Buckets/Bucket")
    }
    truncated = _text(root, "IsTruncated") == "true"
    return BucketPage(regions, _text(root, "NextMarker") if truncated else None)


def rules(body: bytes) -> tuple[Rule, ...]:
    """Read the answer of GetBucketReplication."""
    return tuple(_rule(element) for element in _parse(body).iterfind("Rule"))


def progress(body: bytes, rule_id: str) -> Progress | None:
    """Read the answer of GetBucketReplicationProgress; None when the rule is not in it."""
    for element in _parse(body).iterfind("Rule"):
        if _text(element, "ID") == rule_id:
            return _progress(element)
    return None


def locations(body: bytes) -> ReplicationLocations:
    """Read the answer of GetBucketReplicationLocation."""
    root = _parse(body)
    constraints = root.iterfind("LocationTransferTypeConstraint/LocationTransferType")
    return ReplicationLocations(
        locations=_regions(root.iterfind("Location")),
        transfer_types={
            region_of(_text(constraint, "Location")): frozenset(
                (kind.text or "").strip() for kind in constraint.iterfind("TransferTypes/Type")
            )
            for constraint in constraints
        },
        rtc=_regions(root.iterfind("LocationRTCConstraint/Location")),
    )


def object_page(body: bytes) -> ObjectPage:
    """Read the answer of ListObjectsV2 that was asked for with ``encoding-type=url``."""
    root = _parse(body)
    objects = tuple(
        ObjectSummary(
            key=unquote_plus(element.findtext("Key", "")),
            size=int(_text(element, "Size")),
            etag=_text(element, "ETag").strip('"'),
            last_modified=instant(_text(element, "LastModified")),
            storage_class=_text(element, "StorageClass"),
            object_type=_text(element, "Type"),
        )
        for element in root.iterfind("Contents")
    )
    truncated = _text(root, "IsTruncated") == "true"
    return ObjectPage(objects, unquote(_text(root, "NextContinuationToken")) if truncated else None)


def version_page(body: bytes) -> VersionPage:
    """Read the answer of ListObjectVersions that was asked for with ``encoding-type=url``."""
    root = _parse(body)
    versions = tuple(
        VersionSummary(
            key=unquote_plus(element.findtext("Key", "")),
            version_id=_text(element, "VersionId"),
            last_modified=instant(_text(element, "LastModified")),
            delete_marker=element.tag == "DeleteMarker",
        )
        for element in root
        if element.tag in ("Version", "DeleteMarker")
    )
    if _text(root, "IsTruncated") != "true":
        return VersionPage(versions, None)
    key = unquote_plus(root.findtext("NextKeyMarker", ""))
    return VersionPage(versions, (key, _text(root, "NextVersionIdMarker")))


def retention(body: bytes) -> Retention | None:
    """Read an answer to GetBucketWorm; None for a policy that is no longer in force."""
    root = _parse(body)
    state = _text(root, "State")
    days = _text(root, "RetentionPeriodInDays")
    return Retention(state, int(days)) if state in ("InProgress", "Locked") and days else None


def deleting_lifecycle_rules(body: bytes) -> int:
    """Count, in an answer to GetBucketLifecycle, the enabled rules that delete objects or versions."""
    enabled = [rule for rule in _parse(body).iterfind("Rule") if _text(rule, "Status").lower() == "enabled"]
    return sum(any(rule.find(name) is not None for name in _DELETING) for rule in enabled)


def access_denied_detail(body: bytes) -> dict[str, str]:
    """Read the members of ``AccessDeniedDetail`` of an error body; empty when there are none, or no XML."""
    try:
        detail = _parse(body).find("AccessDeniedDetail")
    except ValueError:
        return {}
    return {child.tag: (child.text or "").strip() for child in detail if child.text} if detail is not None else {}


def region_of(location: str) -> str:
    """Return the region id of an OSS location: ``oss-cn-hangzhou`` gives ``cn-hangzhou``."""
    return location.strip().removeprefix("oss-")


def instant(text: str) -> datetime:
    """Read a point in time in either form that OSS uses, ISO 8601 or that of HTTP headers."""
    text = text.strip()
    if "," in text:
        return parsedate_to_datetime(text)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _rule(element: Element) -> Rule:
    kms_enabled = _text(element, "SourceSelectionCriteria/SseKmsEncryptedObjects/Status").lower() == "enabled"
    return Rule(
        id=_text(element, "ID"),
        status=_status(element),
        destination_bucket=_text(element, "Destination/Bucket"),
        destination_region=region_of(_text(element, "Destination/Location")),
        actions=tuple(action.strip() for action in _text(element, "Action").split(",") if action.strip()),
        prefixes=tuple(prefix.text or "" for prefix in element.iterfind("PrefixSet/Prefix") if prefix.text),
        historical_data=_has_history(element),
        transfer_type=_text(element, "Destination/TransferType") or "internal",
        role_name=_text(element, "SyncRole") or None,
        kms_key_arn=_text(element, "EncryptionConfiguration/ReplicaKmsKeyID") or None,
        kms_enabled=kms_enabled,
        rtc=_text(element, "RTC/Status") or "disabled",
    )


def _progress(element: Element) -> Progress:
    historical_data = _has_history(element)
    watermark = _text(element, "Progress/NewObject")
    return Progress(
        status=_status(element),
        historical_data=historical_data,
        history=_fraction(_text(element, "Progress/HistoricalObject")) if historical_data else None,
        watermark=instant(watermark) if watermark else None,
    )


def _status(element: Element) -> RuleStatus:
    return cast(RuleStatus, _text(element, "Status"))


def _has_history(element: Element) -> bool:
    return _text(element, "HistoricalObjectReplication").lower() != "disabled"


def _fraction(text: str) -> float | None:
    """Read a progress; None when the service left it out, which is not the same as 0."""
    return float(text) if text else None


def _regions(elements: Iterable[Element]) -> frozenset[str]:
    return frozenset(region_of(element.text or "") for element in elements)


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _parse(body: bytes) -> Element:
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - written by the endpoint that the user trusts with the data
    except ElementTree.ParseError as error:
        raise ValueError(f"no XML: {error}") from None


# --- writing ---------------------------------------------------------------------------------------------------------


def replication_configuration(spec: RuleSpec) -> bytes:
    """Write the body of PutBucketReplication."""
    root = Element("ReplicationConfiguration")
    rule = ElementTree.SubElement(root, "Rule")
    _add(rule, "ID", spec.id)
    if spec.rtc:
        _add(rule, "RTC/Status", "enabled")
    for prefix in spec.prefixes:
        _add(_branch(rule, "PrefixSet"), "Prefix", prefix)
    _add(rule, "Action", ",".join(spec.actions))
    _add(rule, "Destination/Bucket", spec.destination_bucket)
    _add(rule, "Destination/Location", f"oss-{spec.destination_region}")
    _add(rule, "Destination/TransferType", spec.transfer_type)
    _add(rule, "HistoricalObjectReplication", "enabled" if spec.historical_data else "disabled")
    _add(rule, "SyncRole", spec.role_name)
    if spec.kms_key_arn:
        # Of all switches of a rule, only this one is written with a capital letter.
        _add(rule, "SourceSelectionCriteria/SseKmsEncryptedObjects/Status", "Enabled")
        _add(rule, "EncryptionConfiguration/ReplicaKmsKeyID", spec.kms_key_arn)
    return _serialize(root)


def replication_rules(rule_id: str) -> bytes:
    """Write the body of DeleteBucketReplication."""
    root = Element("ReplicationRules")
    _add(root, "ID", rule_id)
    return _serialize(root)


def rtc_switch(rule_id: str, enabled: bool) -> bytes:
    """Write the body of PutBucketRTC."""
    root = Element("ReplicationRule")
    _add(root, "RTC/Status", "enabled" if enabled else "disabled")
    _add(root, "ID", rule_id)
    return _serialize(root)


def acceleration_switch(enabled: bool) -> bytes:
    """Write the body of PutBucketTransferAcceleration."""
    root = Element("TransferAccelerationConfiguration")
    _add(root, "Enabled", "true" if enabled else "false")
    return _serialize(root)


def _add(parent: Element, path: str, text: str) -> None:
    """Add an element with a text, reusing the elements on the way to it."""
    *branches, name = path.split("/")
    for branch in branches:
        parent = _branch(parent, branch)
    ElementTree.SubElement(parent, name).text = text


def _branch(parent: Element, name: str) -> Element:
    found = parent.find(name)
    return found if found is not None else ElementTree.SubElement(parent, name)


def _serialize(root: Element) -> bytes:
    document: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document
