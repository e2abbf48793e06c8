"""Which error each refusal becomes, and what its message says."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oss_crr import errors
from oss_crr.errors import OssCrrError, ServiceAnswer, Throttled
from oss_crr.hooks.translate import Call, cause_of, error_for

CALL = Call("connection `oss_source` (acs:ram::1:user/x)", "ram:CreateRole", "role `r`")


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (0, "", errors.ServiceUnavailable),
        (403, "InvalidAccessKeyId", errors.CredentialsError),
        (404, "InvalidAccessKeyId.NotFound", errors.CredentialsError),
        (400, "InvalidAccessKeyId.Inactive", errors.CredentialsError),
        (403, "SignatureDoesNotMatch", errors.CredentialsError),
        (400, "IncompleteSignature", errors.CredentialsError),
        (403, "SecurityTokenExpired", errors.CredentialsError),
        (400, "InvalidSecurityToken.Expired", errors.CredentialsError),
        (400, "InvalidSecurityToken.MismatchWithAccessKey", errors.CredentialsError),
        (403, "UserDisable", errors.CredentialsError),
        (403, "RequestTimeTooSkewed", errors.RequestRejected),
        (400, "InvalidTimeStamp.Expired", errors.RequestRejected),
        (400, "Throttling.User", errors.Throttled),
        (429, "Anything", errors.Throttled),
        (503, "QpsLimitExceeded", errors.Throttled),
        (503, "DownloadTrafficRateLimitExceeded", errors.Throttled),
        (429, "Rejected.Throttling", errors.Throttled),
        (500, "InternalError", errors.ServiceUnavailable),
        (503, "ServiceUnavailable", errors.ServiceUnavailable),
        (502, "", errors.ServiceUnavailable),
        (400, "RequestTimeout", errors.ServiceUnavailable),
        (409, "EntityAlreadyExists.Role", errors.AlreadyExists),
        (409, "EntityAlreadyExists.Role.Policy", errors.AlreadyExists),
        (400, "BucketReplicationAlreadyExist", errors.AlreadyExists),
        (409, "LimitExceeded.Role", errors.LimitReached),
        (409, "LimitExceeded.Policy.Version", errors.LimitReached),
        (400, "TooManyOutgoingReplication", errors.LimitReached),
        (400, "Rejected.LimitExceeded", errors.LimitReached),
        (400, "Rejected.ShareQuotaExceedLimit", errors.LimitReached),
        (404, "EntityNotExist.Role", errors.NotFound),
        (404, "Forbidden.KeyNotFound", errors.NotFound),
        (400, "Forbidden.AliasNotFound", errors.NotFound),
        (403, "Forbidden.DKMSInstanceNotFound", errors.NotFound),
        (404, "NoSuchBucket", errors.NotFound),
        (404, "", errors.NotFound),
        (403, "NoPermission", errors.PermissionDenied),
        (403, "AccessDenied", errors.PermissionDenied),
        (403, "", errors.PermissionDenied),
        (400, "Forbidden.NoPermission", errors.PermissionDenied),
        (403, "Forbidden.DKMSInstanceStateInvalid", errors.Conflict),
        (409, "Rejected.Disabled", errors.Conflict),
        (409, "DeleteConflict.Role.Policy", errors.Conflict),
        (409, "TransferAccAlreadyInUse", errors.Conflict),
        (400, "InvalidTargetLocation", errors.RequestRejected),
        (400, "MalformedPolicyDocument", errors.RequestRejected),
        (405, "MethodNotAllowed", errors.RequestRejected),
    ],
)
def test_error_class_by_status_and_code(status: int, code: str, expected: type[OssCrrError]) -> None:
    error = error_for(CALL, ServiceAnswer(status, code, "the service's words"))
    assert type(error) is expected
    assert error.answer is not None
    assert (error.answer.status, error.answer.code) == (status, code)


def message(answer: ServiceAnswer, call: Call = CALL) -> str:
    return str(error_for(call, answer))


def test_missing_right_names_caller_action_target_and_remedy() -> None:
    answer = ServiceAnswer(403, "NoPermission", "You are not authorized to do this action.", request_id="R1")
    assert message(answer) == (
        "connection `oss_source` (acs:ram::1:user/x) may not call ram:CreateRole on role `r`: "
        "grant it `ram:CreateRole` (README, section Permissions) [NoPermission, request R1]"
    )


def test_the_services_own_idea_of_the_missing_right_wins() -> None:
    detail = {"AuthAction": "oss:ReplicateGet", "NoPermissionType": "ImplicitDeny"}
    assert "grant it `oss:ReplicateGet`" in message(ServiceAnswer(403, "AccessDenied", access_denied=detail))


def test_explicit_denial_is_not_answered_with_a_grant() -> None:
    detail = {"NoPermissionType": "ExplicitDeny", "PolicyType": "BucketPolicy"}
    text = message(ServiceAnswer(403, "AccessDenied", access_denied=detail))
    assert "a Deny statement (BucketPolicy) forbids it" in text
    assert "grant it" not in text


def test_hint_of_the_call_is_part_of_a_denial() -> None:
    call = replace(CALL, denied_hint="or OSS cannot use role `r` yet")
    assert "; or OSS cannot use role `r` yet [" in message(ServiceAnswer(403, "NoPermission"), call)


@pytest.mark.parametrize(
    ("endpoint", "place"),
    [
        ("oss-cn-shanghai.aliyuncs.com", "in region cn-shanghai;"),
        ("oss-cn-shanghai-internal.aliyuncs.com", "in region cn-shanghai;"),
        ("oss-ap-southeast-1.aliyuncs.com", "in region ap-southeast-1;"),
        ("", "in another region;"),
    ],
)
def test_bucket_in_another_region(endpoint: str, place: str) -> None:
    words = "The bucket you are attempting to access must be addressed using the specified endpoint."
    call = Call("connection `c`", "oss:GetBucketInfo", "bucket `b` in cn-hangzhou")
    error = error_for(call, ServiceAnswer(403, "AccessDenied", words, endpoint=endpoint))
    assert type(error) is errors.Conflict
    assert str(error).startswith("bucket `b` in cn-hangzhou was not found there: it is ")
    assert place in str(error)


def test_wrong_clock() -> None:
    assert "clock of this machine is wrong" in message(ServiceAnswer(403, "RequestTimeTooSkewed"))


def test_secret_that_does_not_fit() -> None:
    text = message(ServiceAnswer(403, "SignatureDoesNotMatch", "server string to sign is: GET"))
    assert "`access_key_secret` does not belong to `access_key_id`" in text
    assert "string to sign" not in text


@pytest.mark.parametrize(
    ("ec", "advice"),
    [
        ("0031-00000053", "make both Enabled, or leave both unversioned"),
        ("0030-00000001", "would exceed 16 KB"),
        ("0030-00000003", "exceed 4,095 bytes"),
    ],
)
def test_advice_by_detail_code(ec: str, advice: str) -> None:
    text = message(ServiceAnswer(400, "InvalidArgument", "no", ec=ec))
    assert advice in text
    assert f"EC {ec}" in text


def test_advice_by_code() -> None:
    text = message(ServiceAnswer(400, "Rejected.ShareQuotaExceedLimit", "Instance Share Quota Exceed Limit."))
    assert "raise the KMS instance's access management quantity" in text


def test_wait_asked_for_reaches_the_error() -> None:
    error = error_for(CALL, ServiceAnswer(503, "QpsLimitExceeded", retry_after=0.25))
    assert isinstance(error, Throttled)
    assert error.retry_after == 0.25


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            "HTTPConnectionPool(host='h', port=1): Max retries exceeded with url: /?PolicyDocument=x (Caused by "
            "NewConnectionError(\"HTTPConnection(host='h', port=1): Failed to connect: [Errno 111] refused\"))",
            "Failed to connect: [Errno 111] refused",
        ),
        ("{'message': \"('Connection aborted.', RemoteDisconnected('Remote end closed'))\"}", "Remote end closed"),
        (
            "HTTPConnectionPool(host='h', port=1): Read timed out. (read timeout=30)",
            "Read timed out. (read timeout=30)",
        ),
        ("no JSON", "no JSON"),
        ("", "OSError"),
    ],
)
def test_cause_of_a_failed_connection(text: str, cause: str) -> None:
    assert cause_of(OSError(text)) == cause


def test_long_words_are_cut() -> None:
    assert len(message(ServiceAnswer(400, "X", "word " * 1000))) < 600


SECRETS = st.text("abcXYZ019+/=", min_size=12, max_size=40)
STATUSES = st.sampled_from([0, 400, 403, 404, 409, 429, 500, 503])
CODES = st.sampled_from(["", "NoPermission", "SignatureDoesNotMatch", "LimitExceeded.Role", "MalformedPolicy", "X"])


@given(secret=SECRETS, status=STATUSES, code=CODES, before=st.text(max_size=20), after=st.text(max_size=20))
def test_no_field_of_an_answer_carries_a_secret_out(
    secret: str, status: int, code: str, before: str, after: str
) -> None:
    leak = f"{before}{secret} {quote(secret, safe='')}{after}"
    answer = ServiceAnswer(
        status,
        code + leak,
        f"Authorization: {leak}",
        request_id=leak,
        ec=leak,
        endpoint=leak,
        access_denied={"AuthAction": leak, "PolicyType": leak},
    )
    error = error_for(CALL, answer, [secret])
    for shown in (str(error), repr(error), repr(error.answer)):
        assert secret not in shown
        assert quote(secret, safe="") not in shown


@pytest.mark.parametrize(
    "words",
    [
        "Specified signature is not matched. server string to sign is:POST&%2F&Key",
        "<StringToSign>GET\n/bucket</StringToSign>",
        "bad header Authorization: OSS4-HMAC-SHA256 Credential=LTAI/x, Signature=00ff",
    ],
)
def test_words_that_repeat_the_signed_request_are_left_out(words: str) -> None:
    text = message(ServiceAnswer(400, "InvalidArgument", words))
    assert "left out" in text
    assert "POST&" not in text
    assert "GET" not in text
    assert "00ff" not in text
