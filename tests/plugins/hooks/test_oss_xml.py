"""What OSS writes, read; and what it is sent, written. Samples follow the shapes of the vendor's pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from oss_crr.hooks import oss_xml
from oss_crr.model import BucketInfo, ObjectSummary, Progress, ReplicationLocations, Retention, Rule, RuleSpec

SPEC = RuleSpec(
    id="rule-1",
    destination_bucket="dst",
    destination_region="cn-shanghai",
    actions=("PUT",),
    prefixes=(),
    historical_data=True,
    transfer_type="internal",
    role_name="replicator",
)

RULE = """
<Rule>
  <ID>rule-1</ID>
  <Action>PUT, DELETE</Action>
  <Destination><Bucket>dst</Bucket><Location>oss-cn-shanghai</Location></Destination>
  <Status>doing</Status>
  <HistoricalObjectReplication>enabled</HistoricalObjectReplication>
  {more}
</Rule>"""


def rule_xml(more: str = "") -> str:
    return RULE.format(more=more)


def rules(more: str = "") -> tuple[Rule, ...]:
    return oss_xml.rules(f"<ReplicationConfiguration>{rule_xml(more)}</ReplicationConfiguration>".encode())


def progress(more: str = "", rule_id: str = "rule-1") -> Progress | None:
    return oss_xml.progress(f"<ReplicationProgress>{rule_xml(more)}</ReplicationProgress>".encode(), rule_id)


def test_bucket_info_of_a_plain_bucket() -> None:
    body = b"""<BucketInfo><Bucket><Name>src</Name><Location>oss-cn-hangzhou</Location>
        <Owner><ID>111</ID></Owner><TransferAcceleration>Disabled</TransferAcceleration>
        <ServerSideEncryptionRule><SSEAlgorithm>None</SSEAlgorithm></ServerSideEncryptionRule></Bucket></BucketInfo>"""
    assert oss_xml.bucket_info(body) == BucketInfo("src", "cn-hangzhou", "111", versioning="")


def test_bucket_info_with_everything_on() -> None:
    body = b"""<BucketInfo><Bucket><Name>src</Name><Location>oss-cn-hangzhou</Location><Owner><ID>111</ID></Owner>
        <Versioning>Enabled</Versioning><TransferAcceleration>Enabled</TransferAcceleration>
        <ServerSideEncryptionRule><SSEAlgorithm>KMS</SSEAlgorithm><KMSMasterKeyID>key-1</KMSMasterKeyID>
        </ServerSideEncryptionRule></Bucket></BucketInfo>"""
    assert oss_xml.bucket_info(body) == BucketInfo("src", "cn-hangzhou", "111", "Enabled", True, "KMS", "key-1")


def test_rule_with_what_the_service_leaves_out() -> None:
    assert rules() == (Rule("rule-1", "doing", "dst", "cn-shanghai", ("PUT", "DELETE"), (), historical_data=True),)


def test_rule_with_everything() -> None:
    more = """<PrefixSet><Prefix>a/</Prefix><Prefix>b c/</Prefix></PrefixSet><SyncRole>replicator</SyncRole>
        <RTC><Status>enabling</Status></RTC>
        <SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects>
        </SourceSelectionCriteria>
        <EncryptionConfiguration><ReplicaKmsKeyID>acs:kms:x</ReplicaKmsKeyID></EncryptionConfiguration>"""
    (rule,) = rules(more)
    assert rule.prefixes == ("a/", "b c/")
    assert rule.role_name == "replicator"
    assert rule.rtc == "enabling"
    assert rule.kms_enabled
    assert rule.kms_key_arn == "acs:kms:x"


def test_transfer_type_is_read_where_it_is_given() -> None:
    body = rule_xml().replace("</Location>", "</Location><TransferType>oss_acc</TransferType>")
    (rule,) = oss_xml.rules(f"<ReplicationConfiguration>{body}</ReplicationConfiguration>".encode())
    assert rule.transfer_type == "oss_acc"


def test_empty_prefix_means_the_whole_bucket() -> None:
    assert rules("<PrefixSet><Prefix/></PrefixSet>")[0].prefixes == ()


@pytest.mark.parametrize(
    ("text", "fraction"), [("<HistoricalObject>0</HistoricalObject>", 0.0), ("", None), ("<HistoricalObject/>", None)]
)
def test_absent_history_is_not_zero(text: str, fraction: float | None) -> None:
    found = progress(f"<Progress>{text}</Progress>")
    assert found is not None
    assert found.history == fraction
    assert found.watermark is None


def test_progress_before_the_rule_does_anything() -> None:
    assert progress() == Progress("doing", historical_data=True, history=None, watermark=None)


@pytest.mark.parametrize("text", ["2015-09-24T15:28:14.000Z ", "Thu, 24 Sep 2015 15:28:14 GMT"])
def test_both_forms_of_the_watermark(text: str) -> None:
    found = progress(f"<Progress><HistoricalObject>1.00</HistoricalObject><NewObject>{text}</NewObject></Progress>")
    assert found == Progress("doing", True, 1.0, datetime(2015, 9, 24, 15, 28, 14, tzinfo=UTC))


def test_history_is_unknown_where_it_is_not_replicated() -> None:
    body = rule_xml("<Progress><HistoricalObject>0.5</HistoricalObject></Progress>").replace("enabled", "disabled")
    found = oss_xml.progress(f"<ReplicationProgress>{body}</ReplicationProgress>".encode(), "rule-1")
    assert found == Progress("doing", historical_data=False, history=None, watermark=None)


def test_progress_of_another_rule_is_none() -> None:
    assert progress(rule_id="rule-2") is None


def test_locations_keep_every_type_and_rtc() -> None:
    body = b"""<ReplicationLocation><Location>oss-cn-shanghai</Location><Location>oss-us-west-1</Location>
        <LocationTransferTypeConstraint><LocationTransferType><Location>oss-us-west-1</Location>
        <TransferTypes><Type>oss_acc</Type><Type>internal</Type></TransferTypes></LocationTransferType>
        </LocationTransferTypeConstraint>
        <LocationRTCConstraint><Location>oss-cn-shanghai</Location></LocationRTCConstraint></ReplicationLocation>"""
    assert oss_xml.locations(body) == ReplicationLocations(
        locations=frozenset({"cn-shanghai", "us-west-1"}),
        transfer_types={"us-west-1": frozenset({"oss_acc", "internal"})},
        rtc=frozenset({"cn-shanghai"}),
    )


def test_object_page() -> None:
    body = """<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>next%2Bone</NextContinuationToken>
        <Contents><Key>a%2Fb+c%E2%82%AC</Key><LastModified>2026-11-01T10:00:00.000Z</LastModified><ETag>"AB"</ETag>
        <Type>Normal</Type><Size>7</Size><StorageClass>Standard</StorageClass></Contents></ListBucketResult>"""
    moment = datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert oss_xml.object_page(body.encode()) == oss_xml.ObjectPage(
        (ObjectSummary("a/b c€", 7, "AB", moment, "Standard", "Normal"),), "next+one"
    )


@pytest.mark.parametrize("written", ["a+b/c==", "a%2Bb%2Fc%3D%3D"])
def test_plus_sign_in_a_token_is_no_space(written: str) -> None:
    """Tokens look like base64, and the vendor's SDKs read them like this, encoded or not."""
    body = f"<R><IsTruncated>true</IsTruncated><NextContinuationToken>{written}</NextContinuationToken></R>"
    assert oss_xml.object_page(body.encode()).next_token == "a+b/c=="


