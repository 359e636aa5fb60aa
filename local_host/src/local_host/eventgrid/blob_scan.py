"""Lists the blobs of a storage account; Azurite raises no events of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobProperties, BlobServiceClient

from local_host.eventgrid.blob_version import BlobVersion


class BlobScan:
    """Reads the block blobs of some containers.

    Page and append blobs are left out: Azure raises no event when they grow. A container that is not there yet counts
    as empty. `scan` is called from one thread at a time.
    """

    def __init__(self, connection_string: str, containers: Sequence[str]) -> None:
        # The next scan is the retry.
        self._service = BlobServiceClient.from_connection_string(
            connection_string, retry_total=0, connection_timeout=5, read_timeout=30
        )
        self._containers = tuple(containers)
        self._account = str(self._service.account_name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._service.close()

    def scan(self) -> list[BlobVersion]:
        """All blobs, oldest first. AzureError if the account cannot be read."""
        blobs = [blob for container in self._containers for blob in self._list(container)]
        return sorted(blobs, key=lambda blob: (blob.modified_at, blob.container, blob.name))

    def url(self, container: str, name: str) -> str:
        """The address of a blob."""
        return str(self._service.get_blob_client(container, name).url)

    def _list(self, container: str) -> Iterator[BlobVersion]:
        try:
            for properties in self._service.get_container_client(container).list_blobs():
                if properties.blob_type == "BlockBlob":
                    yield self._version(container, properties)
        except ResourceNotFoundError:
            return

    def _version(self, container: str, properties: BlobProperties) -> BlobVersion:
        md5 = properties.content_settings.content_md5
        return BlobVersion(
            account=self._account,
            container=container,
            name=properties.name,
            etag=properties.etag.strip('"'),
            created_at=properties.creation_time,
            modified_at=properties.last_modified,
            size=properties.size,
            content_md5=bytes(md5).hex() if md5 else None,
            content_type=properties.content_settings.content_type,
        )
