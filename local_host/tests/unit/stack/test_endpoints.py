"""Addresses and the settings made from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from local_host.stack.endpoints import Endpoints
from local_host.stack.state_folder import StateFolder

ENDPOINTS = Endpoints(app=1, blob=2, queue=3, table=4, mlflow=5, databricks=6, eventgrid=7, servicebus=8)


def test_the_storage_clients_take_the_connection_string() -> None:
    """Each finds its own service."""
    with BlobServiceClient.from_connection_string(ENDPOINTS.storage_connection_string) as blobs:
        assert blobs.url == "http://127.0.0.1:2/devstoreaccount1/"
    with TableServiceClient.from_connection_string(ENDPOINTS.storage_connection_string) as tables:
        assert tables.url == "http://127.0.0.1:4/devstoreaccount1"


def test_endpoints_are_read_as_they_were_written(tmp_path: Path) -> None:
    """endpoints.json also has the addresses for other readers."""
    folder = StateFolder(tmp_path)
    assert Endpoints.load(folder) is None
    ENDPOINTS.save(folder)
    assert Endpoints.load(folder) == ENDPOINTS
    assert json.loads(folder.endpoints.read_text())["app_url"] == "http://127.0.0.1:1"


def test_a_file_of_before_a_service_existed_is_read(tmp_path: Path) -> None:
    """The new service has no port yet."""
    folder = StateFolder(tmp_path)
    ports = {name: port for name, port in ENDPOINTS.ports().items() if name != "servicebus"}
    folder.endpoints.write_text(json.dumps({"ports": ports | {"gone": 9}}))
    assert Endpoints.load(folder) == Endpoints(**ports, servicebus=0)


def test_the_connection_string_of_the_broker() -> None:
    """It is that of the development emulator, spelled exactly so, for the broker's own port."""
    assert ENDPOINTS.servicebus_connection_string == (
        "Endpoint=sb://127.0.0.1:8;SharedAccessKeyName=RootManageSharedAccessKey;"
        "SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;"
    )


def test_a_damaged_file_is_a_clear_error(tmp_path: Path) -> None:
    """With the file's name and what to do."""
    folder = StateFolder(tmp_path)
    folder.endpoints.write_text("{")
    with pytest.raises(RuntimeError, match=r"endpoints\.json is not JSON: .* Delete the file"):
        Endpoints.load(folder)
