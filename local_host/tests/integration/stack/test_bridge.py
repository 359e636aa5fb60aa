"""New blobs in a real Azurite reach a real webhook."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from azure.storage.blob import BlobServiceClient

from local_host.testing.eventgrid_process import EventGridProcess
from local_host.testing.recording_subscriber import RecordingSubscriber

Eventually = Callable[[Callable[[], bool]], None]


def test_an_upload_is_told_once(
    eventgrid: EventGridProcess,
    subscriber: RecordingSubscriber,
    blobs: BlobServiceClient,
    container: str,
    eventually: Eventually,
) -> None:
    """After the handshake, with the blob's own properties and Event Grid's headers."""
    eventgrid.start()
    blob = blobs.get_blob_client(container, "revenue_forecast/a b/ü#.csv")
    blob.upload_blob(b"a,b\n1,2\n")
    eventually(lambda: len(subscriber.events) == 1)
    (event,) = subscriber.events
    assert event["subject"] == f"/blobServices/default/containers/{container}/blobs/revenue_forecast/a b/ü#.csv"
    assert event["data"]["url"] == blob.url
    assert event["data"]["eTag"] == blob.get_blob_properties().etag.strip('"')
    assert event["data"]["contentLength"] == 8
    (headers,) = subscriber.headers
    assert headers["aeg-event-type"] == "Notification"
    assert headers["aeg-delivery-count"] == "0"
    assert subscriber.validations == 1
    eventually(lambda: eventgrid.health()["events"] == {"pending": 0, "delivered": 1, "dead_lettered": 0})


def test_an_overwritten_blob_is_told_again_and_metadata_is_not(
    eventgrid: EventGridProcess,
    subscriber: RecordingSubscriber,
    blobs: BlobServiceClient,
    container: str,
    eventually: Eventually,
) -> None:
    """The same bytes written again are a new version; new metadata is none."""
    eventgrid.start()
    blob = blobs.get_blob_client(container, "m/a.csv")
    blob.upload_blob(b"1")
    eventually(lambda: len(subscriber.events) == 1)
    blob.upload_blob(b"1", overwrite=True)
    eventually(lambda: len(subscriber.events) == 2)
    created = blob.get_blob_properties().creation_time
    # A listing tells content and metadata apart when they are a second apart.
    while blob.set_blob_metadata({"reviewed": "yes"})["last_modified"] == created:
        continue
    blobs.get_blob_client(container, "m/b.csv").upload_blob(b"2")
    eventually(lambda: "m/b.csv" in subscriber.names)
    assert len(set(subscriber.ids)) == len(subscriber.ids)
    metadata_etag = blob.get_blob_properties().etag.strip('"')
    assert metadata_etag not in [event["data"]["eTag"] for event in subscriber.events]


def test_nothing_is_lost_or_invented_when_it_is_killed(
    eventgrid: EventGridProcess,
    subscriber: RecordingSubscriber,
    blobs: BlobServiceClient,
    container: str,
    eventually: Eventually,
) -> None:
    """Killed again and again while blobs arrive: each version is told, with one id however often."""
    names = [f"m/{number:03}.csv" for number in range(60)]
    for position, name in enumerate(names):
        if position % 15 == 0:
            eventgrid.kill()
            eventgrid.start()
        blobs.get_blob_client(container, name).upload_blob(name.encode())
    eventgrid.kill()
    eventgrid.start()
    eventually(lambda: set(subscriber.names) == set(names))
    eventually(lambda: eventgrid.health()["events"] == {"pending": 0, "delivered": 60, "dead_lettered": 0})
    assert len(set(subscriber.ids)) == 60


def test_events_wait_while_the_subscriber_is_away(
    eventgrid: EventGridProcess,
    subscriber: RecordingSubscriber,
    blobs: BlobServiceClient,
    container: str,
    eventually: Eventually,
) -> None:
    """Told when it is back, even of a blob that is gone by then; waiting costs no attempt."""
    eventgrid.start("--max-attempts", "1")
    eventually(lambda: subscriber.validations == 1)
    subscriber.stop()
    blobs.get_blob_client(container, "m/kept.csv").upload_blob(b"1")
    blobs.get_blob_client(container, "m/deleted.csv").upload_blob(b"1")
    eventually(lambda: eventgrid.health()["events"] == {"pending": 2, "delivered": 0, "dead_lettered": 0})
    eventually(lambda: "subscriber_unreachable" in eventgrid.log.read_text())
    blobs.get_blob_client(container, "m/deleted.csv").delete_blob()
    subscriber.start()
    eventually(lambda: sorted(subscriber.names) == ["m/deleted.csv", "m/kept.csv"])
    assert [headers["aeg-delivery-count"] for headers in subscriber.headers] == ["0", "0"]


def test_uploads_before_the_first_start_and_while_it_is_down_are_told(
    eventgrid: EventGridProcess,
    subscriber: RecordingSubscriber,
    blobs: BlobServiceClient,
    container: str,
    eventually: Eventually,
) -> None:
    """What lies in the container is new until it was told; an orderly end is an end without error."""
    blobs.get_blob_client(container, "m/early.csv").upload_blob(b"1")
    eventgrid.start()
    eventually(lambda: subscriber.names == ["m/early.csv"])
    eventually(lambda: eventgrid.health()["events"] == {"pending": 0, "delivered": 1, "dead_lettered": 0})
    assert eventgrid.stop() == 0
    blobs.get_blob_client(container, "m/late.csv").upload_blob(b"1")
    eventgrid.start()
    eventually(lambda: "m/late.csv" in subscriber.names)
    assert subscriber.names == ["m/early.csv", "m/late.csv"]


def test_a_refused_event_is_repeated_and_a_hopeless_one_is_put_aside(
    eventgrid: EventGridProcess,
    subscriber: RecordingSubscriber,
    blobs: BlobServiceClient,
    container: str,
    eventually: Eventually,
    tmp_path: Path,
) -> None:
    """500 is tried again; 400 goes to the dead letters at once, as does what has used up its attempts."""
    eventgrid.start("--max-attempts", "2")
    eventually(lambda: subscriber.validations == 1)
    subscriber.answers = [500]
    blobs.get_blob_client(container, "m/later.csv").upload_blob(b"1")
    eventually(lambda: subscriber.names == ["m/later.csv"])
    assert [headers["aeg-delivery-count"] for headers in subscriber.headers] == ["0", "1"]
    subscriber.answers = [400]
    blobs.get_blob_client(container, "m/bad.csv").upload_blob(b"1")
    eventually(lambda: eventgrid.health()["events"] == {"pending": 0, "delivered": 1, "dead_lettered": 1})
    subscriber.answers = [500, 500]
    blobs.get_blob_client(container, "m/worse.csv").upload_blob(b"1")
    eventually(lambda: eventgrid.health()["events"] == {"pending": 0, "delivered": 1, "dead_lettered": 2})
    letters = [json.loads(file.read_text())[0] for file in (tmp_path / "eventgrid" / "dead_letters").glob("*.json")]
    reasons = {letter["subject"].rpartition("/")[2]: letter["deadLetterReason"] for letter in letters}
    assert reasons == {"bad.csv": "UndeliverableDueToHttpStatus", "worse.csv": "MaxDeliveryAttemptsExceeded"}


def test_the_handshake_is_repeated_until_somebody_answers(
    eventgrid: EventGridProcess,
    subscriber: RecordingSubscriber,
    blobs: BlobServiceClient,
    container: str,
    eventually: Eventually,
) -> None:
    """Started before its subscriber, it says why it waits, and then delivers."""
    subscriber.stop()
    eventgrid.start()
    blobs.get_blob_client(container, "m/a.csv").upload_blob(b"1")
    eventually(lambda: "does not answer" in str(eventgrid.health()["subscription"]))
    subscriber.start()
    eventually(lambda: subscriber.names == ["m/a.csv"])
    assert eventgrid.health()["subscription"] == "validated"
