"""Read an Airflow connection into the settings of one cloud account. No Airflow and no SDK is imported here.

Both connection types that point to Alibaba Cloud in the official provider are accepted, ``alibaba_cloud`` and ``oss``,
so that a connection which works there works here. README, section "Connections", lists the fields for users.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from oss_crr.errors import ConnectionSetupError

CONNECTION_TYPES = ("alibaba_cloud", "oss")
PRODUCTS = ("oss", "ram", "sts", "kms")
AUTH_TYPES = ("AK", "STS", "RamRoleArn")
KNOWN_EXTRAS = (
    "access_key_id",
    "access_key_secret",
    "security_token",
    "role_arn",
    "account_uid",
    "allowed_destination_uids",
    "endpoint",
    "endpoints",
    "auth_type",
    "region",
)

_BASE_URL = re.compile(r"https?://[A-Za-z0-9._-]+(:\d{1,5})?")
_ROLE_ARN = re.compile(r"acs:ram::\d+:role/.+")
#: How alike an unknown extra has to be to a known one to be taken for a misspelling; ``access_key`` scores 0.90.
_MISSPELLING_RATIO = 0.85


class AirflowConnection(Protocol):
    """The part of ``airflow.sdk.Connection`` that is read here."""

    conn_id: str
    conn_type: str | None
    login: str | None
    password: str | None

    @property
    def extra_dejson(self) -> Any: ...


@dataclass(frozen=True)
class Credentials:
    """An access key, with a security token when it is a temporary one."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must never be seen in a message or log."""
        return tuple(secret for secret in (self.access_key_secret, self.security_token) if secret)


@dataclass(frozen=True)
class Endpoints:
    """Base URL of each product; None stands for the product's public endpoint."""

    oss: str | None = None
    ram: str | None = None
    sts: str | None = None
    kms: str | None = None

    def oss_url(self, region: str) -> str:
        """Return the base URL for OSS in a region, such as ``cn-hangzhou``."""
        return self.oss or f"https://oss-{region}.aliyuncs.com"

    def ram_url(self) -> str:
        """Return the base URL for RAM, which is one for all regions."""
        return self.ram or "https://ram.aliyuncs.com"

    def ims_url(self) -> str:
        """Return the base URL for IMS, RAM's second API; what stands in for RAM is taken to stand in for both."""
        return self.ram if self.ram and not is_aliyun(self.ram) else "https://ims.aliyuncs.com"

    def sts_url(self) -> str:
        """Return the base URL for STS; the central endpoint serves all regions."""
        return self.sts or "https://sts.aliyuncs.com"

    def kms_url(self, region: str) -> str:
        """Return the base URL for KMS in a region; keys and instances are regional."""
        return self.kms or f"https://kms.{region}.aliyuncs.com"


@dataclass(frozen=True)
class AccountConfig:
    """One cloud account, as an Airflow connection describes it.

    :param role_arn: role to assume with the credentials; None to use them as they are.
    :param account_uid: UID the account is expected to have; None when the connection does not say.
    :param allowed_destination_uids: accounts that data of this account may be sent to; empty for any.
    """

    conn_id: str
    credentials: Credentials
    role_arn: str | None = None
    account_uid: str | None = None
    allowed_destination_uids: frozenset[str] = frozenset()
    endpoints: Endpoints = Endpoints()


def account_config(connection: AirflowConnection) -> AccountConfig:
    """Read an Airflow connection.

    :param connection: anything with ``conn_id``, ``conn_type``, ``login``, ``password`` and ``extra_dejson``.
    :raises ConnectionSetupError: naming connection and field, and never a value that may be secret.
    """
    fields = _Fields(connection)
    fields.check_type()
    fields.check_spelling()
    config = AccountConfig(
        conn_id=connection.conn_id,
        credentials=fields.credentials(),
        role_arn=fields.role_arn(),
        account_uid=fields.account_uid(),
        allowed_destination_uids=fields.allowed_destination_uids(),
        endpoints=fields.endpoints(),
    )
    fields.check_auth_type(config)
    return config


