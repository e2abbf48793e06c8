"""Read the fields of a bucket pair as a user wrote them, each on its own. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from oss_crr.regions import REGIONS

#: Prefixes of a rule, and the length of each (vendor page PutBucketReplication).
MAX_PREFIXES = 10
MAX_PREFIX_BYTES = 1023

BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
ROLE_NAME = re.compile(r"[A-Za-z0-9.-]{1,64}")
ACCOUNT_UID = re.compile(r"\d{5,20}")
#: Its groups are region and account.
KEY_ARN = re.compile(r"acs:kms:([a-z0-9-]+):(\d+):key/[A-Za-z0-9-]+")

#: Fields that take one of a few words.
CHOICES: dict[str, tuple[str, ...]] = {
    "replication_policy": ("add_change", "add_delete_change"),
    "role_permissions": ("minimal", "AliyunOSSFullAccess"),
    "kms_permissions": ("minimal", "AliyunKMSCryptoUserAccess", "AliyunKMSFullAccess"),
    "transfer_type": ("auto", "internal", "oss_acc"),
    "on_rule_mismatch": ("fail", "replace"),
}
#: Blank, they mean that there is no connection to that account.
CONNECTIONS = ("source_conn_id", "destination_conn_id")
#: Fields that are true or false.
SWITCHES = ("replicate_historical_data", "replicate_kms_objects", "rtc")


def read_field(field: str, value: object) -> object:
    """Return a field's value in the form that a pair holds.

    :param field: one of the fields of :class:`oss_crr.pair.BucketPair`.
    :raises ValueError: saying what is wrong with the value.
    """
    return _parser(field)(value)


def is_blank(value: object) -> bool:
    """Tell whether a value counts as not given: None, or blank text."""
    return value is None or (isinstance(value, str) and not value.strip())


def _parser(field: str) -> Callable[[object], object]:
    if field.endswith("_bucket"):
        return _bucket_name
    if field.endswith("_region"):
        return _region
    if field.endswith("_uid"):
        return _account_uid
    if field in CONNECTIONS:
        return lambda value: "" if is_blank(value) else _text(value)
    if field in CHOICES:
        return lambda value: _choice(value, CHOICES[field])
    if field in SWITCHES:
        return _switch
    return {"prefixes": _prefixes, "role_name": _role_name, "kms_key_arn": _key_arn}.get(field, _text)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, is {value!r}")
    return value.strip()


def _bucket_name(value: object) -> str:
    name = _text(value)
    if not BUCKET_NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no bucket name: 3 to 63 lower-case letters, digits and hyphens, no hyphen at either end"
        )
    return name


def _region(value: object) -> str:
    region = _text(value)
    if region.removeprefix("oss-") in REGIONS and region not in REGIONS:
        raise ValueError(f"{region!r} is OSS's location name; the region id is {region.removeprefix('oss-')!r}")
    if region not in REGIONS:
        raise ValueError(f"unknown region {region!r}; known are {', '.join(REGIONS)}")
    return region


def _choice(value: object, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"{value!r} is not one of {', '.join(allowed)}")
    return _text(value)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, is {value!r}")
    return value


def _role_name(value: object) -> str:
    name = _text(value)
    if not ROLE_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no RAM role name: 1 to 64 letters, digits, dots and hyphens")
    return name


def _account_uid(value: object) -> str:
    uid = str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)
    if not ACCOUNT_UID.fullmatch(uid):
        raise ValueError(f"{uid!r} is no account UID: digits only, such as 1234567890123456")
    return uid


def _key_arn(value: object) -> str:
    arn = _text(value)
    if not KEY_ARN.fullmatch(arn):
        raise ValueError(f"{arn!r} is no key ARN, such as acs:kms:cn-beijing:1234567890123456:key/key-bjj62f5ba3d")
    return arn


def _prefixes(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be a list of texts, is {value!r}")
    prefixes = tuple(_prefix(item) for item in value if item != "")
    if len(prefixes) > MAX_PREFIXES:
        raise ValueError(f"{len(prefixes)} prefixes; OSS accepts up to {MAX_PREFIXES} in a rule")
    if len(set(prefixes)) < len(prefixes):
        raise ValueError("a prefix is named twice")
    for prefix in prefixes:
        wider = next((other for other in prefixes if other != prefix and prefix.startswith(other)), None)
        if wider is not None:
            raise ValueError(f"{prefix!r} lies within {wider!r}: leave one of them out")
    return prefixes


def _prefix(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a list of texts, holds {value!r}")
    if len(value.encode()) > MAX_PREFIX_BYTES:
        raise ValueError(f"prefix {value[:40]!r}... is longer than {MAX_PREFIX_BYTES} bytes")
    if value.endswith("*"):
        raise ValueError(f"prefix {value!r} ends in '*': OSS takes prefixes literally, leave the asterisk out")
    return value
