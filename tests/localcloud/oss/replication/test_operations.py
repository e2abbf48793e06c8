"""The operations' own rules: bodies, defaults, errors, and what is read back."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from localcloud.errors import OssError
from localcloud.oss.relations import rules_with

DESTINATION = "<Bucket>dst</Bucket><Location>oss-cn-beijing</Location>"


def rule_xml(inner: str = "", destination: str = DESTINATION) -> str:
    """Return a body with a role; ``inner`` goes in front of the rest, since no order is required."""
    role = "" if "<SyncRole>" in inner else "<SyncRole>Crr-Role</SyncRole>"
    rule = f"<Rule>{inner}{role}<Destination>{destination}</Destination></Rule>"
    return f"<ReplicationConfiguration>{rule}</ReplicationConfiguration>"


def put(world: Any, inner: str = "", destination: str = DESTINATION) -> str:
    answer = world.call("PutBucketReplication", rule_xml(inner, destination))
    assert (answer.status, answer.body) == (200, b"")
    return str(answer.headers["x-oss-replication-rule-id"])


def parsed(body: bytes) -> Element:
    return ElementTree.fromstring(body)  # noqa: S314 - our own answer


def rules_of(world: Any) -> list[Element]:
    return parsed(world.call("GetBucketReplication").body).findall("Rule")


def refusal(world: Any, body: str, operation: str = "PutBucketReplication") -> tuple[int, str, str | None]:
    with pytest.raises(OssError) as refused:
        world.call(operation, body)
    return refused.value.status, refused.value.code, refused.value.ec


def test_defaults_are_filled_in(world: Any) -> None:
    rule_id = put(world)
    assert str(UUID(rule_id)) == rule_id
    (rule,) = rules_of(world)
    assert {child.tag: child.text for child in rule if not len(child)} == {
        "ID": rule_id,
        "Action": "ALL",
        "Status": "starting",
        "HistoricalObjectReplication": "enabled",
    }
    assert rule.findtext("Destination/Bucket") == "dst"
    assert rule.findtext("Destination/Location") == "oss-cn-beijing"
    assert rule.findtext("RTC/Status") == "disabled"


def test_everything_sent_is_read_back(world: Any) -> None:
    rule_id = put(
        world,
        "<HistoricalObjectReplication>disabled</HistoricalObjectReplication><ID>mine</ID><Action>PUT,DELETE,ABORT</Action>"
        "<PrefixSet><Prefix>a&amp;b/</Prefix><Prefix>ä</Prefix></PrefixSet><RTC><Status>enabled</Status></RTC>"
        "<SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects>"
        "</SourceSelectionCriteria><EncryptionConfiguration><ReplicaKmsKeyID>acs:kms:cn-beijing:2:key/key-hzz1"
        "</ReplicaKmsKeyID></EncryptionConfiguration>",
        destination="<TransferType>internal</TransferType><Location>oss-cn-beijing</Location><Bucket>dst</Bucket>",
    )
    (rule,) = rules_of(world)
    assert rule_id == rule.findtext("ID") == "mine"
    assert rule.findtext("Action") == "PUT,DELETE,ABORT"
    assert [node.text for node in rule.findall("PrefixSet/Prefix")] == ["a&b/", "ä"]
    assert rule.findtext("HistoricalObjectReplication") == "disabled"
    assert rule.findtext("SyncRole") == "Crr-Role"
    assert rule.findtext("SourceSelectionCriteria/SseKmsEncryptedObjects/Status") == "Enabled"
    assert rule.findtext("EncryptionConfiguration/ReplicaKmsKeyID") == "acs:kms:cn-beijing:2:key/key-hzz1"
    assert rule.findtext("RTC/Status") == "enabling"
    assert rule.find("Destination/TransferType") is None, "the default link is not shown"


KMS = (
    "<SourceSelectionCriteria><SseKmsEncryptedObjects><Status>{}</Status></SseKmsEncryptedObjects>"
    "</SourceSelectionCriteria><EncryptionConfiguration><ReplicaKmsKeyID>k</ReplicaKmsKeyID></EncryptionConfiguration>"
)


def test_disabled_kms_switch_drops_the_key(world: Any) -> None:
    put(world, KMS.format("Disabled"))
    (rule,) = rules_of(world)
    assert rule.findtext("SourceSelectionCriteria/SseKmsEncryptedObjects/Status") == "Disabled"
    assert rule.find("EncryptionConfiguration") is None


def test_kms_settings_are_dropped_without_a_role(world: Any) -> None:
    world.bucket("other", region="cn-beijing")
    destination = DESTINATION.replace("dst", "other")
    put(world, KMS.format("Enabled") + "<SyncRole></SyncRole>", destination)
    (rule,) = rules_of(world)
    assert rule.find("SourceSelectionCriteria") is None
    assert rule.find("EncryptionConfiguration") is None
    assert rule.find("SyncRole") is None


@pytest.mark.parametrize(("hide", "kms", "shown"), [(True, False, False), (True, True, True), (False, False, True)])
def test_role_is_hidden_on_rules_without_kms_settings(world: Any, hide: bool, kms: bool, shown: bool) -> None:
    world.cloud.behaviour.hide_sync_role = hide
    put(world, KMS.format("Disabled") if kms else "")
    assert (rules_of(world)[0].find("SyncRole") is not None) is shown


def prefixes(*names: str) -> str:
    return f"<PrefixSet>{''.join(f'<Prefix>{name}</Prefix>' for name in names)}</PrefixSet>"


ENABLED_KMS = KMS.format("Enabled")

BAD_BODIES = [
    ("", "MalformedXML", "0031-00000001"),
    ("<Rule/>", "MalformedXML", "0031-00000001"),
    ("<ReplicationConfiguration>", "MalformedXML", "0031-00000001"),
    ("<ReplicationConfiguration/>", "NoReplicationRule", None),
    ("<ReplicationConfiguration><Rule/><Rule/></ReplicationConfiguration>", "TooManyReplicationRules", None),
    (rule_xml(destination="<Location>oss-cn-beijing</Location>"), "MissingArgument", None),
    (rule_xml(destination="<Bucket>dst</Bucket>"), "MissingArgument", None),
    (rule_xml(f"<ID>{'x' * 256}</ID>"), "InvalidArgument", None),
    (rule_xml("<Action>SET</Action>"), "InvalidArgument", "0031-00000023"),
    (rule_xml("<Action>PUT,</Action>"), "InvalidArgument", "0031-00000023"),
    (rule_xml("<HistoricalObjectReplication>open</HistoricalObjectReplication>"), "InvalidArgument", "0031-00000011"),
    (rule_xml(prefixes(*"abcdefghijk")), "TooManyPrefixes", None),
    (rule_xml(prefixes("x" * 1024)), "InvalidArgument", None),
    (rule_xml(prefixes("source", "source/video")), "InvalidArgument", "0031-00000019"),
    (rule_xml(prefixes("", "a")), "InvalidArgument", "0031-00000019"),
    (rule_xml("<RTC><Status>on</Status></RTC>"), "InvalidArgument", None),
    (rule_xml(ENABLED_KMS.replace("Enabled", "enabled")), "InvalidArgument", None),
    (rule_xml(ENABLED_KMS.replace(">k<", ">no key!<")), "InvalidArgument", None),
    (rule_xml(ENABLED_KMS.replace(">k<", "><")), "MissingArgument", None),
    (rule_xml(destination=DESTINATION + "<TransferType>public</TransferType>"), "InvalidArgument", "0031-00000010"),
    (rule_xml(destination=DESTINATION + "<TransferType>oss_acc</TransferType>"), "InvalidArgument", "0031-00000107"),
    (rule_xml(destination=DESTINATION.replace("dst", "src")), "InvalidTargetBucket", None),
    (rule_xml(destination=DESTINATION.replace("dst", "nowhere")), "InvalidTargetBucket", None),
    (rule_xml("<SyncRole></SyncRole>"), "InvalidTargetBucket", None),
    (rule_xml(destination=DESTINATION.replace("beijing", "shanghai")), "InvalidTargetLocation", None),
    (rule_xml(destination=DESTINATION.replace("oss-", "")), "BadReplicationLocation", None),
    (rule_xml(destination=DESTINATION.replace("beijing", "atlantis")), "BadReplicationLocation", None),
]


@pytest.mark.parametrize(("body", "code", "ec"), BAD_BODIES)
def test_bad_rule_is_refused(world: Any, body: str, code: str, ec: str | None) -> None:
    assert refusal(world, body) == (400, code, ec)
    assert not world.source.rules


def test_ten_prefixes_and_an_empty_one_are_allowed(world: Any) -> None:
    put(world, prefixes(*"abcdefghij"))
    assert len(rules_of(world)[0].findall("PrefixSet/Prefix")) == 10
    world.source.rules.clear()
    put(world, prefixes(""))
    assert rules_of(world)[0].find("PrefixSet") is None


@pytest.mark.parametrize("prefix", ["logs/*", "src/logs"])
def test_misleading_prefixes_are_accepted_unless_set_otherwise(world: Any, prefix: str) -> None:
    put(world, prefixes(prefix))
    world.source.rules.clear()
    world.cloud.behaviour.refuse_misleading_prefixes = True
    assert refusal(world, rule_xml(prefixes(prefix)))[1] == "InvalidArgument"


def test_source_in_an_unknown_region_has_no_location(world: Any) -> None:
    world.source.region = "cn-atlantis"
    assert refusal(world, rule_xml()) == (400, "NoReplicationLocation", None)


@pytest.mark.parametrize(
    ("source", "destination"),
    [("", "Enabled"), ("Enabled", ""), ("Suspended", "Suspended"), ("Enabled", "Suspended"), ("Suspended", "")],
)
def test_versioning_states_must_be_the_same_and_not_suspended(world: Any, source: str, destination: str) -> None:
    world.source.versioning, world.destination.versioning = source, destination
    assert refusal(world, rule_xml()) == (400, "InvalidBucketStatus", "0031-00000053")
    world.cloud.behaviour.versioning_mismatch_code = "Other"
    assert refusal(world, rule_xml())[1] == "Other"


def test_one_rule_between_two_buckets_even_while_it_closes(world: Any) -> None:
    exists = (400, "BucketReplicationAlreadyExist", "0031-00000044")
    rule_id = put(world)
    assert refusal(world, rule_xml("<ID>another</ID>")) == exists
    world.call("DeleteBucketReplication", f"<ReplicationRules><ID>{rule_id}</ID></ReplicationRules>")
    assert refusal(world, rule_xml()) == exists
    world.run()
    put(world)


def test_rule_ids_are_unique_in_a_bucket(world: Any) -> None:
    world.bucket("other", region="cn-beijing")
    put(world, "<ID>one</ID>")
    body = rule_xml("<ID>one</ID><SyncRole></SyncRole>", DESTINATION.replace("dst", "other"))
    assert refusal(world, body)[1] == "InvalidArgument"


def test_the_number_of_rules_can_be_raised_as_the_vendor_does(world: Any) -> None:
    world.cloud.behaviour.rules_per_bucket = 1
    for name in ("one", "two"):
        world.bucket(name, region="cn-beijing")
    world.rule(destination="one")
    assert refusal(world, rule_xml()) == (400, "TooManyOutgoingReplication", None)
    world.cloud.behaviour.rules_per_bucket = 2
    put(world)


def test_hundred_rules_count_both_directions(world: Any) -> None:
    for number in range(60):
        world.bucket(f"to-{number}", region="cn-beijing")
        world.rule(destination=f"to-{number}")
    for number in range(40):
        world.bucket(f"from-{number}", region="cn-beijing")
        world.rule(source=f"from-{number}", destination="src")
    assert len(rules_with(world.cloud, world.cloud.buckets["src"])) == 100
    assert refusal(world, rule_xml()) == (400, "TooManyOutgoingReplication", None)
    world.destination.rules, world.source.rules = world.source.rules, {}
    for rule in world.destination.rules.values():
        rule.source_bucket = "dst"
    for number in range(40):
        world.cloud.buckets[f"from-{number}"].rules[f"from-{number}-src"].destination_bucket = "dst"
    assert refusal(world, rule_xml()) == (400, "TooManyIncomingReplication", None)


HONG_KONG = DESTINATION.replace("beijing", "hongkong")


def test_accelerated_transfer_is_needed_across_the_border_and_switched_on(world: Any) -> None:
    world.destination.region = "cn-hongkong"
    internal = HONG_KONG + "<TransferType>internal</TransferType>"
    assert refusal(world, rule_xml(destination=HONG_KONG)) == (400, "MissingArgument", None)
    assert refusal(world, rule_xml(destination=internal)) == (400, "InvalidArgument", "0031-00000107")
    assert world.destination.acceleration is None
    put(world, destination=HONG_KONG + "<TransferType>oss_acc</TransferType>")
    assert world.destination.acceleration is True
    assert rules_of(world)[0].findtext("Destination/TransferType") == "oss_acc"


def test_rtc_is_refused_where_it_is_not_offered(world: Any) -> None:
    world.destination.region = "cn-chengdu"
    destination = DESTINATION.replace("beijing", "chengdu")
    refused = (400, "ReplicationLocationNotSupportRtc", "0031-00000203")
    assert refusal(world, rule_xml("<RTC><Status>enabled</Status></RTC>", destination)) == refused
    rule_id = put(world, destination=destination)
    body = f"<ReplicationRule><RTC><Status>enabled</Status></RTC><ID>{rule_id}</ID></ReplicationRule>"
    assert refusal(world, body, "PutBucketRTC") == refused


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "<ReplicationRule><RTC><Status>enabled</Status></RTC></ReplicationRule>",
            (400, "MissingArgument", "0031-00000015"),
        ),
        ("<ReplicationRule><ID>x</ID></ReplicationRule>", (400, "MalformedXML", None)),
        ("<ReplicationRule><ID>x</ID><RTC><Status>on</Status></RTC></ReplicationRule>", (400, "InvalidArgument", None)),
        (
            "<RtcConfiguration><ID>x</ID><RTC><Status>enabled</Status></RTC></RtcConfiguration>",
            (404, "NoSuchReplicationRule", None),
        ),
        ("<Other/>", (400, "MalformedXML", None)),
    ],
)
def test_bad_rtc_is_refused(world: Any, body: str, expected: tuple[int, str, str | None]) -> None:
    assert refusal(world, body, "PutBucketRTC") == expected


def deletion(*ids: str) -> str:
    return f"<ReplicationRules>{''.join(f'<ID>{each}</ID>' for each in ids)}</ReplicationRules>"


def test_delete_answers_200_then_204_then_200_again(world: Any) -> None:
    rule_id = put(world)
    assert world.call("DeleteBucketReplication", deletion(rule_id)).status == 200
    assert rules_of(world)[0].findtext("Status") == "closing"
    assert world.call("DeleteBucketReplication", deletion(rule_id)).status == 204
    world.run()
    assert world.call("DeleteBucketReplication", deletion(rule_id)).status == 200
    with pytest.raises(OssError) as refused:
        world.call("GetBucketReplication")
    assert (refused.value.status, refused.value.code) == (404, "NoSuchReplicationConfiguration")


def test_delete_of_an_unknown_rule_is_a_setting(world: Any) -> None:
    put(world)
    assert refusal(world, deletion("other"), "DeleteBucketReplication") == (404, "NoSuchReplicationRule", None)
    world.cloud.behaviour.delete_unknown_rule_is_error = False
    assert world.call("DeleteBucketReplication", deletion("other")).status == 200
    assert rules_of(world)[0].findtext("Status") == "starting"


@pytest.mark.parametrize(
    ("body", "code", "ec"),
    [
        (deletion(), "MissingArgument", "0031-00000008"),
        (deletion(""), "MissingArgument", "0031-00000008"),
        (deletion("a", "b"), "TooManyReplicationRules", None),
        ("<Other/>", "MalformedXML", None),
    ],
)
def test_bad_deletion_is_refused(world: Any, body: str, code: str, ec: str | None) -> None:
    assert refusal(world, body, "DeleteBucketReplication") == (400, code, ec)


def test_progress_of_one_rule_of_all_and_of_none(world: Any) -> None:
    world.bucket("other", region="cn-beijing")
    with pytest.raises(OssError) as refused:
        world.call("GetBucketReplicationProgress", query="replicationProgress")
    assert refused.value.code == "NoSuchReplicationConfiguration"
    put(world, "<ID>one</ID>" + prefixes("p"))
    put(world, "<ID>two</ID><SyncRole></SyncRole>", DESTINATION.replace("dst", "other"))
    (one,) = parsed(world.call("GetBucketReplicationProgress", query="replicationProgress&rule-id=one").body)
    assert one.findtext("Destination/Bucket") == "dst"
    assert one.findtext("PrefixSet/Prefix") == "p"
    assert len(parsed(world.call("GetBucketReplicationProgress", query="replicationProgress").body)) == 2
    with pytest.raises(OssError) as refused:
        world.call("GetBucketReplicationProgress", query="replicationProgress&rule-id=wrong")
    assert (refused.value.status, refused.value.code) == (404, "NoSuchReplicationRule")


def test_locations_name_those_with_acceleration_and_with_rtc(world: Any) -> None:
    root = parsed(world.call("GetBucketReplicationLocation").body)
    locations = {node.text for node in root.findall("Location")}
    accelerated = root.findall("LocationTransferTypeConstraint/LocationTransferType")
    assert {"oss-cn-beijing", "oss-cn-hongkong"} <= locations
    assert "oss-cn-hangzhou" not in locations
    assert {node.findtext("TransferTypes/Type") for node in accelerated} == {"oss_acc"}
    names = {node.findtext("Location") for node in accelerated}
    assert "oss-cn-hongkong" in names
    assert "oss-cn-beijing" not in names
    assert "oss-cn-beijing" in {node.text for node in root.findall("LocationRTCConstraint/Location")}


def test_locations_of_an_unknown_region_are_none(world: Any) -> None:
    world.source.region = "cn-atlantis"
    assert len(parsed(world.call("GetBucketReplicationLocation").body)) == 0


@pytest.mark.parametrize(
    "name", ["GetBucketReplication", "GetBucketReplicationProgress", "GetBucketReplicationLocation"]
)
def test_unknown_bucket_is_404(world: Any, name: str) -> None:
    with pytest.raises(OssError) as refused:
        world.call(name, bucket="nowhere")
    assert (refused.value.status, refused.value.code) == (404, "NoSuchBucket")


def test_same_region_replication_is_let_through(world: Any) -> None:
    world.bucket("near")
    world.put("a")
    put(world, "<SyncRole></SyncRole>", "<Bucket>near</Bucket><Location>oss-cn-hangzhou</Location>")
    world.run()
    assert list(world.cloud.buckets["near"].keys) == ["a"]
