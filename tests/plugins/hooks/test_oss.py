"""The OSS calls, through the real oss2, against scripted answers."""

from __future__ import annotations

import base64
import hashlib
import logging
import traceback

import pytest

from oss_crr import errors
from oss_crr.hooks.account import Account, AccountConfig, Credentials, Endpoints
from oss_crr.hooks.retry import Retrier
from oss_crr.model import RuleSpec
from tests.plugins.hooks.scripted_service import ScriptedService

SECRET = "s3cr3t/of+the=source"
SPEC = RuleSpec("rule-1", "dst", "cn-shanghai", ("PUT",), (), True, "internal", "replicator")
RULES = """<ReplicationConfiguration>
  <Rule><ID>old</ID><Status>closing</Status><Action>ALL</Action>
    <Destination><Bucket>dst</Bucket><Location>oss-cn-shanghai</Location></Destination></Rule>
  <Rule><ID>new</ID><Status>starting</Status><Action>PUT</Action>
    <Destination><Bucket>dst</Bucket><Location>oss-cn-shanghai</Location></Destination></Rule>
</ReplicationConfiguration>"""


def test_requests_are_signed_v4_for_the_region(service: ScriptedService, account: Account) -> None:
    service.answer(body="{}")
    account.oss("cn-hangzhou").get_bucket_policy("src")
    authorization = service.requests[0].headers["authorization"]
    assert authorization.startswith("OSS4-HMAC-SHA256 Credential=LTAI-test-key/")
    assert "/cn-hangzhou/oss/aliyun_v4_request" in authorization


def test_policy_text_is_returned_as_it_was_put(service: ScriptedService, account: Account) -> None:
    text = '{ "Version": "1",  "Statement": ["ü"] }'
    service.answer(body=text)
    assert account.oss("cn-hangzhou").get_bucket_policy("src") == text
    assert service.requests[0].params == {"policy": ""}


def test_no_policy_is_none(service: ScriptedService, account: Account) -> None:
    service.refuse(404, "NoSuchBucketPolicy")
    assert account.oss("cn-hangzhou").get_bucket_policy("src") is None


def test_missing_bucket_is_not_a_missing_policy(service: ScriptedService, account: Account) -> None:
    service.refuse(404, "NoSuchBucket", "The specified bucket does not exist.")
    with pytest.raises(errors.NotFound, match="bucket `src` in cn-hangzhou does not exist"):
        account.oss("cn-hangzhou").get_bucket_policy("src")


def test_policy_is_put_with_its_digest(service: ScriptedService, account: Account) -> None:
    service.answer()
    account.oss("cn-hangzhou").put_bucket_policy("src", '{"Version": "1"}')
    request = service.requests[0]
    assert (request.method, request.path, request.body) == ("PUT", "/src/", b'{"Version": "1"}')
    digest = hashlib.md5(request.body, usedforsecurity=False).digest()
    assert request.headers["content-md5"] == base64.b64encode(digest).decode()


def test_no_rules_is_an_empty_list(service: ScriptedService, account: Account) -> None:
    service.refuse(404, "NoSuchReplicationConfiguration")
    assert account.oss("cn-hangzhou").list_rules("src") == ()


def test_rule_id_comes_from_the_header(service: ScriptedService, account: Account) -> None:
    service.answer(x_oss_replication_rule_id="given")
    assert account.oss("cn-hangzhou").put_rule("src", SPEC) == "given"
    assert service.requests[0].params == {"replication": "", "comp": "add"}


def test_rule_id_is_looked_up_when_the_header_is_missing(service: ScriptedService, account: Account) -> None:
    service.answer()
    service.answer(body=RULES)
    assert account.oss("cn-hangzhou").put_rule("src", SPEC) == "new"


def test_rule_put_twice_because_of_a_lost_answer(
    service: ScriptedService, account: Account, waits: list[float]
) -> None:
    service.cut()
    service.refuse(400, "BucketReplicationAlreadyExist", details="<EC>0031-00000044</EC>")
    with pytest.raises(errors.AlreadyExists) as caught:
        account.oss("cn-hangzhou").put_rule("src", SPEC)
    assert caught.value.answer is not None
    assert caught.value.answer.ec == "0031-00000044"
    assert len(waits) == 1


def test_denied_rule_names_both_possible_causes(service: ScriptedService, account: Account) -> None:
    service.refuse(403, "NoPermission")
    with pytest.raises(errors.PermissionDenied) as caught:
        account.oss("cn-hangzhou").put_rule("src", SPEC)
    assert "grant it `oss:PutBucketReplication`" in str(caught.value)
    assert "OSS cannot use role `replicator` yet" in str(caught.value)


@pytest.mark.parametrize("code", ["NoSuchReplicationRule", "NoSuchReplicationConfiguration", "NoSuchBucket"])
def test_deleting_what_is_gone_is_fine(service: ScriptedService, account: Account, code: str) -> None:
    service.refuse(404, code)
    account.oss("cn-hangzhou").delete_rule("src", "rule-1")
    assert service.requests[0].body.endswith(b"<ReplicationRules><ID>rule-1</ID></ReplicationRules>")


