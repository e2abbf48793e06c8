"""How calls reach the products with an RPC interface: through the vendor's SDKs.

RAM and KMS are called through the SDKs made for them, STS and IMS through the core that those are generated on, which
spares two more packages. Loading the core takes a task 0.5 s and 51 MB; RAM adds 0.05 s and 3 MB to that, KMS another
0.1 s and 3 MB. Nothing is loaded before the first call; the demo's scheduler loads it before it forks tasks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from oss_crr.hooks.connection import is_loopback
from oss_crr.hooks.sdk import CONNECT_SECONDS, POOL_SIZE, READ_SECONDS, CredentialSource

CORE = "alibabacloud_tea_openapi"


@dataclass(frozen=True)
class Product:
    """A product with an RPC interface.

    :param name: as in RAM actions, such as ``ram``.
    :param version: the API's date.
    :param package: the vendor's package to call it through.
    """

    name: str
    version: str
    package: str = CORE


def new_client(product: Product, base_url: str, credentials: CredentialSource) -> Any:
    """Return the SDK's client for a product at one endpoint; several threads may use it.

    The region is part of the endpoint, and an explicit endpoint wins over the SDKs' own region tables. Without a
    signature version in the configuration every client signs by ACS3-HMAC-SHA256, that of KMS included. Without retry
    options none repeats a call.

    :param base_url: endpoint with scheme.
    """
    from alibabacloud_tea_openapi.utils_models import Config

    parts = urlsplit(base_url)
    config = Config(
        credential=_CredentialsProvider(credentials),
        endpoint=parts.netloc,
        protocol=parts.scheme.upper(),
        connect_timeout=CONNECT_SECONDS * 1000,
        read_timeout=READ_SECONDS * 1000,
        max_idle_conns=POOL_SIZE,
        http_proxy=_own_proxy(base_url),
    )
    return import_module(f"{product.package}.client").Client(config)


def _own_proxy(base_url: str) -> str | None:
    """Return the proxy for an endpoint that no proxy reaches, a server on this machine: the endpoint itself.

    The SDKs read HTTP_PROXY but not NO_PROXY, and know no way to switch a proxy off. As its own proxy, the server gets
    the request itself, with the whole URL in the first line, which every server has to understand (RFC 9112, 3.2.2).
    """
    proxied = os.environ.get("HTTP_PROXY") or os.environ.get("http_proxy")
    return base_url if proxied and is_loopback(base_url) else None


def send(client: Any, product: Product, action: str, params: Mapping[str, str]) -> Any:
    """Make one call and return the answer's members; anything but a dictionary is no answer of the service.

    :param client: made by :func:`new_client`.
    :raises TeaException: the SDKs' error: refused, or not answered.
    """
    if product.package == CORE:
        return _send_by_core(client, product, action, params)
    return _send_by_product_sdk(client, product, action, params)


def _send_by_product_sdk(client: Any, product: Product, action: str, params: Mapping[str, str]) -> Any:
    from darabonba.runtime import RuntimeOptions

    models = import_module(f"{product.package}.models")
    request = getattr(models, f"{action}Request")().from_map(dict(params))
    _unset_empty_lists(request)
    body = getattr(client, f"{_method_name(action)}_with_options")(request, RuntimeOptions()).body
    # Each answer has at least a request id; the SDKs make an empty body out of what is no answer at all.
    return (body.to_map() if body else None) or None


def _send_by_core(client: Any, product: Product, action: str, params: Mapping[str, str]) -> Any:
    from alibabacloud_tea_openapi.utils_models import OpenApiRequest, Params
    from darabonba.runtime import RuntimeOptions

    operation = Params(
        action=action,
        version=product.version,
        protocol="HTTPS",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    return client.call_api(operation, OpenApiRequest(query=dict(params)), RuntimeOptions())["body"]


def _unset_empty_lists(request: Any) -> None:
    """Undo that ``from_map`` sets every list that is not given to an empty one, which would be sent (``Tag=[]``)."""
    for name in [name for name, value in vars(request).items() if value == []]:
        setattr(request, name, None)


def _method_name(action: str) -> str:
    """Return an API's name as the SDKs write it: ``GetKmsInstance`` is ``get_kms_instance``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()


@dataclass(frozen=True)
class _SdkCredentials:
    """Credentials as the SDKs read them."""

    access_key_id: str
    access_key_secret: str
    security_token: str | None
    type: str
    provider_name: None = None


class _CredentialsProvider:
    """Gives the SDKs the credentials of a :class:`CredentialSource`."""

    def __init__(self, source: CredentialSource) -> None:
        self._source = source

    def get_credential(self) -> _SdkCredentials:
        """Return the current credentials in the SDKs' form."""
        current = self._source.current()
        return _SdkCredentials(
            current.access_key_id,
            current.access_key_secret,
            current.security_token,
            type="sts" if current.security_token else "access_key",
        )
