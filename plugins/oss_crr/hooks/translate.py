"""Turn a service's refusal into one of this package's errors: what failed, for whom, why, and what to do about it.

The codes are those of the vendor's error tables: OSS "Error codes" and the pages of PutBucketReplication and
DeleteBucketReplication; RAM and STS "Error codes"; those on the pages of KMS's calls. The detail codes (EC) have a
page each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from urllib.parse import quote

from oss_crr.errors import (
    AlreadyExists,
    Conflict,
    CredentialsError,
    LimitReached,
    NotFound,
    OssCrrError,
    PermissionDenied,
    RequestRejected,
    ServiceAnswer,
    ServiceUnavailable,
    Throttled,
)

#: Longer texts of a service are cut, for the sake of logs.
MAX_MESSAGE = 400

_MASK = "***"
#: Some refusals repeat the request as it was signed; none of that helps a reader.
_SIGNED_REQUEST = re.compile(r"string\W?to\W?sign|authorization\W|signature=", re.IGNORECASE)
#: How errors of urllib3 begin: ``HTTPConnection(host='h', port=1): `` or ``ProtocolError('``; and how they end.
_NESTING = re.compile(r"""\): |\w+\(["']""")
_NESTING_END = re.compile(r"""["']\)+["'}]*$""")
#: Shorter secrets are not looked for: their letters are in every text. Airflow's masking draws the same line.
_SHORTEST_SECRET = 5
_WRONG_ENDPOINT = "must be addressed using the specified endpoint"

#: Refused credentials: the beginning of the code, and what to do.
_CREDENTIALS = {
    "InvalidAccessKeyId": "the access key is unknown, disabled or deleted: check `access_key_id`",
    "Forbidden.AccessKeyDisabled": "the access key is disabled: enable it, or use another one",
    "Forbidden.AccessKey": "the access key may not be used: check its state in the RAM console",
    "Inactive": "the access key is disabled: enable it, or use another one",
    "SignatureDoesNotMatch": "`access_key_secret` does not belong to `access_key_id`",
    "IncompleteSignature": "`access_key_secret` does not belong to `access_key_id`",
    "SecurityTokenExpired": "the temporary credentials have expired: enter new ones, or use `role_arn`",
    "InvalidSecurityToken.Expired": "the temporary credentials have expired: enter new ones, or use `role_arn`",
    "InvalidSecurityToken": "`security_token` does not belong to `access_key_id`, or is damaged",
    "MissingSecurityToken": "temporary credentials need `security_token` as well",
    "UserDisable": "the account is suspended, for example because of an overdue payment",
}

#: Refused requests whose code says what to do.
_ADVICE = {
    "InvalidTargetBucket": "check that the destination bucket exists, has another name, and grants the role its rights",
    "InvalidTargetLocation": "the destination bucket is in another region than given: correct `destination_region`",
    "BadReplicationLocation": "the destination's region is not offered for this source: choose another one",
    "NoReplicationLocation": "the source's region offers no replication: choose another one",
    "ReplicationLocationNotSupportRtc": "RTC is not offered between these regions: switch `rtc` off",
    "MalformedPolicyDocument": "correct the policy document",
    "MalformedPolicy": "correct the policy document",
    "Rejected.ShareQuotaExceedLimit": (
        "raise the KMS instance's access management quantity, or stop sharing its keys with other accounts"
    ),
}

#: The same, by detail code.
_ADVICE_BY_EC = {
    "0030-00000001": "the bucket policy would exceed 16 KB: fold or remove statements",
    "0030-00000003": "an element of the bucket policy would exceed 4,095 bytes: split the statement",
    "0031-00000053": "the two buckets' versioning differs: make both Enabled, or leave both unversioned",
    "0031-00000107": "the regions do not offer this transfer type: correct `transfer_type`",
    "0031-00000203": "RTC is not offered between these regions: switch `rtc` off",
}


@dataclass(frozen=True)
class Call:
    """One call to a service, as a message has to describe it.

    :param caller: who calls, such as ``connection `oss_source```.
    :param action: the RAM action the call needs, such as ``oss:PutBucketPolicy``.
    :param target: what it acts on, such as ``bucket `b` in cn-hangzhou``.
    :param denied_hint: what else a refusal for lack of rights can mean.
    """

    caller: str
    action: str
    target: str
    denied_hint: str = ""


def error_for(call: Call, answer: ServiceAnswer, secrets: Iterable[str] = ()) -> OssCrrError:
    """Return the error that a failed call amounts to; its ``answer`` attribute holds the service's answer.

    :param secrets: what must not be seen in the error, even if the service repeats it.
    """
    clean = _without_secrets(answer, tuple(secrets))
    make = next(make for applies, make in _KINDS if applies(clean))
    error = make(call, clean)
    error.answer = clean
    return error


def cause_of(error: BaseException) -> str:
    """Return why a connection failed, in the innermost of the errors that network libraries nest.

    The outer ones repeat the URL, and with it the parameters of the call.
    """
    innermost = _NESTING.split(str(error).rpartition("Caused by ")[2])[-1]
    return _NESTING_END.sub("", innermost)[:MAX_MESSAGE] or type(error).__name__


# --- what kind of refusal it is, in the order in which the questions are asked ---------------------------------------


def _no_answer(answer: ServiceAnswer) -> bool:
    return answer.status == 0


def _wrong_clock(answer: ServiceAnswer) -> bool:
    return answer.code.startswith(("RequestTimeTooSkewed", "InvalidTimeStamp"))


def _bad_credentials(answer: ServiceAnswer) -> bool:
    return _credentials_advice(answer.code) is not None


def _wrong_region(answer: ServiceAnswer) -> bool:
    return answer.status == 403 and _WRONG_ENDPOINT in answer.message


def _throttled(answer: ServiceAnswer) -> bool:
    code = answer.code
    named = code.startswith("Throttling") or code.endswith((".Throttling", "QpsLimitExceeded", "RateLimitExceeded"))
    return named or answer.status == 429 or answer.retry_after is not None


def _unavailable(answer: ServiceAnswer) -> bool:
    return answer.status >= 500 or answer.code == "RequestTimeout"


def _exists(answer: ServiceAnswer) -> bool:
    # OSS writes BucketReplicationAlreadyExist, RAM EntityAlreadyExists.Role.
    return "AlreadyExist" in answer.code


def _limit(answer: ServiceAnswer) -> bool:
    return (
        answer.code.startswith(("LimitExceeded", "TooMany", "QuotaExceed"))
        or answer.code.endswith(("Rejected.LimitExceeded", "QuotaExceedLimit"))
        or answer.ec in ("0030-00000001", "0030-00000003")
    )


def _missing(answer: ServiceAnswer) -> bool:
    # KMS writes Forbidden.DKMSInstanceNotFound with status 403.
    return answer.status == 404 or answer.code.startswith("EntityNotExist") or _is_forbidden(answer, "NotFound")


def _conflict(answer: ServiceAnswer) -> bool:
    # KMS writes Forbidden.DKMSInstanceStateInvalid with status 403, too.
    return answer.status == 409 or _is_forbidden(answer, "StateInvalid")


def _denied(answer: ServiceAnswer) -> bool:
    # KMS writes Forbidden.NoPermission with status 400 on some pages, and with 403 on others.
    return answer.status == 403 or _is_forbidden(answer, "NoPermission")


def _is_forbidden(answer: ServiceAnswer, what: str) -> bool:
    """Tell whether a code is one of KMS's ``Forbidden.*`` codes, which cover more than missing rights."""
    return answer.code.startswith("Forbidden.") and answer.code.endswith(what)


def _anything(_: ServiceAnswer) -> bool:
    return True


# --- what to tell about it -------------------------------------------------------------------------------------------


def _say_no_answer(call: Call, answer: ServiceAnswer) -> OssCrrError:
    place = f" from {answer.endpoint}" if answer.endpoint else ""
    return ServiceUnavailable(
        f"{call.action} on {call.target} for {call.caller} got no answer{place}: {answer.message}"
    )


def _say_wrong_clock(call: Call, answer: ServiceAnswer) -> OssCrrError:
    return RequestRejected(
        f"{call.action} was refused because the clock of this machine is wrong: synchronise it (NTP){_trail(answer)}"
    )


def _say_bad_credentials(call: Call, answer: ServiceAnswer) -> OssCrrError:
    return CredentialsError(f"{call.caller} was not accepted: {_credentials_advice(answer.code)}{_trail(answer)}")


def _say_wrong_region(call: Call, answer: ServiceAnswer) -> OssCrrError:
    found = re.match(r"(?:https?://)?oss-([a-z0-9-]+?)(?:-internal)?\.", answer.endpoint)
    place = f"region {found[1]}" if found else "another region"
    return Conflict(f"{call.target} was not found there: it is in {place}; correct the region{_trail(answer)}")


def _say_throttled(call: Call, answer: ServiceAnswer) -> OssCrrError:
    text = f"{call.action} for {call.caller} is called too often at the moment{_trail(answer)}"
    return Throttled(text, answer.retry_after)


def _say_unavailable(call: Call, answer: ServiceAnswer) -> OssCrrError:
    text = f"{call.action} on {call.target} failed on the service's side: {_words(answer)}"
    return ServiceUnavailable(text + _trail(answer))


def _say_exists(call: Call, answer: ServiceAnswer) -> OssCrrError:
    return AlreadyExists(f"{call.action} on {call.target}: it is there already{_trail(answer)}")


def _say_limit(call: Call, answer: ServiceAnswer) -> OssCrrError:
    advice = _advice(answer) or "remove what is not needed, or ask for a higher quota"
    text = f"{call.action} on {call.target} exceeds a limit of the account of {call.caller}: {_words(answer)}"
    return LimitReached(f"{text}; {advice}{_trail(answer)}")


def _say_missing(call: Call, answer: ServiceAnswer) -> OssCrrError:
    text = f"{call.target} does not exist in the account of {call.caller}: {_words(answer)}"
    return NotFound(text + _trail(answer))


def _say_denied(call: Call, answer: ServiceAnswer) -> OssCrrError:
    detail = answer.access_denied
    action = detail.get("AuthAction") or call.action
    if detail.get("NoPermissionType") == "ExplicitDeny":
        advice = f"a Deny statement ({detail.get('PolicyType') or 'policy'}) forbids it, remove or narrow that"
    else:
        advice = f"grant it `{action}` (README, section Permissions)"
    hint = f"; {call.denied_hint}" if call.denied_hint else ""
    return PermissionDenied(f"{call.caller} may not call {action} on {call.target}: {advice}{hint}{_trail(answer)}")


def _say_conflict(call: Call, answer: ServiceAnswer) -> OssCrrError:
    return Conflict(f"{call.action} on {call.target} contradicts what is there: {_words(answer)}{_trail(answer)}")


def _say_rejected(call: Call, answer: ServiceAnswer) -> OssCrrError:
    advice = _advice(answer)
    text = f"{call.action} on {call.target} for {call.caller} was refused: {_words(answer)}"
    return RequestRejected(text + (f"; {advice}" if advice else "") + _trail(answer))


_KINDS: tuple[tuple[Callable[[ServiceAnswer], bool], Callable[[Call, ServiceAnswer], OssCrrError]], ...] = (
    (_no_answer, _say_no_answer),
    (_wrong_clock, _say_wrong_clock),
    (_bad_credentials, _say_bad_credentials),
    (_wrong_region, _say_wrong_region),
    (_throttled, _say_throttled),
    (_unavailable, _say_unavailable),
    (_exists, _say_exists),
    (_limit, _say_limit),
    (_missing, _say_missing),
    (_conflict, _say_conflict),
    (_denied, _say_denied),
    (_anything, _say_rejected),
)


def _credentials_advice(code: str) -> str | None:
    """Return the advice of the longest known beginning of a code, or None."""
    known = max((start for start in _CREDENTIALS if code.startswith(start)), key=len, default=None)
    return _CREDENTIALS[known] if known else None


def _advice(answer: ServiceAnswer) -> str | None:
    return _ADVICE_BY_EC.get(answer.ec) or _ADVICE.get(answer.code)


def _words(answer: ServiceAnswer) -> str:
    return answer.message or answer.code or f"status {answer.status}"


def _trail(answer: ServiceAnswer) -> str:
    """Return what the vendor's support asks for."""
    parts = [answer.code, f"EC {answer.ec}" if answer.ec else "", answer.request_id and f"request {answer.request_id}"]
    return f" [{', '.join(part for part in parts if part)}]" if any(parts) else ""


def _without_secrets(answer: ServiceAnswer, secrets: tuple[str, ...]) -> ServiceAnswer:
    message = answer.message
    if _SIGNED_REQUEST.search(message):
        message = "the service's words repeat the signed request and are left out"
    return replace(
        answer,
        code=_masked(answer.code, secrets),
        message=_masked(message, secrets)[:MAX_MESSAGE],
        request_id=_masked(answer.request_id, secrets),
        ec=_masked(answer.ec, secrets),
        endpoint=_masked(answer.endpoint, secrets),
        access_denied={name: _masked(value, secrets) for name, value in answer.access_denied.items()},
    )


def _masked(text: str, secrets: tuple[str, ...]) -> str:
    for secret in (secret for secret in secrets if len(secret) >= _SHORTEST_SECRET):
        text = text.replace(secret, _MASK).replace(quote(secret, safe=""), _MASK)
    return text