def test_deleting_a_rule_that_is_closing_is_fine(service: ScriptedService, account: Account) -> None:
    service.answer(204)
    account.oss("cn-hangzhou").delete_rule("src", "rule-1")


@pytest.mark.parametrize("code", ["NoSuchReplicationRule", "NoSuchReplicationConfiguration"])
def test_progress_of_a_vanished_rule_is_none(service: ScriptedService, account: Account, code: str) -> None:
    service.refuse(404, code)
    assert account.oss("cn-hangzhou").progress("src", "rule-1") is None
    assert service.requests[0].params == {"replicationProgress": "", "rule-id": "rule-1"}


def test_progress_of_a_missing_bucket_is_an_error(service: ScriptedService, account: Account) -> None:
    service.refuse(404, "NoSuchBucket")
    with pytest.raises(errors.NotFound):
        account.oss("cn-hangzhou").progress("src", "rule-1")


def test_rtc_switch(service: ScriptedService, account: Account) -> None:
    service.answer()
    account.oss("cn-hangzhou").set_rtc("src", "rule-1", True)
    request = service.requests[0]
    assert (request.method, request.params) == ("PUT", {"rtc": ""})
    assert b"<RTC><Status>enabled</Status></RTC><ID>rule-1</ID>" in request.body


def page(keys: list[str], token: str = "") -> str:
    contents = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-11-01T10:00:00.000Z</LastModified><ETag>E</ETag>"
        "<Type>Normal</Type><Size>1</Size><StorageClass>Standard</StorageClass></Contents>"
        for key in keys
    )
    more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"
    return f"<ListBucketResult>{contents}{more if token else ''}</ListBucketResult>"


def test_listing_fetches_pages_as_they_are_needed(service: ScriptedService, account: Account) -> None:
    service.answer(body=page(["a", "b"], token="t1"))
    service.answer(body=page(["c"]))
    objects = account.oss("cn-hangzhou").list_objects("src", "pre fix/")
    assert next(objects).key == "a"
    assert len(service.requests) == 1
    assert [item.key for item in objects] == ["b", "c"]
    assert service.requests[0].params == {
        "list-type": "2",
        "max-keys": "1000",
        "encoding-type": "url",
        "prefix": "pre fix/",
    }
    assert service.requests[1].params["continuation-token"] == "t1"


def test_head_of_an_encrypted_object(service: ScriptedService, account: Account) -> None:
    service.answer(
        ETag='"AB"',
        Last_Modified="Sun, 01 Nov 2026 10:00:00 GMT",
        Content_Length="7",
        x_oss_hash_crc64ecma="18446744073709551615",
        x_oss_server_side_encryption="KMS",
        x_oss_server_side_encryption_key_id="key-1",
    )
    head = account.oss("cn-hangzhou").head_object("src", "a/b c€")
    assert (head.size, head.etag, head.crc64) == (7, "AB", "18446744073709551615")
    assert (head.encryption, head.kms_key_id) == ("KMS", "key-1")
    assert service.requests[0].path == "/src/a%2Fb%20c%E2%82%AC"


def test_refused_head_is_explained_from_its_header(service: ScriptedService, account: Account) -> None:
    body = b"<Error><Code>NoSuchKey</Code><Message>gone</Message><RequestId>R1</RequestId></Error>"
    service.answer(404, x_oss_err=base64.b64encode(body).decode())
    with pytest.raises(errors.NotFound, match=r"object `k` of bucket `src`.*gone \[NoSuchKey"):
        account.oss("cn-hangzhou").head_object("src", "k")


def test_bucket_in_another_region_is_named(service: ScriptedService, account: Account) -> None:
    service.refuse(
        403,
        "AccessDenied",
        "The bucket you are attempting to access must be addressed using the specified endpoint.",
        "<Endpoint>oss-cn-shanghai.aliyuncs.com</Endpoint>",
    )
    with pytest.raises(errors.Conflict, match="it is in region cn-shanghai"):
        account.oss("cn-hangzhou").get_bucket_info("src")


def test_denial_says_what_the_service_said(service: ScriptedService, account: Account) -> None:
    detail = "<AccessDeniedDetail><NoPermissionType>ExplicitDeny</NoPermissionType><PolicyType>X</PolicyType>"
    service.refuse(403, "AccessDenied", details=f"{detail}</AccessDeniedDetail><EC>0003-00000101</EC>")
    with pytest.raises(errors.PermissionDenied, match=r"a Deny statement \(X\) forbids it.*EC 0003-00000101"):
        account.oss("cn-hangzhou").get_bucket_info("src")


