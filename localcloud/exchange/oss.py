"""A call of OSS."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from localcloud.auth import oss as auth
from localcloud.auth import oss_v4
from localcloud.cloud import Cloud
from localcloud.errors import OssError, ServiceError
from localcloud.exchange.base import UNKNOWN, Exchange
from localcloud.http import Request, Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import router
from localcloud.oss.addressing import parse_address
from localcloud.quotas import QuotaTable
from localcloud.wire import oss as wire


class OssExchange(Exchange):
    """A call of OSS.

    :param domains: further base domains under which ``<bucket>.<domain>`` names a bucket.
    :param quotas: what limits the calls of all exchanges.
    """

    def __init__(self, cloud: Cloud, request: Request, domains: Sequence[str], quotas: QuotaTable) -> None:
        self._began = perf_counter()
        self._request_id = wire.new_request_id()
        self._address = parse_address(request.headers.get("host", ""), request.raw_path, domains)
        self._operation: OssOperation | None = None
        self._mismatch: OssError | None = None
        try:
            self._operation = router.match(request, self._address)
        except OssError as error:
            self._mismatch = error
        super().__init__(
            cloud,
            request,
            product="oss",
            action=self._operation.name if self._operation else UNKNOWN,
            write=self._operation.write if self._operation else request.method not in ("GET", "HEAD", "OPTIONS"),
            key_id=auth.claimed_key_id(request),
            quotas=quotas,
            bucket=self._address.bucket,
        )

    def succeed(self) -> Response:
        """Verify the sender, then let the router authorize and answer."""
        caller = auth.authenticate(self.cloud, self.request, self._address)
        if self._operation is None:
            raise self._mismatch or OssError(405, "MethodNotAllowed", "The specified method is not allowed.")
        call = OssCall(
            cloud=self.cloud,
            request=self.request,
            caller=caller,
            request_id=self._request_id,
            bucket_name=self._address.bucket,
            key=self._address.key,
            endpoint_region=self._address.region or oss_v4.scope_region(self.request),
        )
        return self._finish(router.handle(call, self._operation))

    def fail(self, error: ServiceError) -> Response:
        """Return an error document, or for HEAD an error header."""
        if not isinstance(error, OssError):
            error = OssError(error.status, error.code, error.message, headers=error.headers)
        return self._finish(wire.error_response(error, self.request, self._request_id))

    def _finish(self, response: Response) -> Response:
        milliseconds = round((perf_counter() - self._began) * 1000)
        return wire.finish(response, self._request_id, self.cloud.clock.now(), milliseconds)
