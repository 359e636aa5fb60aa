"""The jobs' way to blob storage: read exactly the announced content, write a report."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightshift.domain.platform.errors import (
    BadInputError,
    BlobChangedError,
    BlobMissingError,
    ServiceRefusedError,
    ServiceUnavailableError,
)
from nightshift.domain.uploads.upload import BlobRef

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient

CONNECTION_STRING = "NIGHTSHIFT_STORAGE_CONNECTION_STRING"
SERVICE_CREDENTIAL = "NIGHTSHIFT_SERVICE_CREDENTIAL"
_AZURE_ACCOUNT = re.compile(r"(https://[a-z0-9]{3,24}\.blob\.core\.[a-z0-9.]+)/(.+)")


class JobBlobs:
    """Blobs of one storage account."""

    def __init__(self, service: "BlobServiceClient") -> None:
        self._service = service

    @classmethod
    def for_url(cls, url: str, environ: Mapping[str, str] = os.environ) -> "JobBlobs":
        """Connect to the account of a blob's address.

        ``NIGHTSHIFT_STORAGE_CONNECTION_STRING`` is used where it is set (the local host). On Databricks,
        ``NIGHTSHIFT_SERVICE_CREDENTIAL`` names a Unity Catalog service credential, and ``dbutils`` gives its token
        provider (Databricks Runtime 15.4 LTS as a preview, 16.2 or later; not testable outside a workspace).

        Raises:
            BadInputError: neither is set, or the address is not one of the account that the credential is meant for.
        """
        from azure.storage.blob import BlobServiceClient

        if connection_string := environ.get(CONNECTION_STRING):
            return cls(BlobServiceClient.from_connection_string(connection_string))
        account = _AZURE_ACCOUNT.fullmatch(url)
        if account is None:
            raise BadInputError(field="url", value=url, rule="must be https://ACCOUNT.blob.core.SUFFIX/CONTAINER/BLOB")
        name = environ.get(SERVICE_CREDENTIAL)
        if not name:
            raise BadInputError(
                field=SERVICE_CREDENTIAL,
                value=name,
                rule=f"must name a Unity Catalog service credential (or set {CONNECTION_STRING})",
            )
        return cls(BlobServiceClient(account_url=account[1], credential=_databricks_credential(name)))

    def locate(self, url: str) -> BlobRef:
        """Container and name of a blob of this account from its address.

        Raises:
            BadInputError: the address belongs to another account, or names no blob.
        """
        from azure.storage.blob import BlobClient

        base = self._service.url.rstrip("/") + "/"
        if not url.startswith(base) or "/" not in url.removeprefix(base).strip("/"):
            raise BadInputError(field="url", value=url, rule=f"must be {base}CONTAINER/BLOB")
        client = BlobClient.from_blob_url(url)
        return BlobRef(container=client.container_name, name=client.blob_name)

    def read(self, blob: BlobRef) -> bytes:
        """Read a small blob whole.

        Raises:
            BlobMissingError, BlobChangedError: the content that the reference means is gone.
            ServiceRefusedError, ServiceUnavailableError: storage says no, or does not answer.
        """
        with self._errors(blob):
            client = self._service.get_blob_client(blob.container, blob.name)
            content: bytes = client.download_blob(**_if_match(blob)).readall()
        return content

    def download(self, blob: BlobRef, target: Path) -> str:
        """Stream a blob into a file and return the SHA-256 (hex) of its bytes; raises as ``read``."""
        digest = hashlib.sha256()
        with self._errors(blob), target.open("wb") as file:
            client = self._service.get_blob_client(blob.container, blob.name)
            for chunk in client.download_blob(**_if_match(blob)).chunks():
                digest.update(chunk)
                file.write(chunk)
        return digest.hexdigest()

    def write(self, blob: BlobRef, data: bytes, *, content_type: str) -> None:
        """Write a blob, overwriting what was there; raises as ``read``."""
        from azure.storage.blob import ContentSettings

        with self._errors(blob):
            self._service.get_blob_client(blob.container, blob.name).upload_blob(
                data, overwrite=True, content_settings=ContentSettings(content_type=content_type)
            )

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    @contextmanager
    def _errors(self, blob: BlobRef) -> Iterator[None]:
        from azure.core.exceptions import (
            ClientAuthenticationError,
            HttpResponseError,
            ResourceModifiedError,
            ResourceNotFoundError,
            ServiceRequestError,
            ServiceResponseError,
        )

        url = f"{self._service.url.rstrip('/')}/{blob.container}/{blob.name}"
        try:
            yield
        except ResourceNotFoundError as error:
            raise BlobMissingError(url) from error
        except ResourceModifiedError as error:
            # A condition on a blob that is gone fails as a condition on some servers.
            if not self._service.get_blob_client(blob.container, blob.name).exists():
                raise BlobMissingError(url) from error
            raise BlobChangedError(url, blob.etag or "") from error
        except ClientAuthenticationError as error:
            hint = "the job's credential needs the role Storage Blob Data Contributor"
            raise ServiceRefusedError("blob storage", str(error.message), hint) from error
        except (ServiceRequestError, ServiceResponseError) as error:
            raise ServiceUnavailableError("blob storage", str(error.message)) from error
        except HttpResponseError as error:
            if error.status_code == 403:
                hint = "the job's credential needs the role Storage Blob Data Contributor"
                raise ServiceRefusedError("blob storage", str(error.message), hint) from error
            raise ServiceUnavailableError("blob storage", str(error.message)) from error


def _if_match(blob: BlobRef) -> dict[str, Any]:
    if blob.etag is None:
        return {}
    from azure.core import MatchConditions

    # Event Grid gives the etag bare; the header wants its quotes.
    etag = blob.etag if blob.etag.startswith(('"', "W/")) else f'"{blob.etag}"'
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def _databricks_credential(name: str) -> Any:
    from databricks.sdk import runtime

    # The SDK's type stub does not know this call of the runtime's dbutils.
    dbutils: Any = runtime.dbutils
    return dbutils.credentials.getServiceCredentialsProvider(name)
