"""The components as they are configured."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_host.stack.catalogue import COMPONENT_NAMES, build_components
from local_host.stack.component import Component
from local_host.stack.endpoints import Endpoints
from local_host.stack.state_folder import StateFolder

ENDPOINTS = Endpoints(app=1, blob=2, queue=3, table=4, mlflow=5, databricks=6, eventgrid=7, servicebus=8)


def build(tmp_path: Path, *names: str) -> dict[str, Component]:
    """Components by name."""
    chosen = [name for name in COMPONENT_NAMES if not names or name in names]
    folder = StateFolder(tmp_path / "state")
    components = build_components(chosen, root=tmp_path, folder=folder, endpoints=ENDPOINTS)
    return {component.name: component for component in components}


def test_all_components_in_the_order_of_their_start(tmp_path: Path) -> None:
    """The app is last, since it goes on with its work at once."""
    components = build(tmp_path)
    assert list(components) == ["azurite", "mlflow", "databricks", "servicebus", "eventgrid", "functions"]
    assert set(components["functions"].after) == {"azurite", "mlflow", "databricks", "servicebus", "eventgrid"}
    assert [name for name, component in components.items() if component.survives_kill] == ["databricks"]


def test_azurite_keeps_its_data_in_the_state_folder(tmp_path: Path) -> None:
    """And saves it often."""
    command = build(tmp_path, "azurite")["azurite"].command
    assert command[command.index("--location") + 1] == str(tmp_path / "state" / "azurite")
    assert command[command.index("--require") + 1].endswith("/local_host/azurite/persist_promptly.cjs")
    assert "--inMemoryPersistence" not in command


def test_mlflow_is_a_server_and_not_its_own_client(tmp_path: Path) -> None:
    """The tracking address is for the others."""
    component = build(tmp_path, "mlflow")["mlflow"]
    assert "MLFLOW_TRACKING_URI" not in component.environment
    assert component.environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert f"sqlite:///{tmp_path}/state/mlflow/mlflow.db" in component.command


def test_databricks_and_the_app_get_the_same_settings(tmp_path: Path) -> None:
    """Training finds the storage and the registry that the app uses; threads and notifications are the app's alone."""
    components = build(tmp_path, "databricks", "functions")
    told = {
        "PYTHON_THREADPOOL_THREAD_COUNT": "32",
        "NIGHTSHIFT_NOTIFY_FILE": str(tmp_path / "state" / "functions" / "notifications.jsonl"),
        "NIGHTSHIFT_PUBLIC_URL": ENDPOINTS.app_url,
    }
    assert components["functions"].environment == {**components["databricks"].environment, **told}
    assert components["databricks"].environment.items() >= ENDPOINTS.environment().items()


def test_event_grid_watches_bronze_for_the_blob_function(tmp_path: Path) -> None:
    """By the webhook of the functions host."""
    command = build(tmp_path, "eventgrid")["eventgrid"].command
    assert command[command.index("--container") + 1] == "bronze"
    url = "http://127.0.0.1:1/runtime/webhooks/eventgrid?functionName=on_blob_created"
    assert command[command.index("--subscriber") + 1] == url


def test_the_broker_has_the_queues_that_terraform_has(tmp_path: Path) -> None:
    """One definition file for both."""
    component = build(tmp_path, "servicebus")["servicebus"]
    command = component.command
    assert command[command.index("--queues") + 1] == str(tmp_path / "terraform" / "service_bus_queues.yml")
    assert command[command.index("--port") + 1] == "8"
    assert component.readiness() == "nobody listens at amqp://127.0.0.1:8"


def test_another_service_bus_is_used_only_if_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection string that lies about in the user's environment is not taken."""
    monkeypatch.setenv("NIGHTSHIFT_SERVICEBUS", "Endpoint=sb://production")
    (mine,) = build(tmp_path, "functions").values()
    assert "localhost" not in mine.environment["NIGHTSHIFT_SERVICEBUS"]
    assert "SharedAccessKeyName=app;" in mine.environment["NIGHTSHIFT_SERVICEBUS"]
    monkeypatch.setenv("NIGHTSHIFT_STACK_SERVICEBUS", "Endpoint=sb://localhost;UseDevelopmentEmulator=true;")
    (other,) = build(tmp_path, "functions").values()
    assert other.environment["NIGHTSHIFT_SERVICEBUS"] == "Endpoint=sb://localhost;UseDevelopmentEmulator=true;"
