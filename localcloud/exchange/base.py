"""What the calls of all products have in common."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod

from localcloud.auth.keys import find_key
from localcloud.calls import CallKey
from localcloud.cloud import Cloud
from localcloud.errors import ServiceError
from localcloud.faults import Fault, FaultTarget
from localcloud.http import Request, Response
from localcloud.quotas import QuotaTable

#: Stands for the account of requests without a known key, and for the action of requests that are no API.
ANONYMOUS = "anonymous"
UNKNOWN = "Unknown"

_LOG = logging.getLogger("localcloud")
_INTERNAL = "We encountered an internal error. Please try again."


class Exchange(ABC):
    """A call that knows what it is, but not yet who sent it.

    :param product: ``oss``, ``ram``, ``ims``, ``sts`` or ``kms``.
    :param action: API name.
    :param write: whether the API changes anything.
    :param key_id: access key id that the request names, unverified.
    :param bucket: bucket that the request addresses.
    :param quotas: what limits the calls of all exchanges.
    :param region: region of the endpoint, where quotas are counted by region.
    """

    def __init__(
        self,
        cloud: Cloud,
        request: Request,
        *,
        product: str,
        action: str,
        write: bool,
        key_id: str | None,
        quotas: QuotaTable,
        bucket: str | None = None,
        region: str = "",
    ) -> None:
        self.cloud = cloud
        self._quotas = quotas
        self._region = region
        self.request = request
        key = find_key(cloud, key_id) if key_id else None
        account = key.caller.account_uid if key else ANONYMOUS
        #: What the call is counted under.
        self.key = CallKey(account, product, action, write)
        #: The call as faults are matched with it.
        self.target = FaultTarget(account, product, action, bucket)

    def run(self) -> Response:
        """Verify the sender and answer the call; whatever goes wrong becomes an answer of the product's form."""
        try:
            self._quotas.check(self.cloud.behaviour, self.key, self._region, self.cloud.clock.now())
            return self.succeed()
        except ServiceError as error:
            return self.fail(error)
        except Exception:  # noqa: BLE001 - the last guard: a client must never see a stack trace
            _LOG.exception("%s %s failed", self.key.product, self.key.action)
            return self.fail(ServiceError(500, "InternalError", _INTERNAL))

    def strike(self, fault: Fault) -> Response | None:
        """Return the error that an injected fault answers; None when it only delays."""
        if fault.status is None:
            return None
        return self.fail(ServiceError(fault.status, fault.code, fault.message, headers=fault.headers))

    @abstractmethod
    def succeed(self) -> Response:
        """Answer the call; raises ServiceError when the service refuses it."""

    @abstractmethod
    def fail(self, error: ServiceError) -> Response:
        """Return an error's answer in the product's form."""
