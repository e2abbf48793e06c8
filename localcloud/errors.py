"""Errors that travel to the client in the service's own form.

ServiceError
├── OssError    XML body, ``x-oss-request-id``, optional EC detail code
└── RpcError    JSON (or XML) body of RAM, STS and KMS
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ServiceError(Exception):
    """An answer with an error status.

    :param status: HTTP status.
    :param code: the service's error code.
    :param message: the service's message.
    :param headers: further response headers.
    """

    def __init__(self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


class OssError(ServiceError):
    """An OSS error.

    :param ec: detail code such as ``0031-00000044``; left out of the body when None.
    :param details: further elements of the error body, for example ``{"BucketName": "b"}``. A nested mapping
        becomes a nested element.
    :param headers: further response headers.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        ec: str | None = None,
        details: Mapping[str, str | Mapping[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, code, message, headers=headers)
        self.ec = ec
        self.details = dict(details or {})


class RpcError(ServiceError):
    """A RAM, STS or KMS error.

    :param details: further members of the error body, for example ``AccessDeniedDetail``.
    :param headers: further response headers, for example ``x-acs-retry-after``.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, code, message, headers=headers)
        self.details = dict(details or {})
