"""Uploads for tests."""

from datetime import UTC, datetime

from nightshift.domain.uploads.upload import Upload


def make_upload(name: str = "m/a.csv", *, etag: str = '"1"', event_id: str = "e") -> Upload:
    """An upload of a byte into the container ``bronze``; its model is the first part of its name."""
    return Upload(
        url=f"http://host/bronze/{name}",
        container="bronze",
        name=name,
        etag=etag,
        size=1,
        event_time=datetime(2026, 1, 1, tzinfo=UTC),
        event_id=event_id,
    )
