"""What every product's router answers: the operation that a request asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from localcloud.http import Request, Response
from localcloud.identity import Caller

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

Level = Literal["service", "bucket", "object"]


@dataclass(frozen=True)
class OssCall:
    """A verified OSS request on its way to its handler.

    :param bucket_name: None at service level.
    :param key: decoded object key; None at service and bucket level.
    :param endpoint_region: region of the endpoint that was addressed (Host name, else the V4 scope); None if unknown.
    """

    cloud: Cloud
    request: Request
    caller: Caller
    request_id: str
    bucket_name: str | None = None
    key: str | None = None
    endpoint_region: str | None = None


@dataclass(frozen=True)
class OssOperation:
    """One OSS API operation.

    :param name: API name, for example ``PutBucketReplication``; the name that calls are counted under.
    :param level: service, bucket or object.
    :param method: HTTP method.
    :param action: RAM action checked before the handler runs, for example ``oss:PutBucketReplication``.
    :param handler: produces the answer; raises OssError.
    :param write: whether it changes anything; decides read or write in the call counts.
    :param params: query parameters that must be present; a value other than None must match. The operation with
        the most matching parameters wins.
    :param headers: lower-case names of headers that must be present; they break ties between equal parameters.
    :param versioned_action: RAM action checked instead of ``action`` when the request names a ``versionId``.
    :param checks_rights_itself: the router leaves authorization to the handler, for requests whose resources are
        named in the body (DeleteMultipleObjects) or that need no rights (OPTIONS).
    """

    name: str
    level: Level
    method: str
    action: str
    handler: Callable[[OssCall], Response]
    write: bool
    params: Mapping[str, str | None] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    versioned_action: str | None = None
    checks_rights_itself: bool = False


@dataclass(frozen=True)
class RpcCall:
    """A verified RAM, STS or KMS request on its way to its handler.

    :param params: all parameters, from query and form body.
    :param region: region of the endpoint, for regional products (KMS); None if unknown.
    :param request: the HTTP request, for policy conditions on address and transport; None in direct calls.
    """

    cloud: Cloud
    caller: Caller
    request_id: str
    params: Mapping[str, str]
    region: str | None = None
    request: Request | None = None


@dataclass(frozen=True)
class RpcOperation:
    """One RPC API operation; the handler answers the members of the JSON body without ``RequestId``."""

    name: str
    handler: Callable[[RpcCall], dict[str, object]]
    write: bool
