"""Which storage account a job talks to, and which blobs it will name."""

import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.uploads.upload import BlobRef
from nightshift.training.jobs.blobs import JobBlobs

LOCAL = (
    "DefaultEndpointsProtocol=http;AccountName=dev;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:10000/dev;"  # not real
)
ENVIRON = {"NIGHTSHIFT_STORAGE_CONNECTION_STRING": LOCAL}


def test_an_address_becomes_container_and_name() -> None:
    """Folders and escaped characters belong to the name."""
    blobs = JobBlobs.for_url("unused", ENVIRON)
    located = blobs.locate("http://127.0.0.1:10000/dev/silver/runs/a%20b/manifest.json")
    blobs.close()
    assert located == BlobRef(container="silver", name="runs/a b/manifest.json")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:10000/other/silver/a", "https://elsewhere.test/dev/silver/a", "http://127.0.0.1:10000/dev/c"],
)
def test_a_foreign_address_is_refused(url: str) -> None:
    """The account's key goes to no other account, and an address must name a blob."""
    blobs = JobBlobs.for_url("unused", ENVIRON)
    with pytest.raises(BadInputError, match="must be http://127"):
        blobs.locate(url)
    blobs.close()


def test_an_address_outside_azure_is_refused() -> None:
    """Without a connection string only Azure's blob endpoints are taken, by https."""
    with pytest.raises(BadInputError, match="url = 'http://account"):
        JobBlobs.for_url("http://account.blob.core.windows.net/c/b", {"NIGHTSHIFT_SERVICE_CREDENTIAL": "jobs"})


def test_a_missing_credential_is_named() -> None:
    """On Databricks the service credential must be named."""
    with pytest.raises(BadInputError, match="NIGHTSHIFT_SERVICE_CREDENTIAL"):
        JobBlobs.for_url("https://account.blob.core.windows.net/c/b", {})
