"""One content of one blob, and the event that tells of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# Any fixed value: it only keeps these ids apart from other name-based ids.
_EVENT_NAMESPACE = uuid.UUID("5f0c7a52-8a0b-4a4e-9f6c-6f1d0a2b9c11")
_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class BlobVersion:
    """What a listing says about a block blob. Times are UTC with whole seconds; `etag` is without quotes."""

    account: str
    container: str
    name: str
    etag: str
    created_at: datetime
    modified_at: datetime
    size: int
    content_md5: str | None
    content_type: str | None

    @property
    def event_id(self) -> str:
        """The event's identity: from the blob and its etag, never from the clock or the emulator's port."""
        return str(uuid.uuid5(_EVENT_NAMESPACE, f"{self.account}/{self.container}/{self.name}@{self.etag}"))


def blob_created(blob: BlobVersion, *, url: str, sequence: int) -> dict[str, Any]:
    """The Microsoft.Storage.BlobCreated event, Event Grid schema, as a storage account of Azure sends it."""
    return {
        "topic": (
            f"/subscriptions/{_SUBSCRIPTION}/resourceGroups/local"
            f"/providers/Microsoft.Storage/storageAccounts/{blob.account}"
        ),
        "subject": f"/blobServices/default/containers/{blob.container}/blobs/{blob.name}",
        "eventType": "Microsoft.Storage.BlobCreated",
        "eventTime": blob.modified_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z"),
        "id": blob.event_id,
        "data": {
            # A listing does not say which call wrote the blob; PutBlob is what the SDKs use up to 64 MiB.
            "api": "PutBlob",
            "requestId": blob.event_id,
            "eTag": blob.etag,
            "contentType": blob.content_type or "application/octet-stream",
            "contentLength": blob.size,
            "blobType": "BlockBlob",
            "accessTier": "Default",
            "url": url,
            # Compared as text, for one blob: a later event has the greater sequencer.
            "sequencer": f"{sequence:048x}",
            "storageDiagnostics": {"batchId": blob.event_id},
        },
        "dataVersion": "",
        "metadataVersion": "1",
    }
