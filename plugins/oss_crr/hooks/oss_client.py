"""Signed requests to OSS: oss2 signs (V4) and sends, errors are translated, passing failures are repeated."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from oss_crr.concurrency import check_in_time
from oss_crr.errors import ServiceAnswer
from oss_crr.hooks import oss_xml
from oss_crr.hooks.budget import Budgets
from oss_crr.hooks.connection import is_aliyun, is_loopback
from oss_crr.hooks.retry import Retrier
from oss_crr.hooks.sdk import CONNECT_SECONDS, POOL_SIZE, READ_SECONDS, CredentialSource, Describe
from oss_crr.hooks.translate import Call, cause_of, error_for


@dataclass(frozen=True)
class OssRequest:
    """One request to OSS.

    :param action: the RAM action it needs, such as ``oss:PutBucketPolicy``.
    :param bucket: empty for a request to the service itself.
    :param params: query parameters; a sub-resource such as ``policy`` has an empty value.
    :param body: None for a request without a body.
    :param headers: further headers, such as ``x-oss-storage-class``.
    :param denied_hint: what else a refusal for lack of rights can mean.
    :param replaces: whether it replaces a document as a whole, see :mod:`oss_crr.concurrency`.
    """

    method: str
    action: str
    bucket: str
    key: str = ""
    params: Mapping[str, str] | None = None
    body: bytes | None = None
    headers: Mapping[str, str] | None = None
    denied_hint: str = ""
    replaces: bool = False


@dataclass(frozen=True)
class OssAnswer:
    """A successful answer.

    :param headers: values by name; names in any case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class OssClient:
    """Sends requests to OSS in one region; may be used by several threads.

    :param region: region id such as ``cn-hangzhou``, part of the signature.
    :param base_url: endpoint, with scheme and without bucket.
    :param credentials: asked before each request.
    :param describe: says who calls, for messages.
    :param budgets: of the account.
    """

    def __init__(
        self,
        region: str,
        base_url: str,
        credentials: CredentialSource,
        describe: Describe,
        retrier: Retrier,
        budgets: Budgets,
    ) -> None:
        self._region = region
        self._base_url = base_url
        self._credentials = credentials
        self._describe = describe
        self._retrier = retrier
        self._budgets = budgets

    def send(self, request: OssRequest) -> OssAnswer:
        """Send a request and return the whole answer.

        :raises OssCrrError: the service refused, or did not answer.
        """
        # Renewing temporary credentials repeats its own failures, so it stays outside of this call's repetitions.
        self._credentials.current()
        return self._retrier.call(lambda: self._send_once(request), self._budgets.of("oss", request.action))

    def _send_once(self, request: OssRequest) -> OssAnswer:
        import oss2
        import requests

        service = self._service
        if request.replaces:
            check_in_time(f"{request.action} on bucket `{request.bucket}`")
        try:
            # oss2 offers no public way to send a request it has no method for (RTC), or to see an answer's raw XML.
            response = service._do(
                request.method,
                request.bucket,
                request.key,
                params=dict(request.params or {}),
                headers={**_body_headers(request.body), **(request.headers or {})},
                data=request.body,
            )
            return OssAnswer(response.status, response.headers, response.read())
        except (oss2.exceptions.OssError, requests.RequestException) as error:
            # The SDK's error holds the signed request, so it is not chained: tracebacks are logged.
            secrets = self._credentials.current().secrets
            raise error_for(self._call(request), _answer_of(error, self._base_url), secrets) from None

    @cached_property
    def _service(self) -> Any:
        import oss2

        _keep_requests_out_of_logs()
        return oss2.Service(
            oss2.ProviderAuthV4(_CredentialsProvider(self._credentials)),
            self._base_url,
            session=oss2.Session(pool_size=POOL_SIZE),
            # Handed through to requests, which takes connect and read timeout as a pair.
            connect_timeout=(CONNECT_SECONDS, READ_SECONDS),
            # An empty proxy is none. A server on this machine is out of reach of those in HTTP_PROXY and HTTPS_PROXY.
            proxies={"http": "", "https": ""} if is_loopback(self._base_url) else None,
            region=self._region,
            # IP addresses and localhost are addressed in path style by oss2 itself.
            is_path_style=not is_aliyun(self._base_url),
        )

    def _call(self, request: OssRequest) -> Call:
        bucket = f"bucket `{request.bucket}` in {self._region}" if request.bucket else "the account's buckets"
        target = f"object `{request.key}` of {bucket}" if request.key else bucket
        return Call(self._describe(), request.action, target, request.denied_hint)


class _CredentialsProvider:
    """Gives oss2 the credentials of a :class:`CredentialSource`."""

    def __init__(self, source: CredentialSource) -> None:
        self._source = source

    def get_credentials(self) -> Any:
        """Return the current credentials in oss2's form."""
        import oss2

        current = self._source.current()
        return oss2.credentials.Credentials(
            current.access_key_id, current.access_key_secret, current.security_token or ""
        )


def _body_headers(body: bytes | None) -> dict[str, str]:
    if body is None:
        return {}
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    return {"Content-MD5": base64.b64encode(digest).decode()}


def _answer_of(error: Any, base_url: str) -> ServiceAnswer:
    """Read an error of oss2 or requests; what is no answer of OSS gets status 0."""
    status = getattr(error, "status", 0)
    if not isinstance(status, int) or status <= 0:
        return ServiceAnswer(0, message=cause_of(getattr(error, "exception", error)), endpoint=base_url)
    return ServiceAnswer(
        status,
        code=error.code or "",
        message=error.message or "",
        request_id=error.request_id or "",
        ec=error.ec or "",
        endpoint=error.details.get("Endpoint") or "",
        retry_after=_delay(error.headers.get("x-oss-qos-delay-time")),
        access_denied=oss_xml.access_denied_detail(error.body or b""),
    )


def _delay(milliseconds: str | None) -> float | None:
    return int(milliseconds) / 1000 if milliseconds and milliseconds.isdecimal() else None


def _keep_requests_out_of_logs() -> None:
    """Silence oss2's logger below warnings: it logs whole requests, as signed, and whole error bodies."""
    logger = logging.getLogger("oss2")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.WARNING)
