"""Blob uploads: an event of a blob that was created or renamed becomes an upload in the queue of its model."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import unquote

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.lifecycle.run import AlertRequest
from nightshift.domain.platform.correlation import correlate, current
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.names import BLOB_EVENTS_QUEUE, BRONZE
from nightshift.domain.platform.ports import Services
from nightshift.domain.uploads.upload import UNROUTED, BlobRef, StoredBlob, Upload, passed_over
from nightshift.functions.registrar import Functions
from nightshift.services.response.raise_alert import raise_alert
from nightshift.services.uploads.read_event import parse_event
from nightshift.services.uploads.wake_queue import wake_queue
from nightshift.triggers.alert_queues import Responder
from nightshift.triggers.keep_dead_letter import keep_dead_letter

logger = logging.getLogger(__name__)

BLOB_CREATED = "Microsoft.Storage.BlobCreated"
BLOB_RENAMED = "Microsoft.Storage.BlobRenamed"
DIRECTORY_RENAMED = "Microsoft.Storage.DirectoryRenamed"
# Calls that make a file which is still empty; another event comes when it is whole.
_NOT_WHOLE = frozenset({"CreateFile", "SftpCreate"})
# Files of a renamed folder that become uploads.
MOST_FILES = 1_000
_CONTAINER = "/containers/"
_BLOB = "/blobs/"
_DAMAGED = "\N{REPLACEMENT CHARACTER}"


class Place(NamedTuple):
    """Where an event says that a blob is."""

    container: str
    name: str


def parse_blob_created(event_id: str, subject: str, event_time: datetime | None, data: Mapping[str, Any]) -> Upload:
    """Read a BlobCreated event in the Event Grid schema.

    Args:
        subject: ``/blobServices/default/containers/{container}/blobs/{name}``.
        event_time: UTC; without one the event cannot be placed in time.
        data: with ``url``, ``eTag`` and ``contentLength``.

    Raises:
        BadInputError: a field is missing or ill-formed.
    """
    place = _place(subject, data, "url", BLOB_CREATED)
    for field, kind in (("eTag", str), ("contentLength", int)):
        if not isinstance(data.get(field), kind) or isinstance(data.get(field), bool):
            rule = f"must be there and of type {kind.__name__}"
            raise BadInputError(field=f"data.{field}", value=data.get(field), rule=rule, where=BLOB_CREATED)
    # Events carry the bare value, the storage API the quoted one.
    blob = BlobRef(container=place.container, name=place.name, etag='"' + data["eTag"].strip('"') + '"')
    stored = StoredBlob(blob=blob, size=data["contentLength"])
    return _upload(stored, data["url"], event_id, event_time, BLOB_CREATED)


def parse_renamed(event_type: str, subject: str, data: Mapping[str, Any]) -> tuple[Place, str]:
    """Where a blob or folder is after a rename, and its name before if that was among the uploads, else empty.

    Source: learn.microsoft.com/azure/event-grid/event-schema-blob-storage. Such an event has neither etag nor size.

    Raises:
        BadInputError: subject or ``destinationUrl`` is missing or ill-formed.
    """
    source = data.get("sourceUrl")
    before = unquote(source.partition(f"/{BRONZE}/")[2]) if isinstance(source, str) else ""
    return _place(subject, data, "destinationUrl", event_type), before


def _place(subject: str, data: Mapping[str, Any], field: str, event_type: str) -> Place:
    container, found, name = subject.partition(_CONTAINER)[2].partition(_BLOB)
    if not (container and found and name):
        rule = "must be /blobServices/default/containers/{container}/blobs/{name}"
        raise BadInputError(field="subject", value=subject, rule=rule, where=event_type)
    url = data.get(field)
    if not isinstance(url, str):
        raise BadInputError(field=f"data.{field}", value=url, rule="must be there and of type str", where=event_type)
    return Place(container, _name(container, name, url))


def _name(container: str, name: str, url: str) -> str:
    """The blob's name by the subject, unless the address, which holds it percent-encoded, says another.

    Characters beyond the basic plane get lost on the way in a subject (Azure-Samples/azure-event-grid-viewer#9).
    """
    _, found, raw = url.partition(f"/{container}/")
    decoded = unquote(raw.partition("?")[0])
    if not found or name in {raw, decoded} or _DAMAGED in decoded:
        return name
    logger.warning("event_subject_differs subject_name=%r url_name=%r taken=url", name, decoded)
    return decoded


def _upload(stored: StoredBlob, url: str, event_id: str, event_time: datetime | None, event_type: str) -> Upload:
    if event_time is None:
        raise BadInputError(field="eventTime", value=None, rule="must be a time in ISO 8601", where=event_type)
    return Upload(
        url=url,
        container=stored.blob.container,
        name=stored.blob.name,
        etag=stored.blob.etag or "",
        size=stored.size,
        event_time=event_time if event_time.tzinfo else event_time.replace(tzinfo=UTC),
        event_id=event_id,
    )


def register(functions: Functions, services: Callable[[], Services]) -> None:
    """Register both ways in: Event Grid pushes, or delivers to a queue where the app has no public address."""
    responder = Responder(services)

    async def on_blob_created(event: func.EventGridEvent, client: df.DurableOrchestrationClient) -> None:
        await take_blob_event(services(), client, event)

    async def on_blob_message(message: func.ServiceBusMessage, client: df.DurableOrchestrationClient) -> None:
        try:
            event = parse_event(message.get_body(), str(message.message_id))
        except BadInputError:
            await keep_dead_letter(services(), responder.take, client, BLOB_EVENTS_QUEUE, message)
            return
        await take_blob_event(services(), client, event)

    functions.event_grid("on_blob_created", on_blob_created)
    functions.service_bus("on_blob_message", BLOB_EVENTS_QUEUE, on_blob_message)


async def take_blob_event(
    services: Services, client: df.DurableOrchestrationClient, event: func.EventGridEvent
) -> None:
    """Submit the uploads that an event announces; other blobs are ignored, a malformed event becomes an alert."""
    if event.event_type not in {BLOB_CREATED, BLOB_RENAMED, DIRECTORY_RENAMED}:
        logger.info("event_ignored type=%s id=%s", event.event_type, event.id)
        return
    try:
        uploads = await asyncio.to_thread(_uploads_of, services, event)
    except BadInputError as error:
        # Sent again it would be as wrong; on-call learns of it instead.
        await asyncio.to_thread(_report_malformed, services, event.id, error)
        return
    await submit_uploads(client, services, uploads)


def _uploads_of(services: Services, event: func.EventGridEvent) -> tuple[Upload, ...]:
    data = event.get_json()
    if not isinstance(data, Mapping):
        rule = "must be a JSON object"
        raise BadInputError(field="data", value=str(data)[:80], rule=rule, where=event.event_type)
    if event.event_type != BLOB_CREATED:
        return _renamed(services, event, data)
    upload = parse_blob_created(event.id, event.subject, event.event_time, data)
    empty = "it is not written yet" if data.get("api") in _NOT_WHOLE else ""
    return (upload,) if _counts(Place(upload.container, upload.name), upload.size, because=empty) else ()


def _renamed(services: Services, event: func.EventGridEvent, data: Mapping[str, Any]) -> tuple[Upload, ...]:
    """The uploads that a rename makes: the blob that is there now, or each of a folder."""
    place, before = parse_renamed(event.event_type, event.subject, data)
    if not _counts(place, because=_taken_away(services, place, before)):
        return ()
    folder = event.event_type == DIRECTORY_RENAMED
    prefix = place.name.rstrip("/") + "/" if folder else place.name
    found = services.blobs.listed(place.container, prefix, most=MOST_FILES + 1 if folder else 1)
    if len(found) > MOST_FILES:
        rule = f"is a folder of more than {MOST_FILES} files; rename them in parts, or upload them"
        raise BadInputError(field="data.destinationUrl", value=place.name, rule=rule, where=event.event_type)
    there = [item for item in found if folder or item.blob.name == place.name]
    if not there:
        # It was renamed or deleted again; a further rename has an event of its own.
        logger.info("upload_passed_over container=%s name=%s reason=%s", *place, "nothing is there any more")
    return tuple(
        _upload(item, services.blobs.url(item.blob), event.id, event.event_time, event.event_type)
        for item in there
        if _counts(Place(item.blob.container, item.blob.name), item.size)
    )


def _taken_away(services: Services, place: Place, before: str) -> str:
    models, folder = services.specs.names(), before.partition("/")[0]
    gone = folder in models and place.name.partition("/")[0] not in models
    return f"it was taken out of the folder of {folder}" if gone else ""


def _counts(place: Place, size: int | None = None, *, because: str = "") -> bool:
    """Whether a blob is an upload; if not, the log says why."""
    elsewhere = "" if place.container == BRONZE else "no uploads are in this container"
    reason = elsewhere or because or passed_over(place.name, size)
    if reason:
        logger.info("upload_passed_over container=%s name=%s reason=%s", *place, reason)
    return not reason


def _report_malformed(services: Services, event_id: str, error: BadInputError) -> None:
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
    raise_alert(services, alert)


async def submit_uploads(client: df.DurableOrchestrationClient, services: Services, uploads: Sequence[Upload]) -> None:
    """Put uploads of one model into its queue, each once, and then see to it that the queue runs.

    An upload of an unknown model takes the same way: its run halts with the reason, so that nothing is lost unseen.
    """
    submission = None
    for upload in uploads:
        correlate(upload.identity)
        traced = upload.model_copy(update={"trace": current().traceparent})
        submission = await asyncio.to_thread(services.uploads.submit, traced, upload.model)
        logger.info(
            "upload_submitted model=%s identity=%s name=%s accepted=%s",
            upload.model, upload.identity, upload.name, submission.accepted,
        )  # fmt: skip
    if submission is not None:
        await wake_queue(client, services, uploads[0].model, submission)
