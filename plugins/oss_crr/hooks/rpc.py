"""Signed calls to the products with an RPC interface: RAM, STS and KMS.

The calls go through the SDK core that the products' own SDKs are generated on, by its generic ``call_api``. What is
sent is the same (a test compares), and every task that makes a call is spared loading the generated classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from oss_crr.errors import ServiceAnswer
from oss_crr.hooks.retry import Retrier
from oss_crr.hooks.sdk import CONNECT_SECONDS, POOL_SIZE, READ_SECONDS, CredentialSource, Describe
from oss_crr.hooks.translate import Call, cause_of, error_for


@dataclass(frozen=True)
class Product:
    """A product with an RPC interface.

    :param name: as in RAM actions, such as ``ram``.
    :param version: the API's date.
    """

    name: str
    version: str


RAM = Product("ram", "2015-05-01")
STS = Product("sts", "2015-04-01")
KMS = Product("kms", "2016-01-20")


class RpcClient:
    """Calls one product at one endpoint; may be used by several threads.

    :param base_url: endpoint with scheme.
    :param credentials: asked before each call.
    :param describe: says who calls, for messages.
    """

    def __init__(
        self, product: Product, base_url: str, credentials: CredentialSource, describe: Describe, retrier: Retrier
    ) -> None:
        self._product = product
        self._base_url = base_url
        self._credentials = credentials
        self._describe = describe
        self._retrier = retrier

    def call(
        self, action: str, target: str, params: Mapping[str, str] | None = None, *, denied_hint: str = ""
    ) -> dict[str, Any]:
        """Make a call and return the members of its answer.

        :param action: API name such as ``GetRole``.
        :param target: what it acts on, for messages, such as ``role `r```.
        :param params: the API's parameters.
        :param denied_hint: what else a refusal for lack of rights can mean.
        :raises OssCrrError: the service refused, or did not answer.
        """
        # Renewing temporary credentials repeats its own failures, so it stays outside of this call's repetitions.
        self._credentials.current()
        call = Call(self._describe(), f"{self._product.name}:{action}", target, denied_hint)
        return self._retrier.call(lambda: self._call_once(call, action, params or {}))

    def _call_once(self, call: Call, action: str, params: Mapping[str, str]) -> dict[str, Any]:
        from alibabacloud_tea_openapi.utils_models import OpenApiRequest, Params
        from darabonba.runtime import RuntimeOptions
        from Tea.exceptions import TeaException

        operation = Params(
            action=action,
            version=self._product.version,
            protocol="HTTPS",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        try:
            answer = self._client.call_api(operation, OpenApiRequest(query=dict(params)), RuntimeOptions())["body"]
        except TeaException as error:
            # The SDK's error holds the answer's body, so it is not chained: tracebacks are logged.
            secrets = self._credentials.current().secrets
            raise error_for(call, _answer_of(error, self._base_url), secrets) from None
        if not isinstance(answer, dict):
            message = "what came back is no answer of the service"
            raise error_for(call, ServiceAnswer(0, message=message, endpoint=self._base_url))
        return answer

    @cached_property
    def _client(self) -> Any:
        from alibabacloud_tea_openapi.client import Client
        from alibabacloud_tea_openapi.utils_models import Config

        parts = urlsplit(self._base_url)
        return Client(
            Config(
                credential=_CredentialsProvider(self._credentials),
                endpoint=parts.netloc,
                protocol=parts.scheme.upper(),
                connect_timeout=CONNECT_SECONDS * 1000,
                read_timeout=READ_SECONDS * 1000,
                max_idle_conns=POOL_SIZE,
            )
        )


@dataclass(frozen=True)
class _SdkCredentials:
    """Credentials as the SDK core reads them."""

    access_key_id: str
    access_key_secret: str
    security_token: str | None
    type: str
    provider_name: None = None


class _CredentialsProvider:
    """Gives the SDK core the credentials of a :class:`CredentialSource`."""

    def __init__(self, source: CredentialSource) -> None:
        self._source = source

    def get_credential(self) -> _SdkCredentials:
        """Return the current credentials in the SDK core's form."""
        current = self._source.current()
        return _SdkCredentials(
            current.access_key_id,
            current.access_key_secret,
            current.security_token,
            type="sts" if current.security_token else "access_key",
        )


def _answer_of(error: Any, base_url: str) -> ServiceAnswer:
    """Read an error of the SDK core; what is no answer of the service (or is not JSON) gets status 0."""
    status = getattr(error, "status_code", None)
    if not status:
        return ServiceAnswer(0, message=cause_of(getattr(error, "inner_exception", error)), endpoint=base_url)
    body = error.data if isinstance(error.data, Mapping) else {}
    detail = body.get("AccessDeniedDetail")
    return ServiceAnswer(
        status,
        code=str(body.get("Code") or ""),
        message=str(body.get("Message") or ""),
        request_id=str(body.get("RequestId") or ""),
        # The SDK core reads the header x-acs-retry-after, in milliseconds.
        retry_after=error.retry_after / 1000 if error.retry_after else None,
        access_denied={str(name): str(value) for name, value in detail.items()} if isinstance(detail, Mapping) else {},
    )
