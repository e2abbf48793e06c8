"""aliyun-python-sdk-core with its RAM, STS and KMS packages: the old RPC signature."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import Any

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.http import protocol_type

from tests.clients.python.report import read_task
from tests.clients.python.rpc_tour import RpcTour

_VERSIONS = {"ram": "v20150501", "sts": "v20150401", "kms": "v20160120"}


class CoreClient:
    """Calls actions through the SDK's request classes.

    :param endpoint: host and port.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def call(
        self, product: str, action: str, params: Mapping[str, str], key_id: str, secret: str, token: str
    ) -> Mapping[str, Any]:
        credential = StsTokenCredential(key_id, secret, token) if token else AccessKeyCredential(key_id, secret)
        client = AcsClient(region_id="cn-hangzhou", credential=credential, auto_retry=False)
        module = importlib.import_module(f"aliyunsdk{product}.request.{_VERSIONS[product]}.{action}Request")
        request = getattr(module, f"{action}Request")()
        request.set_endpoint(self._endpoint)
        request.set_protocol_type(protocol_type.HTTP)
        for name, value in params.items():
            request.add_query_param(name, value)
        members: Mapping[str, Any] = json.loads(client.do_action_with_exception(request))
        return members


def refusal(error: Exception) -> tuple[int, str]:
    """Return status and code of the SDK's error."""
    if not isinstance(error, ServerException):
        raise error
    return error.get_http_status(), error.get_error_code()


if __name__ == "__main__":
    RpcTour(CoreClient(read_task().endpoint).call, refusal).run()
