"""A clock that stands still, and blobs without a storage account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local_host.eventgrid.blob_version import BlobVersion
from local_host.eventgrid.database import Database

MakeBlob = Callable[..., BlobVersion]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A state file of its own."""
    with closing(Database(tmp_path / "eventgrid.db")) as database:
        yield database


@pytest.fixture
def make_blob() -> MakeBlob:
    """Makes blobs; times are given in seconds after a fixed moment."""

    def make(
        name: str = "revenue_forecast/a.csv",
        etag: str = "0x1",
        created: int = 0,
        modified: int | None = None,
        *,
        md5: str | None = "aa",
    ) -> BlobVersion:
        start = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
        return BlobVersion(
            account="devstoreaccount1",
            container="bronze",
            name=name,
            etag=etag,
            created_at=datetime.fromtimestamp(start + created, UTC),
            modified_at=datetime.fromtimestamp(start + (created if modified is None else modified), UTC),
            size=7,
            content_md5=md5,
            content_type="text/csv",
        )

    return make
