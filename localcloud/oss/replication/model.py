"""A replication rule and its progress."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

RuleStatus = Literal["starting", "doing", "closing"]


@dataclass
class ReplicationRule:
    """One rule on a source bucket.

    :param actions: ``("ALL",)`` or any of PUT, DELETE, ABORT, in the order sent.
    :param prefixes: empty means the whole bucket.
    :param transfer_type: as sent; None when it was left out.
    :param sync_role: bare role name or ARN as sent; None when it was left out.
    :param kms_enabled: whether SSE-KMS objects are replicated.
    """

    id: str
    source_bucket: str
    destination_bucket: str
    destination_location: str
    created: datetime
    actions: tuple[str, ...] = ("ALL",)
    prefixes: tuple[str, ...] = ()
    transfer_type: str | None = None
    history: bool = True
    sync_role: str | None = None
    kms_enabled: bool | None = None
    kms_key_id: str | None = None
    rtc: str = "disabled"
    closing_since: datetime | None = None
