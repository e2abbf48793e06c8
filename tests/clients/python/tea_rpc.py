"""The vendor's present SDKs for RAM, STS and KMS, under each of the signatures they know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from alibabacloud_gateway_pop.client import Client as Gateway
from alibabacloud_kms20160120 import client as kms
from alibabacloud_kms20160120 import models as kms_models
from alibabacloud_ram20150501 import client as ram
from alibabacloud_ram20150501 import models as ram_models
from alibabacloud_sts20150401 import client as sts
from alibabacloud_sts20150401 import models as sts_models
from alibabacloud_tea_openapi.client import Client as OpenApiClient
from alibabacloud_tea_openapi.models import Config

from tests.clients.python.report import read_task
from tests.clients.python.rpc_tour import RpcTour

_SDKS: dict[str, tuple[ModuleType, ModuleType]] = {
    "ram": (ram, ram_models),
    "sts": (sts, sts_models),
    "kms": (kms, kms_models),
}
_OPTIONS = {"acs3": {}, "v1": {"signature_algorithm": "v2"}, "acs4": {"signature_version": "v4"}}


class TeaClient:
    """Calls actions through the SDKs' own methods.

    :param endpoint: host and port.
    :param signature: ``acs3``, ``acs4``, or ``v1`` for the old RPC signature (which this SDK calls v2).
    """

    def __init__(self, endpoint: str, signature: str) -> None:
        self._endpoint = endpoint
        self._signature = signature

    def call(
        self, product: str, action: str, params: Mapping[str, str], key_id: str, secret: str, token: str
    ) -> Mapping[str, Any]:
        module, models = _SDKS[product]
        client = module.Client(self._config(key_id, secret, token))
        if self._signature == "acs4":
            _use_gateway(client, product)
        method = getattr(client, re.sub(r"(?<!^)([A-Z])", r"_\1", action).lower())
        request = getattr(models, f"{action}Request", None)
        answer = method(request().from_map(params)) if request else method()
        members: Mapping[str, Any] = answer.body.to_map()
        return members

    def _config(self, key_id: str, secret: str, token: str) -> Config:
        keys = {"access_key_id": key_id, "access_key_secret": secret, "security_token": token or None}
        options = _OPTIONS[self._signature]
        return Config(**keys, endpoint=self._endpoint, protocol="HTTP", region_id="cn-hangzhou", **options)


def _use_gateway(client: OpenApiClient, product: str) -> None:
    """Sign by the gateway's plug-in, the only part of the SDKs that knows ACS4; the KMS SDK does this by itself."""
    client._product_id = product.capitalize()
    client._spi = Gateway()


def refusal(error: Exception) -> tuple[int, str]:
    """Return status and code of the SDK's error."""
    status: int = getattr(error, "status_code", None) or error.data["statusCode"]  # type: ignore[attr-defined]
    return status, error.code  # type: ignore[attr-defined]


if __name__ == "__main__":
    task = read_task()
    RpcTour(TeaClient(task.endpoint, task.signature).call, refusal).run()
