"""A call of RAM, STS or KMS."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.auth import rpc as auth
from localcloud.cloud import Cloud
from localcloud.errors import RpcError, ServiceError
from localcloud.exchange.base import UNKNOWN, Exchange
from localcloud.http import Request, Response
from localcloud.operation import RpcCall, RpcOperation
from localcloud.products import product_of_version
from localcloud.quotas import QuotaTable
from localcloud.wire import rpc as wire


class RpcExchange(Exchange):
    """A call of a product behind the OpenAPI gateway.

    :param params: parameters of query and form together.
    :param nonces: nonces that were used before.
    :param quotas: what limits the calls of all exchanges.
    """

    def __init__(
        self,
        cloud: Cloud,
        request: Request,
        params: Mapping[str, str],
        nonces: auth.NonceLog,
        quotas: QuotaTable,
    ) -> None:
        self._params = params
        self._nonces = nonces
        self._request_id = wire.new_request_id()
        self._product = product_of_version(wire.version_of(request, params))
        action = wire.action_of(request, params) or ""
        self._operation = self._product.operations.get(action) if self._product else None
        super().__init__(
            cloud,
            request,
            product=self._product.name if self._product else UNKNOWN.lower(),
            action=self._operation.name if self._operation else UNKNOWN,
            write=self._operation is not None and self._operation.write,
            key_id=auth.claimed_key_id(request, params),
            quotas=quotas,
            region=wire.region_of(request) or "",
        )

    def succeed(self) -> Response:
        """Verify the sender, then let the operation authorize and answer."""
        operation = self._known_operation()
        caller = auth.authenticate(self.cloud, self.request, self._params, self._nonces)
        call = RpcCall(
            cloud=self.cloud,
            caller=caller,
            request_id=self._request_id,
            params=self._params,
            region=wire.region_of(self.request),
            request=self.request,
        )
        fmt = wire.format_of(self.request, self._params)
        return wire.answer(operation.handler(call), operation.name, self._request_id, fmt)

    def fail(self, error: ServiceError) -> Response:
        """Return an error as JSON or XML."""
        if not isinstance(error, RpcError):
            error = RpcError(error.status, error.code, error.message, headers=error.headers)
        code = self._product.code if self._product else ""
        fmt = wire.format_of(self.request, self._params)
        return wire.error_response(error, self.request, code, self._request_id, fmt)

    def _known_operation(self) -> RpcOperation:
        if self._product is None:
            raise RpcError(400, "InvalidVersion", "Specified parameter Version is not valid.")
        if self._operation is None:
            message = "Specified api is not found, please check your url and method."
            raise RpcError(404, "InvalidAction.NotFound", message)
        return self._operation
