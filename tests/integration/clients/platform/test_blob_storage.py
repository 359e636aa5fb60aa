"""Blob storage: exact content by ETag, and clear errors when it is gone."""

import hashlib
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from nightshift.clients.platform.blob_storage import AzureBlobStore
from nightshift.domain.platform.errors import BlobChangedError, BlobMissingError, ServiceUnavailableError
from nightshift.domain.uploads.upload import BlobRef


@pytest.fixture
def store(blobs: BlobServiceClient, container: str) -> AzureBlobStore:
    """A store on an empty container."""
    return AzureBlobStore(blobs)


def test_what_is_written_is_read_and_downloaded(store: AzureBlobStore, container: str, tmp_path: Path) -> None:
    """Bytes survive, and the download says their digest."""
    data = bytes(range(256)) * 40_000
    blob = store.write(BlobRef(container=container, name="a/b.bin"), data, content_type="application/octet-stream")
    assert store.read(blob) == data
    assert store.download(blob, tmp_path / "b") == hashlib.sha256(data).hexdigest()
    assert (tmp_path / "b").read_bytes() == data


def test_a_removed_blob_is_missing(store: AzureBlobStore, container: str, tmp_path: Path) -> None:
    """Removed between event and read: the error says to upload again."""
    with pytest.raises(BlobMissingError, match="upload it again"):
        store.download(BlobRef(container=container, name="gone", etag='"1"'), tmp_path / "x")


def test_an_overwritten_blob_has_changed(
    store: AzureBlobStore, blobs: BlobServiceClient, container: str, tmp_path: Path
) -> None:
    """The event's content is what is read, or nothing."""
    blob = BlobRef(container=container, name="a")
    store.write(blob, b"one", content_type="text/plain")
    etag = blobs.get_blob_client(container, "a").get_blob_properties().etag
    store.write(blob, b"two", content_type="text/plain")
    with pytest.raises(BlobChangedError, match="overwritten since the event"):
        store.download(blob.model_copy(update={"etag": etag}), tmp_path / "x")


def test_metadata_of_the_uploader(store: AzureBlobStore, blobs: BlobServiceClient, container: str) -> None:
    """What the uploader said of the data's source is read back."""
    blobs.get_blob_client(container, "a").upload_blob(b"x", metadata={"data_source": "synthetic, seed 1"})
    assert store.metadata(BlobRef(container=container, name="a")) == {"data_source": "synthetic, seed 1"}


def test_a_server_that_is_down_may_come_back(free_port: int) -> None:
    """Nobody listens: a retryable error."""
    key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    address = f"http://127.0.0.1:{free_port}/devstoreaccount1"
    text = f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={key};BlobEndpoint={address};"
    with (
        BlobServiceClient.from_connection_string(text, retry_total=0) as service,
        pytest.raises(ServiceUnavailableError, match="Blob storage is not available"),
    ):
        AzureBlobStore(service).read(BlobRef(container="c", name="n"))


def test_what_is_removed_is_gone(store: AzureBlobStore, container: str) -> None:
    """A second time is no failure."""
    blob = store.write(BlobRef(container=container, name="a"), b"one", content_type="text/plain")
    store.remove(blob)
    store.remove(blob)
    with pytest.raises(BlobMissingError):
        store.read(blob)


def test_blobs_are_listed_by_prefix_without_folders(
    store: AzureBlobStore, blobs: BlobServiceClient, container: str
) -> None:
    """In order, each with the etag by which it is read; what marks a folder is no file."""
    for name in ("a/2.csv", "a/1.csv", "a/sub/3.csv", "a2/4.csv"):
        store.write(BlobRef(container=container, name=name), name.encode(), content_type="text/csv")
    blobs.get_blob_client(container, "a/sub").upload_blob(b"", metadata={"hdi_isfolder": "true"})
    found = store.listed(container, "a/", most=10)
    assert [(item.blob.name, item.size) for item in found] == [("a/1.csv", 7), ("a/2.csv", 7), ("a/sub/3.csv", 11)]
    assert store.read(found[0].blob) == b"a/1.csv"
    assert len(store.listed(container, "a/", most=2)) == 2
