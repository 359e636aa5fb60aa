"""What a request passes before it reaches an endpoint: the bearer token, then the ordered faults."""

import hmac
import logging
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local_host.databricks.api_error import ApiError
from local_host.databricks.faults import Faults

logger = logging.getLogger(__name__)

# Pages and the SDK's discovery call carry no token; they show, and change nothing.
_OPEN_PREFIXES = ("/run/", "/.well-known/")
_OPEN_PATHS = frozenset({"/", "/health"})


class Gate:
    """ASGI middleware.

    Args:
        token: the bearer token that every API call must carry.
        drop_connection: ends the connection of a client address at once.
    """

    def __init__(
        self, app: ASGIApp, token: str, faults: Faults, drop_connection: Callable[[tuple[str, int]], None]
    ) -> None:
        self._app = app
        self._token = token
        self._faults = faults
        self._drop_connection = drop_connection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path in _OPEN_PATHS or path.startswith(_OPEN_PREFIXES):
            await self._app(scope, receive, send)
            return
        refusal = self._unauthenticated(Headers(scope=scope))
        # Only API calls meet faults, so that /faults itself can always be reached.
        fault = self._faults.take_for_request(path) if refusal is None and path.startswith("/api/") else None
        if fault is not None:
            logger.info("fault_applied kind=%s method=%s path=%s", fault.kind, scope["method"], path)
            if fault.kind == "lost_response":
                await self._app(scope, receive, _discard)
                self._drop_connection(scope["client"])
                return
            retry_after = 1 if fault.retry_after is None else fault.retry_after
            refusal = {
                "too_many_requests": ApiError(
                    429, "REQUEST_LIMIT_EXCEEDED", "Too many requests (ordered fault)", retry_after=retry_after
                ),
                "service_unavailable": ApiError(
                    503, "TEMPORARILY_UNAVAILABLE", "Service unavailable (ordered fault)", retry_after=retry_after
                ),
                "internal_error": ApiError(500, "INTERNAL_ERROR", "Internal error (ordered fault)"),
                "unauthorized": ApiError(401, "UNAUTHENTICATED", "Token expired (ordered fault)"),
            }[fault.kind]
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal.response()(scope, receive, send)

    def _unauthenticated(self, headers: Headers) -> ApiError | None:
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            message = "Credential was not sent or was of an unsupported type for this API."
        elif not hmac.compare_digest(token.encode(), self._token.encode()):
            message = "Invalid access token."
        else:
            return None
        return ApiError(401, "UNAUTHENTICATED", message)


async def _discard(_message: Message) -> None:
    pass
