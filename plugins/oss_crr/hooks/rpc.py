"""Signed calls to the products with an RPC interface: RAM, IMS, STS and KMS."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from oss_crr.concurrency import check_in_time
from oss_crr.errors import ServiceAnswer
from oss_crr.hooks.budget import Budgets
from oss_crr.hooks.retry import Retrier
from oss_crr.hooks.rpc_sdk import Product, new_client, send
from oss_crr.hooks.sdk import CredentialSource, Describe
from oss_crr.hooks.translate import Call, cause_of, error_for

RAM = Product("ram", "2015-05-01", "alibabacloud_ram20150501")
#: Identity Management Service, the part of RAM that counts what an account has. Its rights are RAM's, so is its name.
IMS = Product("ram", "2019-08-15")
STS = Product("sts", "2015-04-01")
KMS = Product("kms", "2016-01-20", "alibabacloud_kms20160120")


class RpcClient:
    """Calls one product at one endpoint; may be used by several threads.

    :param base_url: endpoint with scheme.
    :param credentials: asked before each call.
    :param describe: says who calls, for messages.
    :param budgets: of the account.
    :param region: where the product's quotas are counted by region.
    """

    def __init__(
        self,
        product: Product,
        base_url: str,
        credentials: CredentialSource,
        describe: Describe,
        retrier: Retrier,
        budgets: Budgets,
        region: str = "",
    ) -> None:
        self._product = product
        self._base_url = base_url
        self._credentials = credentials
        self._describe = describe
        self._retrier = retrier
        self._budgets = budgets
        self._region = region

    def call(
        self,
        action: str,
        target: str,
        params: Mapping[str, str] | None = None,
        *,
        denied_hint: str = "",
        replaces: bool = False,
    ) -> dict[str, Any]:
        """Make a call and return the members of its answer.

        :param action: API name such as ``GetRole``.
        :param target: what it acts on, for messages, such as ``role `r```.
        :param params: the API's parameters.
        :param denied_hint: what else a refusal for lack of rights can mean.
        :param replaces: whether it replaces a document as a whole, see :mod:`oss_crr.concurrency`.
        :raises OssCrrError: the service refused, or did not answer.
        """
        # Renewing temporary credentials repeats its own failures, so it stays outside of this call's repetitions.
        self._credentials.current()
        call = Call(self._describe(), f"{self._product.name}:{action}", target, denied_hint)
        # Made before the call takes its turn: while the SDK is loaded for the first one, the turns of many would pass.
        client = self._client
        budget = self._budgets.of(self._product.name, action, self._region)
        return self._retrier.call(lambda: self._call_once(client, call, action, params or {}, replaces), budget)

    def _call_once(
        self, client: Any, call: Call, action: str, params: Mapping[str, str], replaces: bool
    ) -> dict[str, Any]:
        from Tea.exceptions import TeaException

        if replaces:
            check_in_time(f"{call.action} on {call.target}")
        try:
            answer = send(client, self._product, action, params)
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
        return new_client(self._product, self._base_url, self._credentials)


def _answer_of(error: Any, base_url: str) -> ServiceAnswer:
    """Read an error of the SDKs; what is no answer of the service (or is not JSON) gets status 0."""
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
