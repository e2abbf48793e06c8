"""Where a request points: bucket, key and endpoint region, from its Host header and raw path.

Clients address buckets in two styles. In path style the bucket is the first part of the path; in Host style it is
the first part of the Host name. The path is read as sent: frameworks normalise ``//``, ``%2F`` and dots, OSS does not.
A plus sign in it is a space, as in a form: users find that only ``%2B`` reaches a key with a plus sign, and the Node.js
SDK writes that for this reason.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

_CLOUD_DOMAIN = ".aliyuncs.com"
_TRAILING_IP = re.compile(r"(?P<bucket>.+?)\.(?P<base>\d{1,3}(?:\.\d{1,3}){3})")
#: ``oss-cn-hangzhou``, ``oss-cn-hangzhou-internal`` and the old ``vpc100-oss-cn-hangzhou``.
_CLASSIC_ENDPOINT = re.compile(r"(?:vpc100-)?oss-(?P<region>[a-z0-9-]+?)(?:-internal|-pub)?")
#: ``cn-hangzhou.oss`` (IPv4 and IPv6), ``cn-hangzhou-internal.oss`` and ``cn-hangzhou.oss-internal``.
_DUAL_STACK_REGION = re.compile(r"(?P<region>[a-z]{2,}-[a-z0-9-]+?)(?:-internal)?")
_REGIONLESS_ENDPOINTS = frozenset({"oss", "oss-accelerate", "oss-accelerate-overseas"})


@dataclass(frozen=True)
class Address:
    """What a request addresses.

    :param bucket: None at service level.
    :param key: decoded as UTF-8; bytes that are not UTF-8 become lone surrogates, which the router refuses. None at
        service and bucket level.
    :param region: region id of the endpoint in the Host name, such as ``cn-hangzhou``; None when the Host has none
        (an IP address, localhost, transfer acceleration).
    """

    bucket: str | None = None
    key: str | None = None
    region: str | None = None

    @property
    def resource(self) -> bytes:
        """Return ``/``, ``/bucket/`` or ``/bucket/key``: what signatures cover, whatever the style was."""
        if self.bucket is None:
            return b"/"
        return f"/{self.bucket}/{self.key or ''}".encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Host:
    """What the Host header says: a bucket in Host style, and a region for the cloud's own names."""

    bucket: str | None = None
    region: str | None = None


def parse_address(host_header: str, raw_path: str, domains: Sequence[str] = ()) -> Address:
    """Read bucket, key and endpoint region.

    :param host_header: value of Host, with or without port.
    :param raw_path: path as sent, percent-encoded.
    :param domains: further base domains under which ``<bucket>.<domain>`` names a bucket.
    """
    host = parse_host(host_header, domains)
    path = unquote_to_bytes(raw_path.removeprefix("/").replace("+", " ")).decode("utf-8", "surrogateescape")
    if host.bucket is not None:
        return Address(host.bucket, path or None, host.region)
    if not path:
        return Address(region=host.region)
    bucket, _, key = path.partition("/")
    return Address(bucket, key or None, host.region)


def parse_host(host_header: str, domains: Sequence[str] = ()) -> Host:
    """Read bucket and region from a Host header; an unknown name is taken for a proxy's and means path style."""
    name = _without_port(host_header).lower().rstrip(".")
    if name.endswith(_CLOUD_DOMAIN):
        return _parse_cloud_name(name.removesuffix(_CLOUD_DOMAIN).split("."))
    if _is_ip(name):
        return Host()
    for domain in ("localhost", *domains):
        if name.endswith(f".{domain}"):
            return Host(bucket=name.removesuffix(f".{domain}"))
    match = _TRAILING_IP.fullmatch(name)
    return Host(bucket=match["bucket"]) if match and _is_ip(match["base"]) else Host()


def _parse_cloud_name(labels: list[str]) -> Host:
    """Read a name under ``aliyuncs.com``: ``[bucket.][s3.]<endpoint>``, the endpoint in one or two labels."""
    endpoint = labels.pop()
    if labels and endpoint in ("oss", "oss-internal") and (match := _DUAL_STACK_REGION.fullmatch(labels[-1])):
        labels.pop()
        return _host(labels, match["region"])
    if endpoint in _REGIONLESS_ENDPOINTS:
        return _host(labels, None)
    match = _CLASSIC_ENDPOINT.fullmatch(endpoint)
    return _host(labels, match["region"]) if match else Host()


def _host(labels: list[str], region: str | None) -> Host:
    """Make a Host from the labels left of the endpoint."""
    if labels and labels[-1] == "s3":
        labels.pop()
    return Host(".".join(labels) or None, region)


def _without_port(host_header: str) -> str:
    if host_header.startswith("["):
        return host_header.partition("]")[0].removeprefix("[")
    return host_header.partition(":")[0]


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
