"""Conditional requests: If-Match and its relatives, and the same for the source of a copy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from localcloud.errors import OssError
from localcloud.oss.model import ObjectVersion

#: Prefix of the condition headers of a copy's source.
COPY_SOURCE = "x-oss-copy-source-"


def is_unmodified(headers: Mapping[str, str], version: ObjectVersion, prefix: str = "") -> bool:
    """Check a request's conditions against an object (GetObject, CopyObject: "Request headers").

    :param headers: request headers by lower-case name.
    :param prefix: :data:`COPY_SOURCE` for the source of a copy.
    :returns: whether the answer must be 304.
    :raises OssError: 412 PreconditionFailed, with the name of the condition.
    """
    modified = version.last_modified.replace(microsecond=0)
    if_match = headers.get(f"{prefix}if-match")
    if if_match is not None and not _names(if_match, version):
        raise _failed("If-Match")
    unmodified_since = _date(headers.get(f"{prefix}if-unmodified-since"))
    if unmodified_since is not None and modified > unmodified_since:
        raise _failed("If-Unmodified-Since")
    if_none_match = headers.get(f"{prefix}if-none-match")
    if if_none_match is not None and _names(if_none_match, version):
        return True
    modified_since = _date(headers.get(f"{prefix}if-modified-since"))
    return modified_since is not None and modified <= modified_since


def _names(header: str, version: ObjectVersion) -> bool:
    """Tell whether one of the header's ETags is the object's; quotes are optional."""
    return any(tag.strip().strip('"') in ("*", version.etag) for tag in header.split(","))


def _date(header: str | None) -> datetime | None:
    """Return a condition's time; a text that is no date counts as absent, as the vendor's page says."""
    if header is None:
        return None
    return _http_date(header) or _iso_date(header)


def _http_date(value: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _iso_date(value: str) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _failed(condition: str) -> OssError:
    message = "At least one of the pre-conditions you specified did not hold."
    return OssError(412, "PreconditionFailed", message, details={"Condition": condition})
