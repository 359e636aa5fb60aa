"""The event that tells of a blob."""

from __future__ import annotations

import json
from collections.abc import Callable

import azure.functions
from azure.functions.eventgrid import EventGridEventInConverter
from azure.functions.meta import Datum

from local_host.eventgrid.blob_version import BlobVersion, blob_created


def test_the_event_has_the_schema_of_a_storage_account(make_blob: Callable[..., BlobVersion]) -> None:
    """Every field of Microsoft.Storage.BlobCreated is there."""
    blob = make_blob()
    event = blob_created(blob, url="http://127.0.0.1:1/devstoreaccount1/bronze/revenue_forecast/a.csv", sequence=17)
    assert event == {
        "topic": (
            "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local"
            "/providers/Microsoft.Storage/storageAccounts/devstoreaccount1"
        ),
        "subject": "/blobServices/default/containers/bronze/blobs/revenue_forecast/a.csv",
        "eventType": "Microsoft.Storage.BlobCreated",
        "eventTime": "2026-11-01T00:00:00.0000000Z",
        "id": blob.event_id,
        "data": {
            "api": "PutBlob",
            "requestId": blob.event_id,
            "eTag": "0x1",
            "contentType": "text/csv",
            "contentLength": 7,
            "blobType": "BlockBlob",
            "accessTier": "Default",
            "url": "http://127.0.0.1:1/devstoreaccount1/bronze/revenue_forecast/a.csv",
            "sequencer": "0" * 46 + "11",
            "storageDiagnostics": {"batchId": blob.event_id},
        },
        "dataVersion": "",
        "metadataVersion": "1",
    }


def test_the_functions_library_reads_the_event(make_blob: Callable[..., BlobVersion]) -> None:
    """azure-functions' own converter takes it."""
    document = blob_created(make_blob(), url="http://127.0.0.1:1/a", sequence=1)
    event = EventGridEventInConverter.decode(Datum(json.dumps(document), "json"), trigger_metadata=None)
    assert isinstance(event, azure.functions.EventGridEvent)
    assert event.id == make_blob().event_id
    assert event.subject == "/blobServices/default/containers/bronze/blobs/revenue_forecast/a.csv"


def test_the_id_comes_from_the_blob_and_its_etag(make_blob: Callable[..., BlobVersion]) -> None:
    """The same version has one id; another version, or another blob, has another."""
    assert make_blob().event_id == make_blob(created=5).event_id
    assert make_blob().event_id != make_blob(etag="0x2").event_id
    assert make_blob().event_id != make_blob(name="revenue_forecast/b.csv").event_id