class _Fields:
    """The fields of one connection, each read and checked by its own method."""

    def __init__(self, connection: AirflowConnection) -> None:
        self._connection = connection
        extra = connection.extra_dejson or {}
        if not isinstance(extra, Mapping):
            raise self._error("Extra", 'has to be a JSON object, such as {"access_key_id": "..."}')
        self._extra = extra

    def check_type(self) -> None:
        if self._connection.conn_type not in CONNECTION_TYPES:
            expected = " or ".join(f"`{name}`" for name in CONNECTION_TYPES)
            raise self._error("conn_type", f"is `{self._connection.conn_type}`, but has to be {expected}")

    def check_spelling(self) -> None:
        for name in self._extra:
            meant = _misspelled(str(name))
            if meant and not self._extra.get(meant):
                raise self._error(str(name), f"is not a known extra: did you mean `{meant}`?")

    def check_auth_type(self, config: AccountConfig) -> None:
        auth_type = self._text("auth_type") or "AK"
        if auth_type not in AUTH_TYPES:
            raise self._error("auth_type", f"is `{auth_type}`, but has to be one of {', '.join(AUTH_TYPES)}")
        if auth_type == "STS" and not config.credentials.security_token:
            raise self._error("security_token", "is missing, but `auth_type` STS needs it")
        if auth_type == "RamRoleArn" and not config.role_arn:
            raise self._error("role_arn", "is missing, but `auth_type` RamRoleArn needs it")

    def credentials(self) -> Credentials:
        return Credentials(
            access_key_id=self._required("access_key_id", self._connection.login, "login"),
            access_key_secret=self._required("access_key_secret", self._connection.password, "password"),
            security_token=self._text("security_token"),
        )

    def role_arn(self) -> str | None:
        arn = self._text("role_arn")
        if arn and not _ROLE_ARN.fullmatch(arn):
            raise self._error("role_arn", "has to look like acs:ram::1234567890123456:role/name")
        return arn

    def allowed_destination_uids(self) -> frozenset[str]:
        value = self._extra.get("allowed_destination_uids") or []
        uids = [str(uid) for uid in value] if isinstance(value, list) else []
        if (value and not uids) or not all(uid.isdigit() for uid in uids):
            raise self._error("allowed_destination_uids", "has to be a list of account numbers, digits only")
        return frozenset(uids)

    def account_uid(self) -> str | None:
        value = self._extra.get("account_uid")
        # In JSON, a UID is easily written as a number.
        uid = str(value).strip() if value is not None and not isinstance(value, bool) else ""
        if value and not uid.isdecimal():
            raise self._error("account_uid", "has to be the account's number, digits only")
        return uid or None

    def endpoints(self) -> Endpoints:
        given = self._extra.get("endpoints") or {}
        if not isinstance(given, Mapping) or not set(given) <= set(PRODUCTS):
            raise self._error("endpoints", f"has to be a JSON object with keys out of {', '.join(PRODUCTS)}")
        urls = {str(product): self._base_url(f"endpoints.{product}", url) for product, url in given.items()}
        common = self._base_url("endpoint", self._extra.get("endpoint"))
        if common:
            # The official `oss` connection holds an OSS domain here, which serves no other product.
            covered = ("oss",) if is_aliyun(common) else PRODUCTS
            urls = {**dict.fromkeys(covered, common), **urls}
        return Endpoints(**urls)

    def _base_url(self, name: str, value: Any) -> str | None:
        if not value:
            return None
        url = str(value).strip().rstrip("/")
        if "://" not in url:
            url = f"https://{url}"
        if not _BASE_URL.fullmatch(url):
            # The value is not repeated: a URL may carry a password.
            raise self._error(name, "has to be a base URL such as https://host:port, without path or user")
        return url

    def _required(self, name: str, fallback: str | None, fallback_name: str) -> str:
        value = self._text(name) or (fallback or "").strip()
        if not value:
            raise self._error(name, f"is missing: set it in Extra, or as {fallback_name}")
        return value

    def _text(self, name: str) -> str | None:
        value = self._extra.get(name)
        if value is not None and not isinstance(value, str):
            raise self._error(name, "has to be a text")
        return value.strip() or None if value else None

    def _error(self, name: str, problem: str) -> ConnectionSetupError:
        return ConnectionSetupError(f"connection `{self._connection.conn_id}`: `{name}` {problem}")


def is_aliyun(base_url: str) -> bool:
    """Tell whether a base URL is one of the vendor's own domains."""
    return (urlsplit(base_url).hostname or "").endswith(".aliyuncs.com")


def is_loopback(base_url: str) -> bool:
    """Tell whether a base URL is of a server on this machine."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _misspelled(name: str) -> str | None:
    """Return the known extra that an unknown one was most likely meant to be, or None."""
    if name in KNOWN_EXTRAS:
        return None
    by_letters = {_letters(known): known for known in KNOWN_EXTRAS}
    close = difflib.get_close_matches(_letters(name), by_letters, n=1, cutoff=_MISSPELLING_RATIO)
    return by_letters[close[0]] if close else None


def _letters(name: str) -> str:
    """Return a name without what spellings differ in: ``accessKeyId`` and ``access-key-id`` give the same."""
    return re.sub(r"[^a-z]", "", name.lower())
