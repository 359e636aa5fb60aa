"""The handlers of the triggers, behind a sign-in as App Service states it."""

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from nightshift.domain.platform.sign_in import VARIABLE
from tests.integration.triggers.blob_events_app import App


@pytest.fixture(autouse=True)
def _signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform says that its authentication is on."""
    monkeypatch.setenv(VARIABLE, "True")


@pytest.fixture
def app(tables: TableServiceClient, blobs: BlobServiceClient, model: str) -> App:
    """The handlers."""
    return App(tables, blobs, model)