def test_throttling_waits_as_asked_and_goes_on(service: ScriptedService, account: Account, waits: list[float]) -> None:
    service.refuse(503, "QpsLimitExceeded", x_oss_qos_delay_time="1500")
    service.answer(body="{}")
    assert account.oss("cn-hangzhou").get_bucket_policy("src") == "{}"
    assert waits == [1.5]


def test_no_repetitions_hide_in_the_sdk(service: ScriptedService, account: Account, waits: list[float]) -> None:
    for _ in range(5):
        service.cut()
    with pytest.raises(errors.ServiceUnavailable):
        account.oss("cn-hangzhou").list_rules("src")
    assert len(service.requests) == 5
    assert len(waits) == 4


@pytest.mark.parametrize("body", ["", "<html><br>", "<ReplicationConfiguration><Rule>"])
def test_answers_that_no_service_writes_are_passing_failures(
    service: ScriptedService, account: Account, body: str
) -> None:
    service.answer(body=body)
    with pytest.raises(errors.ServiceUnavailable, match=r"on bucket `src`.*perhaps by a proxy"):
        account.oss("cn-hangzhou").list_rules("src")


def test_nobody_listening_is_a_clear_error() -> None:
    config = AccountConfig("oss_source", Credentials("LTAI1", SECRET), endpoints=Endpoints(oss="http://127.0.0.1:1"))
    account = Account(config, Retrier(attempts=1))
    with pytest.raises(
        errors.ServiceUnavailable, match=r"connection `oss_source` got no answer from http://127.0.0.1:1: .*refused"
    ):
        account.oss("cn-hangzhou").list_rules("src")


def test_custom_host_names_are_addressed_in_path_style(service: ScriptedService) -> None:
    url = service.url.replace("127.0.0.1", "localhost.localdomain")
    config = AccountConfig("c", Credentials("LTAI1", SECRET), endpoints=Endpoints(oss=url))
    client = Account(config).oss("cn-hangzhou")._client
    assert client._service._make_url("src", "k") == f"{url}/src/k"


def test_public_endpoint_is_addressed_by_host_name() -> None:
    client = Account(AccountConfig("c", Credentials("LTAI1", SECRET))).oss("cn-hangzhou")._client
    assert client._service._make_url("src", "k") == "https://src.oss-cn-hangzhou.aliyuncs.com/k"


def test_security_token_is_sent(service: ScriptedService) -> None:
    config = AccountConfig("c", Credentials("STS.1", SECRET, "tok"), endpoints=Endpoints(oss=service.url))
    service.answer(body="{}")
    Account(config).oss("cn-hangzhou").get_bucket_policy("src")
    assert service.requests[0].headers["x-oss-security-token"] == "tok"


def test_wrong_signature_shows_nothing_of_the_request(
    service: ScriptedService, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service.refuse(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match.",
        f"<StringToSign>GET {SECRET}</StringToSign><SignatureProvided>00ff</SignatureProvided>",
    )
    with pytest.raises(errors.CredentialsError) as caught:
        account.oss("cn-hangzhou").list_rules("src")
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    for hidden in (SECRET, "StringToSign", "00ff", "Authorization", "OSS4-HMAC"):
        assert hidden not in shown


# --- other settings of a bucket --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("enabled", "word"), [(True, b"true"), (False, b"false")])
def test_acceleration_is_switched(service: ScriptedService, account: Account, enabled: bool, word: bytes) -> None:
    service.answer()
    account.oss("cn-hangzhou").set_acceleration("dst", enabled)
    request = service.requests[0]
    assert (request.method, request.path, request.params) == ("PUT", "/dst/", {"transferAcceleration": ""})
    assert b"<Enabled>%s</Enabled>" % word in request.body


def test_acceleration_in_use_is_a_conflict(service: ScriptedService, account: Account) -> None:
    service.refuse(409, "TransferAccAlreadyInUse", "in use")
    with pytest.raises(errors.Conflict, match="TransferAccAlreadyInUse"):
        account.oss("cn-hangzhou").set_acceleration("dst", False)


def test_settings_that_are_absent(service: ScriptedService, account: Account) -> None:
    oss = account.oss("cn-hangzhou")
    service.refuse(404, "NoSuchWORMConfiguration")
    assert oss.get_worm("dst") is None
    service.refuse(404, "NoSuchLifecycle")
    assert oss.get_lifecycle_deletes("src") == 0


def test_settings_of_a_missing_bucket(service: ScriptedService, account: Account) -> None:
    oss = account.oss("cn-hangzhou")
    for read in (oss.get_worm, oss.get_lifecycle_deletes):
        service.refuse(404, "NoSuchBucket")
        with pytest.raises(errors.NotFound, match="bucket `nowhere`"):
            read("nowhere")


def test_unreadable_settings_are_passing_failures(service: ScriptedService, account: Account) -> None:
    oss = account.oss("cn-hangzhou")
    for read in (oss.get_worm, oss.get_lifecycle_deletes):
        service.answer(body="<html>")
        with pytest.raises(errors.ServiceUnavailable, match="perhaps by a proxy"):
            read("src")
