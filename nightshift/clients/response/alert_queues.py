"""The Service Bus queues of alerts through azure-servicebus."""

import threading
from collections.abc import Mapping
from contextlib import suppress

from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusSender
from azure.servicebus.exceptions import (
    MessageSizeExceededError,
    MessagingEntityDisabledError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
)

from nightshift.domain.platform.correlation import current
from nightshift.domain.platform.errors import BadInputError, ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.platform.telemetry import TRACEPARENT
from nightshift.domain.response.alert import QUEUES, AlertMessage

_REFUSED = (
    MessagingEntityDisabledError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
)
_HINT = "the queue must exist and be active, and the identity needs the role Azure Service Bus Data Sender on it"


class ServiceBusAlertQueues:
    """Implements `AlertQueues`, for any number of threads."""

    def __init__(self, client: ServiceBusClient) -> None:
        self._client = client
        self._queues: dict[str, _Queue] = {}
        self._lock = threading.Lock()

    def send(self, alert: AlertMessage) -> None:
        # Without what is not said: a release before a field was there refuses the field, and a rollback may bring it.
        body = alert.model_dump_json(exclude_none=True).encode()
        self.send_raw(QUEUES[alert.category], body, message_id=alert.message_id, properties={})

    def send_raw(self, queue: str, body: bytes, *, message_id: str, properties: Mapping[str, str]) -> None:
        """As the port says; the trace of the running call goes with the message as a property."""
        message = ServiceBusMessage(
            body,
            message_id=message_id,
            content_type="application/json",
            application_properties=dict((_trace() | dict(properties)).items()),
        )
        with self._lock:
            target = self._queues.setdefault(queue, _Queue(self._client, queue))
        try:
            target.send(message)
        except MessageSizeExceededError as error:
            rule = f"is larger than queue {queue} takes"
            raise BadInputError(field="body", value=f"{len(body)} bytes", rule=rule) from error
        except _REFUSED as error:
            raise ServiceRefusedError("Service Bus", f"queue {queue!r}: {error}", _HINT) from error
        except (AzureError, OSError) as error:
            raise ServiceUnavailableError("Service Bus", f"queue {queue!r}: {error}") from error

    def close(self) -> None:
        """Close every sender and the client; a later send would open them again."""
        with self._lock:
            for queue in self._queues.values():
                queue.close()
            self._client.close()


def _trace() -> dict[str, str]:
    traceparent = current().traceparent
    return {TRACEPARENT: traceparent} if traceparent else {}


class _Queue:
    """One queue's sender. It is kept, since opening one takes half a second, and replaced after an error."""

    def __init__(self, client: ServiceBusClient, name: str) -> None:
        self._client = client
        self._name = name
        self._sender: ServiceBusSender | None = None
        # A sender takes one message at a time.
        self._lock = threading.Lock()

    def send(self, message: ServiceBusMessage) -> None:
        """Send one message; what the SDK raises passes through."""
        with self._lock:
            if self._sender is None:
                self._sender = self._client.get_queue_sender(self._name)
            sent = False
            try:
                self._sender.send_messages(message)
                sent = True
            finally:
                if not sent:
                    self._drop()

    def close(self) -> None:
        """Close the sender, after the message that it may be sending."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        sender, self._sender = self._sender, None
        if sender is not None:
            # It may be broken already; there is nothing more to do with it.
            with suppress(AzureError, OSError):
                sender.close()
