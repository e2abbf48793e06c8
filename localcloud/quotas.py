"""How many calls a second the services take, off unless the behaviour settings turn it on.

Vendor pages: "Quotas" of RAM's API 2015-05-01 (per account and API), KMS "Performance data" (per account and region),
OSS "Limits" (per account) and EC 0004-00000302.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from localcloud.behaviour import Behaviour
from localcloud.calls import CallKey
from localcloud.errors import OssError, RpcError, ServiceError

_WINDOW = timedelta(seconds=1)
_KMS_CRYPTO = frozenset({"Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"})
#: The behaviour setting of each kind of call, and the number that is published.
_QUOTAS: dict[str, tuple[Callable[[Behaviour], int], int]] = {
    "ram read": (lambda behaviour: behaviour.ram_reads_per_second, 100),
    "ram write": (lambda behaviour: behaviour.ram_writes_per_second, 20),
    "ram detach": (lambda behaviour: behaviour.ram_detaches_per_second, 10),
    "kms create": (lambda behaviour: behaviour.kms_creates_per_second, 10),
    "kms change": (lambda behaviour: behaviour.kms_changes_per_second, 30),
    "kms query": (lambda behaviour: behaviour.kms_queries_per_second, 50),
    "kms crypto": (lambda behaviour: behaviour.kms_crypto_per_second, 1000),
    "oss": (lambda behaviour: behaviour.oss_requests_per_second, 10_000),
}


class _Counted(NamedTuple):
    """What calls are counted together by.

    :param kind: which quota limits them.
    :param place: API or region within the account.
    """

    kind: str
    account: str
    place: str


class QuotaTable:
    """The calls of the last second, by quota. A refused call does not count."""

    def __init__(self) -> None:
        self._recent: dict[_Counted, deque[datetime]] = {}

    def check(self, behaviour: Behaviour, key: CallKey, region: str, now: datetime) -> None:
        """Count a call, or refuse it when the calls of the last second reach the quota.

        :param region: of the endpoint, for KMS; empty when it has none.
        :raises ServiceError: the throttling answer of the product.
        """
        counted = _counted(key, region)
        limit = _limit(behaviour, counted)
        if limit <= 0 or counted is None:
            return
        recent = self._recent.setdefault(counted, deque())
        while recent and recent[0] <= now - _WINDOW:
            recent.popleft()
        if len(recent) >= limit:
            raise _refusal(behaviour, key.product, recent[0] + _WINDOW - now)
        recent.append(now)


def _counted(key: CallKey, region: str) -> _Counted | None:
    if key.product == "oss":
        return _Counted("oss", key.account, "")
    if key.product == "kms":
        return _Counted(_kms_kind(key), key.account, region)
    if key.product in ("ram", "ims"):
        return _Counted(_ram_kind(key), key.account, f"{key.product}:{key.action}")
    return None


def _kms_kind(key: CallKey) -> str:
    if key.action == "CreateKey":
        return "kms create"
    if key.action in _KMS_CRYPTO:
        return "kms crypto"
    return "kms change" if key.write else "kms query"


def _ram_kind(key: CallKey) -> str:
    if key.action.startswith("Detach"):
        return "ram detach"
    return "ram write" if key.write else "ram read"


def _limit(behaviour: Behaviour, counted: _Counted | None) -> int:
    if counted is None:
        return 0
    setting, published = _QUOTAS[counted.kind]
    return setting(behaviour) or (published if behaviour.published_quotas else 0)


def _refusal(behaviour: Behaviour, product: str, wait: timedelta) -> ServiceError:
    milliseconds = str(max(1, round(wait.total_seconds() * 1000)))
    if product == "oss":
        message = "Please reduce your request rate."
        headers = {"x-oss-qos-delay-time": milliseconds}
        return OssError(503, "QpsLimitExceeded", message, ec="0004-00000302", headers=headers)
    headers = {"x-acs-retry-after": milliseconds} if behaviour.throttling_says_when else {}
    if product == "kms":
        return RpcError(
            429, "Rejected.Throttling", "The request was denied due to request throttling.", headers=headers
        )
    message = "Request was denied due to user flow control."
    return RpcError(behaviour.throttling_status, "Throttling.User", message, headers=headers)
