"""The handlers of blob events that the app registers, over real storage and with a durable client in memory."""

import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import azure.functions as func
from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableServiceClient
from azure.durable_functions import OrchestrationRuntimeStatus as Status
from azure.storage.blob import BlobServiceClient

from nightshift.clients.platform.blob_storage import AzureBlobStore
from nightshift.clients.response.incidents import TableIncidentStore
from nightshift.clients.uploads.upload_queue import TableUploadQueue
from nightshift.domain.dead_letters.dead_letter import DeadLetter
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.platform.names import BRONZE, MODEL_QUEUE, RESPONSE
from nightshift.domain.response.alert import AlertMessage
from nightshift.domain.response.playbook import Playbook
from nightshift.domain.uploads.upload import BlobRef, Upload
from nightshift.triggers.blob_events import BLOB_CREATED, BLOB_RENAMED, register
from tests.support.registered import registered

Handler = Callable[..., Awaitable[None]]
AT = datetime(2026, 1, 1, tzinfo=UTC)


class AlertsInMemory:
    """An AlertQueues that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[AlertMessage] = []

    def send(self, alert: AlertMessage) -> None:
        """Keep an alert."""
        self.sent.append(alert)


class Orchestrations:
    """A durable client that keeps what is started, once per instance, and can fail.

    Attributes:
        failing: how many starts fail before one is made.
    """

    def __init__(self) -> None:
        self.started: dict[str, Any] = {}
        self.failing = 0

    async def get_status(self, instance: str) -> Any:
        """What was started runs."""
        return SimpleNamespace(runtime_status=Status.Running if instance in self.started else None)

    async def start_new(self, name: str, instance: str, given: Any) -> str:
        """Start an instance."""
        if self.failing:
            self.failing -= 1
            raise ServiceUnavailableError("Durable", "503")
        assert name in {MODEL_QUEUE, RESPONSE}
        self.started.setdefault(instance, given)
        return instance


class App:
    """Both handlers, over the queue of a model of the test's own."""

    def __init__(self, tables: TableServiceClient, blobs: BlobServiceClient, model: str) -> None:
        self.model = model
        self.blobs = AzureBlobStore(blobs)
        with suppress(ResourceExistsError):
            blobs.create_container(BRONZE)
        self.uploads, self.alerts, self.client = TableUploadQueue(tables), AlertsInMemory(), Orchestrations()
        self.letters: list[DeadLetter] = []
        services = SimpleNamespace(
            uploads=self.uploads,
            blobs=self.blobs,
            alert_queues=self.alerts,
            dead_letters=SimpleNamespace(record=self.letters.append),
            incidents=TableIncidentStore(tables),
            specs=SimpleNamespace(names=lambda: (model,), platform=Playbook),
            clock=lambda: AT,
        )
        # Around each the decorator of the durable client makes a client of the host's JSON.
        self._handlers = {
            name: cast("Handler", inspect.unwrap(function))
            for name, function in registered(register, lambda: services).items()
        }

    def event(self, name: str = "a.csv", etag: str = "0x1", **changes: Any) -> dict[str, Any]:
        """An event in the Event Grid schema."""
        blob = f"{self.model}/{name}"
        return {
            "id": "e1",
            "topic": "/subscriptions/s",
            "subject": f"/blobServices/default/containers/bronze/blobs/{blob}",
            "eventType": BLOB_CREATED,
            "eventTime": AT.isoformat(),
            "data": {"url": f"http://host/bronze/{blob}", "eTag": etag, "contentLength": 5},
            "dataVersion": "",
        } | changes

    def renamed(self, after: str, before: str = "elsewhere/x.csv", **changes: Any) -> dict[str, Any]:
        """A BlobRenamed event, which has neither etag nor size."""
        host = "https://acc.dfs.core.windows.net/bronze"
        data = {"api": "RenameFile", "destinationUrl": f"{host}/{after}", "sourceUrl": f"{host}/{before}"}
        subject = f"/blobServices/default/containers/bronze/blobs/{after}"
        return self.event() | {"eventType": BLOB_RENAMED, "subject": subject, "data": data} | changes

    def put(self, name: str, data: bytes = b"a,b") -> str:
        """Write a blob of the model's folder, as it is after a rename, and return its etag."""
        blob = self.blobs.write(BlobRef(container=BRONZE, name=name), data, content_type="text/csv")
        return str(self.blobs.listed(BRONZE, blob.name, most=1)[0].blob.etag)

    async def push(self, event: dict[str, Any]) -> None:
        """Event Grid pushes it."""
        moment = event["eventTime"]
        pushed = func.EventGridEvent(
            id=event["id"],
            topic=event["topic"],
            subject=event["subject"],
            event_type=event["eventType"],
            event_time=None if moment is None else datetime.fromisoformat(moment),
            data_version=event["dataVersion"],
            data=event["data"],
        )
        await self._handlers["on_blob_created"](event=pushed, client=self.client)

    async def queue(self, body: bytes) -> None:
        """Service Bus delivers it."""
        message = SimpleNamespace(
            get_body=lambda: body,
            message_id="m1",
            enqueued_time_utc=AT,
            delivery_count=1,
            application_properties={},
        )
        await self._handlers["on_blob_message"](message=message, client=self.client)

    def waiting(self) -> tuple[Upload, ...]:
        """The uploads that the model's first run would take."""
        return self.uploads.claim(self.model, 1, 0).uploads

    @property
    def started(self) -> list[str]:
        """The instances that were started."""
        return list(self.client.started)
