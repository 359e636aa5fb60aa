"""Reading BlobCreated events."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.uploads.upload import Upload
from nightshift.services.uploads.read_event import parse_event
from nightshift.triggers.blob_events import BLOB_RENAMED, Place, parse_blob_created, parse_renamed

AT = datetime(2026, 1, 1, tzinfo=UTC)
SUBJECT = "/blobServices/default/containers/bronze/blobs/revenue_forecast/2012/a b.csv"
DATA = {"url": "http://host/bronze/revenue_forecast/2012/a%20b.csv", "eTag": "0x8D", "contentLength": 5}


def test_an_event_becomes_an_upload() -> None:
    """Container and name come from the subject, the bare ETag gets the quotes of the storage API."""
    upload = parse_blob_created("1", SUBJECT, AT, DATA)
    assert (upload.container, upload.name, upload.etag, upload.size) == (
        "bronze",
        "revenue_forecast/2012/a b.csv",
        '"0x8D"',
        5,
    )
    assert upload.model == "revenue_forecast"


def test_a_quoted_etag_is_the_same_upload() -> None:
    """Whether a sender quotes the ETag makes no second upload of it."""
    quoted = parse_blob_created("2", SUBJECT, AT, DATA | {"eTag": '"0x8D"'})
    assert quoted.identity == parse_blob_created("1", SUBJECT, AT, DATA).identity


@pytest.mark.parametrize(
    ("subject", "at", "data", "field"),
    [
        ("/somewhere", AT, DATA, "subject"),
        (SUBJECT, None, DATA, "eventTime"),
        (SUBJECT, AT, {**DATA, "url": None}, "data.url"),
        (SUBJECT, AT, {"url": "u", "contentLength": 1}, "data.eTag"),
        (SUBJECT, AT, {**DATA, "contentLength": "5"}, "data.contentLength"),
    ],
)
def test_an_ill_field_is_named(subject: str, at: datetime | None, data: dict[str, Any], field: str) -> None:
    """The error says which field, and what it should be."""
    with pytest.raises(BadInputError) as caught:
        parse_blob_created("1", subject, at, data)
    assert caught.value.fields["field"] == field


@given(
    subject=st.text(),
    data=st.dictionaries(st.sampled_from(["url", "eTag", "contentLength"]), st.none() | st.text() | st.integers()),
)
def test_anything_is_an_upload_or_a_named_error(subject: str, data: dict[str, Any]) -> None:
    """No event makes the trigger fail in any other way."""
    try:
        result = parse_blob_created("1", subject, AT, data)
    except BadInputError:
        return
    assert isinstance(result, Upload)


@given(
    subject=st.text() | st.just(SUBJECT),
    data=st.dictionaries(st.sampled_from(["destinationUrl", "sourceUrl"]), st.none() | st.text() | st.just("http://[")),
)
def test_any_rename_is_a_place_or_a_named_error(subject: str, data: dict[str, Any]) -> None:
    """Addresses from outside may be anything."""
    try:
        place, before = parse_renamed(BLOB_RENAMED, subject, data)
    except BadInputError:
        return
    assert place == Place("bronze", "revenue_forecast/2012/a b.csv")
    assert isinstance(before, str)


@pytest.mark.parametrize(
    ("source", "before"),
    [
        ("https://acc.dfs.core.windows.net/bronze/m/_tmp/a%20b.csv", "m/_tmp/a b.csv"),
        ("http://127.0.0.1:1/devstoreaccount1/bronze/m/a.csv", "m/a.csv"),
        ("https://acc.dfs.core.windows.net/landing/m/a.csv", ""),
        (None, ""),
    ],
)
def test_a_rename_says_where_the_blob_was(source: str | None, before: str) -> None:
    """If it was among the uploads."""
    data = {"destinationUrl": DATA["url"], "sourceUrl": source}
    assert parse_renamed(BLOB_RENAMED, SUBJECT, data) == (Place("bronze", "revenue_forecast/2012/a b.csv"), before)


EVENT = {
    "id": "1",
    "topic": "/subscriptions/s",
    "subject": SUBJECT,
    "eventType": "Microsoft.Storage.BlobCreated",
    "eventTime": AT.isoformat(),
    "data": DATA,
    "dataVersion": "",
}


def test_an_event_from_the_queue_is_the_same_upload() -> None:
    """Pushed or queued, an event announces the same upload."""
    event = parse_event(json.dumps(EVENT).encode(), "m")
    upload = parse_blob_created(event.id, event.subject, event.event_time, event.get_json())
    assert upload == parse_blob_created("1", SUBJECT, AT, DATA)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"\xff", json.dumps(EVENT | {"eventTime": "soon"}).encode(), json.dumps([EVENT]).encode()],
)
def test_a_message_that_is_no_event_is_refused(body: bytes) -> None:
    """It raises, so that Service Bus dead-letters it."""
    with pytest.raises(BadInputError, match="Event Grid schema"):
        parse_event(body, "m")
