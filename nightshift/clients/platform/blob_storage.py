"""Azure Blob storage."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.storage.blob import BlobClient, BlobProperties, BlobServiceClient, ContentSettings

from nightshift.clients.platform.call_budget import call_within
from nightshift.domain.platform.errors import (
    BlobChangedError,
    BlobMissingError,
    ServiceRefusedError,
    ServiceUnavailableError,
)
from nightshift.domain.uploads.upload import BlobRef, StoredBlob

Result = TypeVar("Result")

_ROLE = "the identity needs the role Storage Blob Data Contributor"


class AzureBlobStore:
    """Implements `BlobStore`.

    Args:
        call_seconds: after which a small blob has been read, or the next part of a large one. The other requests end by
            the limits that the SDK's client was made with.
    """

    def __init__(self, service: BlobServiceClient, call_seconds: float = 30) -> None:
        self._service = service
        self._call_seconds = call_seconds

    def download(self, blob: BlobRef, target: Path) -> str:
        content = hashlib.sha256()
        with self._translated(blob), target.open("wb") as file:
            begun = self._within(lambda: self._client(blob).download_blob(**_condition(blob)))
            chunks = iter(begun.chunks())
            while (chunk := self._within(lambda: next(chunks, None))) is not None:
                content.update(chunk)
                file.write(chunk)
        return content.hexdigest()

    def read(self, blob: BlobRef) -> bytes:
        with self._translated(blob):
            data: bytes = self._within(lambda: self._client(blob).download_blob(**_condition(blob)).readall())
        return data

    def write(self, blob: BlobRef, data: bytes, *, content_type: str) -> BlobRef:
        with self._translated(blob):
            settings = ContentSettings(content_type=content_type)
            self._client(blob).upload_blob(data, overwrite=True, content_settings=settings)
        return blob.model_copy(update={"etag": None})

    def upload(self, blob: BlobRef, source: Path, *, metadata: Mapping[str, str]) -> str:
        with self._translated(blob), source.open("rb") as file:
            answer = self._client(blob).upload_blob(file, overwrite=True, metadata=dict(metadata))
        return str(answer["etag"])

    def url(self, blob: BlobRef) -> str:
        return self._client(blob).url

    def metadata(self, blob: BlobRef) -> Mapping[str, str]:
        with self._translated(blob):
            return dict(self._client(blob).get_blob_properties(**_condition(blob)).metadata or {})

    def listed(self, container: str, prefix: str, *, most: int) -> tuple[StoredBlob, ...]:
        with self._translated(BlobRef(container=container, name=prefix)):
            found = self._service.get_container_client(container).list_blobs(
                name_starts_with=prefix, include=["metadata"]
            )
            # Storage with a hierarchical namespace lists its folders, too.
            files = (item for item in found if (item.metadata or {}).get("hdi_isfolder", "").lower() != "true")
            return tuple(_stored(item) for item in islice(files, most))

    def remove(self, blob: BlobRef) -> None:
        with suppress(BlobMissingError), self._translated(blob):
            self._client(blob).delete_blob(**_condition(blob))

    def _within(self, call: Callable[[], Result]) -> Result:
        # The body of an answer is read after the request has ended, so that its limit does not count any more.
        return call_within("Blob storage", self._call_seconds, call)

    def _client(self, blob: BlobRef) -> BlobClient:
        return self._service.get_blob_client(blob.container, blob.name)

    @contextmanager
    def _translated(self, blob: BlobRef) -> Iterator[None]:
        try:
            yield
        except ResourceNotFoundError as error:
            raise BlobMissingError(self.url(blob)) from error
        except ResourceModifiedError as error:
            # Azurite answers a condition on a blob that is gone as if it had changed; Azure says 404.
            if not self._client(blob).exists():
                raise BlobMissingError(self.url(blob)) from error
            raise BlobChangedError(self.url(blob), blob.etag or "") from error
        except ClientAuthenticationError as error:
            raise ServiceRefusedError("Blob storage", error.message, _ROLE) from error
        except (ServiceRequestError, ServiceResponseError) as error:
            raise ServiceUnavailableError("Blob storage", str(error)) from error
        except HttpResponseError as error:
            if error.status_code == 403:
                raise ServiceRefusedError("Blob storage", error.message, _ROLE) from error
            if error.status_code is not None and (error.status_code >= 500 or error.status_code == 429):
                raise ServiceUnavailableError("Blob storage", error.message) from error
            raise


def _stored(found: BlobProperties) -> StoredBlob:
    # A listing gives the bare value, every other call the quoted one.
    etag = '"' + found.etag.strip('"') + '"'
    return StoredBlob(blob=BlobRef(container=found.container, name=found.name, etag=etag), size=found.size)


def _condition(blob: BlobRef) -> dict[str, Any]:
    if blob.etag is None:
        return {}
    return {"etag": blob.etag, "match_condition": MatchConditions.IfNotModified}
