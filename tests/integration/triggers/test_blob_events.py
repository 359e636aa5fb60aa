"""BlobCreated events through the handlers that the app registers, into the upload queue on real Table storage."""

import asyncio
import json
from typing import Any

import pytest

from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.triggers.blob_events import BLOB_RENAMED
from tests.integration.triggers.blob_events_app import App


async def test_an_event_becomes_an_upload_and_its_queue_runs(app: App) -> None:
    """The content that the event announces, in the queue of the folder's model."""
    await app.push(app.event())
    [upload] = app.waiting()
    assert (upload.name, upload.etag, upload.size, upload.event_id) == (f"{app.model}/a.csv", '"0x1"', 5, "e1")
    assert app.started == [f"queue-{app.model}-1"]
    assert app.client.started[app.started[0]]["model"] == app.model
    assert app.alerts.sent == []


async def test_three_deliveries_are_one_upload(app: App) -> None:
    """One after the other, by both ways, and under other event ids: the content is the same."""
    await app.push(app.event())
    await app.queue(json.dumps(app.event()).encode())
    await app.push(app.event(id="e2"))
    assert (len(app.waiting()), len(app.started)) == (1, 1)


async def test_three_deliveries_at_once_are_one_upload(app: App) -> None:
    """Three instances of the app get the same event."""
    await asyncio.gather(*(app.push(app.event()) for _ in range(3)))
    assert (len(app.waiting()), len(app.started)) == (1, 1)


async def test_an_overwritten_blob_is_another_upload(app: App) -> None:
    """The name is the same, the content is not; both go into one batch, and one queue runs."""
    for etag in ("0x1", "0x2"):
        await app.push(app.event(etag=etag))
    assert [upload.etag for upload in app.waiting()] == ['"0x1"', '"0x2"']
    assert len(app.started) == 1


async def test_a_delivery_after_the_queue_could_not_be_started(app: App) -> None:
    """The upload is kept, the start failed: the delivery fails and comes again, and the queue runs on one upload."""
    app.client.failing = 1
    with pytest.raises(ServiceUnavailableError):
        await app.push(app.event())
    assert app.started == []
    await app.push(app.event())
    assert (len(app.waiting()), app.started) == (1, [f"queue-{app.model}-1"])


@pytest.mark.parametrize("container", ["silver", "evidence", "bronze2", "BRONZE"])
async def test_another_container_is_none_of_ours(app: App, container: str) -> None:
    """What the app itself writes starts nothing, and notifies nobody."""
    subject = f"/blobServices/default/containers/{container}/blobs/{app.model}/a.csv"
    await app.push(app.event(subject=subject))
    assert (app.started, app.alerts.sent) == ([], [])


async def test_another_kind_of_event_is_none_of_ours(app: App) -> None:
    """A deletion starts nothing, however it looks."""
    await app.push(app.event(eventType="Microsoft.Storage.BlobDeleted", subject="/somewhere"))
    assert (app.started, app.alerts.sent) == ([], [])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": ""}, "subject = ''"),
        ({"subject": "/blobServices/default/containers/bronze"}, "subject = "),
        ({"subject": "/blobServices/default/containers/bronze/blobs/"}, "subject = "),
        ({"subject": "/blobServices/default/containers//blobs/a.csv"}, "subject = "),
        ({"subject": "/blobServices/default/containers/" + "x" * 20_000}, "subject = "),
        ({"data": {}}, "data.url = None"),
        ({"data": {"url": "u", "eTag": 7, "contentLength": 5}}, "data.eTag = 7"),
        ({"data": {"url": "u", "eTag": "0x1", "contentLength": "five"}}, "data.contentLength = 'five'"),
        ({"data": {"url": "u", "eTag": "0x1", "contentLength": True}}, "data.contentLength = True"),
        ({"data": []}, "data = '[]'"),
        ({"eventType": BLOB_RENAMED, "data": {"sourceUrl": "u"}}, "data.destinationUrl = None"),
        ({"eventTime": None}, "eventTime = None"),
    ],
)
async def test_an_event_that_cannot_be_read_is_reported(app: App, changes: dict[str, Any], field: str) -> None:
    """It would be as wrong next time: taken from Event Grid, and reported to on-call with the field and the rule."""
    for _ in range(3):
        await app.push(app.event(**changes))
    assert app.started == []
    assert len(app.alerts.sent) == 3
    assert len({alert.message_id for alert in app.alerts.sent}) == 1
    alert = app.alerts.sent[0]
    assert (alert.rule, alert.severity, alert.model) == ("blob_event_malformed", "warning", None)
    assert field in alert.detail


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"[1]"])
async def test_a_message_that_is_no_event_goes_to_the_dead_letters(app: App, body: bytes) -> None:
    """It is kept with its reason and answered as an incident; no queue of uploads is started."""
    await app.queue(body)
    [dead_letter] = app.letters
    assert (dead_letter.queue, dead_letter.cause.partition(":")[0]) == ("blob-events", "body")
    assert "the Event Grid schema" in dead_letter.cause
    assert [name for name in app.started if name.startswith("queue-")] == []


async def test_a_blob_in_no_folder_has_a_run_of_its_own(app: App) -> None:
    """Nobody knows its model: it is not dropped, its run says what is wrong."""
    subject = f"/blobServices/default/containers/bronze/blobs/{app.model}.csv"
    await app.push(
        app.event(subject=subject, data={"url": f"http://host/{app.model}", "eTag": "1", "contentLength": 1})
    )
    assert (app.waiting(), [name.rpartition("-")[0] for name in app.started]) == ((), ["queue-unrouted"])
