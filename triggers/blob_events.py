"""Blob uploads: a BlobCreated event becomes an upload in the queue of its model."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from activities.read_event import parse_event
from activities.send_alert import run_send_alert
from activities.wake_queue import wake_queue
from domain.correlation import correlate, current
from domain.errors import BadInputError
from domain.names import BLOB_EVENTS_QUEUE, BRONZE
from domain.ports import Services
from domain.run import AlertRequest
from domain.upload import UNROUTED, Upload
from triggers.alerts import Responder
from triggers.letters import keep_letter

logger = logging.getLogger(__name__)

BLOB_CREATED = "Microsoft.Storage.BlobCreated"
_CONTAINER = "/containers/"
_BLOB = "/blobs/"


def parse_blob_created(event_id: str, subject: str, event_time: datetime | None, data: dict[str, Any]) -> Upload:
    """Read a BlobCreated event in the Event Grid schema.

    Args:
        subject: ``/blobServices/default/containers/{container}/blobs/{name}``.
        event_time: UTC; without one the event cannot be placed in time.
        data: with ``url``, ``eTag`` and ``contentLength``.

    Raises:
        BadInputError: a field is missing or ill-formed.
    """
    container, found, name = subject.partition(_CONTAINER)[2].partition(_BLOB)
    if not (container and found and name):
        rule = "must be /blobServices/default/containers/{container}/blobs/{name}"
        raise BadInputError(field="subject", value=subject, rule=rule, where=BLOB_CREATED)
    for field, kind in (("url", str), ("eTag", str), ("contentLength", int)):
        if not isinstance(data.get(field), kind):
            rule = f"must be there and of type {kind.__name__}"
            raise BadInputError(field=f"data.{field}", value=data.get(field), rule=rule, where=BLOB_CREATED)
    if event_time is None:
        raise BadInputError(field="eventTime", value=None, rule="must be a time in ISO 8601", where=BLOB_CREATED)
    return Upload(
        url=data["url"],
        container=container,
        name=name,
        # Events carry the bare value, the storage API the quoted one.
        etag='"' + data["eTag"].strip('"') + '"',
        size=data["contentLength"],
        event_time=event_time if event_time.tzinfo else event_time.replace(tzinfo=UTC),
        event_id=event_id,
    )


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register both ways in: Event Grid pushes, or delivers to a queue where the app has no public address."""
    result = df.Blueprint()
    responder = Responder(services)

    @result.event_grid_trigger(arg_name="event")
    @result.durable_client_input(client_name="client")
    async def on_blob_created(event: func.EventGridEvent, client: df.DurableOrchestrationClient) -> None:
        await take_blob_event(services(), client, event)

    @result.service_bus_queue_trigger(
        arg_name="message", queue_name=BLOB_EVENTS_QUEUE, connection="NIGHTSHIFT_SERVICEBUS"
    )
    @result.durable_client_input(client_name="client")
    async def on_blob_message(message: func.ServiceBusMessage, client: df.DurableOrchestrationClient) -> None:
        try:
            event = parse_event(message.get_body(), str(message.message_id))
        except BadInputError:
            await keep_letter(services(), responder.take, client, BLOB_EVENTS_QUEUE, message)
            return
        await take_blob_event(services(), client, event)

    return result


async def take_blob_event(
    services: Services, client: df.DurableOrchestrationClient, event: func.EventGridEvent
) -> None:
    """Submit the upload that an event announces; what is no upload is left alone, what cannot be read told on-call."""
    if event.event_type != BLOB_CREATED:
        logger.info("event_ignored type=%s id=%s", event.event_type, event.id)
        return
    try:
        upload = parse_blob_created(event.id, event.subject, event.event_time, event.get_json())
    except BadInputError as error:
        # Sent again it would be as wrong; on-call learns of it instead.
        await asyncio.to_thread(_tell, services, event.id, error)
        return
    if upload.container != BRONZE:
        logger.info("upload_ignored container=%s name=%s", upload.container, upload.name)
        return
    await submit_upload(client, services, upload)


def _tell(services: Services, event_id: str, error: BadInputError) -> None:
    logger.warning("event_malformed id=%s message=%s", event_id, error.message)
    alert = AlertRequest(
        key=f"event:{event_id}",
        model=UNROUTED,
        run="",
        rule="blob_event_malformed",
        severity="warning",
        title="A blob event cannot be read; its upload is not worked on",
        detail=error.message,
        at=services.clock(),
    )
    run_send_alert(services, alert)


async def submit_upload(client: df.DurableOrchestrationClient, services: Services, upload: Upload) -> None:
    """Put an upload into the queue of its model, once, and see to it that the queue runs.

    An upload of an unknown model takes the same way: its run halts with the reason, so that nothing is lost unseen.
    """
    correlate(upload.identity)
    upload = upload.model_copy(update={"trace": current().traceparent})
    submission = await asyncio.to_thread(services.uploads.submit, upload, upload.model)
    logger.info(
        "upload_submitted model=%s identity=%s name=%s accepted=%s",
        upload.model, upload.identity, upload.name, submission.accepted,
    )  # fmt: skip
    await wake_queue(client, services, upload.model, submission)