def test_last_object_page_has_no_next_token() -> None:
    assert oss_xml.object_page(b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>") == (
        oss_xml.ObjectPage((), None)
    )


@pytest.mark.parametrize("body", [b"", b"<html>", b"<Error><Code>AccessDenied</Code></Error>"])
def test_access_denied_detail_may_be_missing(body: bytes) -> None:
    assert oss_xml.access_denied_detail(body) == {}


def written(spec: RuleSpec) -> dict[str, list[str | None]]:
    """Return the texts of a written rule by path."""
    (rule,) = ElementTree.fromstring(oss_xml.replication_configuration(spec))  # noqa: S314 - written right here
    texts: dict[str, list[str | None]] = {}

    def walk(element: ElementTree.Element, path: str) -> None:
        for child in element:
            walk(child, f"{path}/{child.tag}" if path else child.tag)
        if not len(element):
            texts.setdefault(path, []).append(element.text)

    walk(rule, "")
    return texts


def test_a_plain_rule() -> None:
    assert written(SPEC) == {
        "ID": ["rule-1"],
        "Action": ["PUT"],
        "Destination/Bucket": ["dst"],
        "Destination/Location": ["oss-cn-shanghai"],
        "Destination/TransferType": ["internal"],
        "HistoricalObjectReplication": ["enabled"],
        "SyncRole": ["replicator"],
    }


def test_a_rule_with_everything() -> None:
    spec = replace(SPEC, prefixes=("a/", "<b>&/"), historical_data=False, rtc=True, kms_key_arn="acs:kms:x")
    texts = written(spec)
    assert texts["PrefixSet/Prefix"] == ["a/", "<b>&/"]
    assert texts["HistoricalObjectReplication"] == ["disabled"]
    assert texts["RTC/Status"] == ["enabled"]
    assert texts["SourceSelectionCriteria/SseKmsEncryptedObjects/Status"] == ["Enabled"]
    assert texts["EncryptionConfiguration/ReplicaKmsKeyID"] == ["acs:kms:x"]


def test_one_prefix_set_holds_all_prefixes() -> None:
    body = oss_xml.replication_configuration(replace(SPEC, prefixes=("a/", "b/")))
    assert body.count(b"<PrefixSet>") == 1


# --- other settings of a bucket --------------------------------------------------------------------------------------

WORM = """<WormConfiguration><WormId>1</WormId><State>{}</State><RetentionPeriodInDays>7</RetentionPeriodInDays>
</WormConfiguration>"""


@pytest.mark.parametrize(
    ("state", "expected"),
    [("InProgress", Retention("InProgress", 7)), ("Locked", Retention("Locked", 7)), ("Expired", None)],
)
def test_retention(state: str, expected: Retention | None) -> None:
    assert oss_xml.retention(WORM.format(state).encode()) == expected


@pytest.mark.parametrize(
    ("rules", "deleting"),
    [
        ("", 0),
        ("<Rule><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>", 1),
        ("<Rule><Status>Disabled</Status><Expiration><Days>1</Days></Expiration></Rule>", 0),
        ("<Rule><Status>Enabled</Status><Transition><Days>1</Days></Transition></Rule>", 0),
        ("<Rule><Status>Enabled</Status><AbortMultipartUpload><Days>1</Days></AbortMultipartUpload></Rule>", 0),
        (
            "<Rule><Status>Enabled</Status><Expiration/><NoncurrentVersionExpiration/></Rule>"
            "<Rule><Status>Enabled</Status><NoncurrentVersionExpiration/></Rule>",
            2,
        ),
    ],
)
def test_lifecycle_rules_that_delete(rules: str, deleting: int) -> None:
    body = f"<LifecycleConfiguration>{rules}</LifecycleConfiguration>"
    assert oss_xml.deleting_lifecycle_rules(body.encode()) == deleting
