"""The handlers of the triggers."""

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from tests.integration.triggers.blob_events_app import App


@pytest.fixture
def app(tables: TableServiceClient, blobs: BlobServiceClient, model: str) -> App:
    """The handlers."""
    return App(tables, blobs, model)
