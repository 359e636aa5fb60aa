"""HTTP for the Azure SDKs in which each request, with its answer, ends within a time."""

from typing import Any

from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.transport import RequestsTransport
from requests import Response

from nightshift.clients.platform.call_budget import call_within
from nightshift.domain.platform.errors import ServiceUnavailableError

# Headers that ask for a wait before the next attempt, and the seconds that one of their units is.
_WAITS = {"retry-after": 1.0, "retry-after-ms": 0.001, "x-ms-retry-after-ms": 0.001}


# azure.core imports its transports late, so that mypy sees no type.
class BoundedTransport(RequestsTransport):  # type: ignore[misc]
    """Ends a request that is not answered in time, and drops the wait that a service asks for if it is longer.

    The SDKs' own limits are for one read of the socket each, so a service that sends a byte now and then keeps a call
    for ever; and they sleep as long as a ``Retry-After`` says.

    Args:
        seconds: of one request; retries are the SDK's.
    """

    def __init__(self, service: str, seconds: float) -> None:
        super().__init__(connection_timeout=seconds, read_timeout=seconds)
        self._service = service
        self._seconds = seconds

    def send(self, request: Any, **kwargs: Any) -> Any:
        """Send a request; a body that is streamed is read by the caller."""
        # Opened here, or each of the threads would open a session of its own.
        self.open()
        try:
            return call_within(
                self._service, self._seconds, lambda: super(BoundedTransport, self).send(request, **kwargs)
            )
        except ServiceUnavailableError as error:
            raise ServiceResponseError(error.message, error=error) from error

    def open(self) -> None:
        """Open the session."""
        super().open()
        if self.session is not None:
            self.session.hooks["response"] = [self._drop_long_wait]

    def _drop_long_wait(self, response: Response, *_: Any, **__: Any) -> None:
        """Let the SDK wait by its own rules instead: one of them sleeps past whoever it has asked for the time."""
        for name, unit in _WAITS.items():
            wait = response.headers.get(name, "")
            if wait and not (wait.isdigit() and int(wait) * unit <= self._seconds):
                del response.headers[name]
