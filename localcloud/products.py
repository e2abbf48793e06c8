"""The products behind the OpenAPI gateway, and which requests are theirs; everything else is OSS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from localcloud.auth import acs
from localcloud.http import Request
from localcloud.kms import api as kms
from localcloud.operation import RpcOperation
from localcloud.ram import api as ram
from localcloud.ram.api import ims
from localcloud.sts import api as sts


@dataclass(frozen=True)
class RpcProduct:
    """A product with RPC operations.

    :param name: name that calls are counted and faults are matched under.
    :param code: the vendor's product code, for links to its help pages.
    :param version: API version; no two products share one, so it identifies the product.
    """

    name: str
    code: str
    version: str
    operations: Mapping[str, RpcOperation]


RPC_PRODUCTS = (
    RpcProduct("ram", "Ram", "2015-05-01", ram.OPERATIONS),
    RpcProduct("ims", "Ims", "2019-08-15", ims.OPERATIONS),
    RpcProduct("sts", "Sts", "2015-04-01", sts.OPERATIONS),
    RpcProduct("kms", "Kms", "2016-01-20", kms.OPERATIONS),
)
_BY_VERSION = {product.version: product for product in RPC_PRODUCTS}


def product_of_version(version: str | None) -> RpcProduct | None:
    """Return the product with an API version, or None."""
    return _BY_VERSION.get(version or "")


def is_rpc(request: Request, params: Mapping[str, str]) -> bool:
    """Tell whether a request is for the OpenAPI gateway: it says so in its headers, or names an action at the root."""
    if acs.is_used(request) or request.header("x-acs-action") or request.header("x-acs-version"):
        return True
    return request.raw_path in ("", "/") and "Action" in params
