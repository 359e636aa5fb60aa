"""Real local servers for integration tests."""

import uuid
from collections.abc import Iterator

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient


@pytest.fixture(scope="session")
def tables(storage: str) -> Iterator[TableServiceClient]:
    """Table storage."""
    with TableServiceClient.from_connection_string(storage) as service:
        yield service


@pytest.fixture(scope="session")
def blobs(storage: str) -> Iterator[BlobServiceClient]:
    """Blob storage."""
    with BlobServiceClient.from_connection_string(storage) as service:
        yield service


@pytest.fixture
def container(blobs: BlobServiceClient) -> str:
    """A container of this test's own."""
    name = f"c{uuid.uuid4().hex[:16]}"
    blobs.create_container(name)
    return name


@pytest.fixture
def model() -> str:
    """A model, and so a partition, of this test's own."""
    return f"m{uuid.uuid4().hex[:16]}"
