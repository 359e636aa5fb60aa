"""The components as they are configured."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_host.app_config import AppConfig
from local_host.stack.catalogue import COMPONENT_NAMES, build_components, needed_components
from local_host.stack.component import Component
from local_host.stack.endpoints import Endpoints
from local_host.stack.errors import StackError
from local_host.stack.state_folder import StateFolder

APP = AppConfig.model_validate(
    {
        "mlflow": True,
        "blob_events": {"container": "incoming", "function": "on_new_file"},
        "servicebus": {"queues": "bus/queues.yml", "identity": "app", "instead": "OTHER_BUS"},
        "databricks": {"jobs": "jobs", "entry_points": "jobs/pyproject.toml", "workspace": "workspace.yml"},
        "settings": {
            "BUS": "${servicebus}",
            "MLFLOW_TRACKING_URI": "${mlflow_url}",
            "MLFLOW_REGISTRY_URI": "${mlflow_url}",
        },
        "functions": {
            "defaults": {"THREADS": "32"},
            "settings": {"NOTES": "${state}/notes.jsonl", "URL": "${app_url}"},
        },
    }
)
ENDPOINTS = Endpoints(app=1, blob=2, queue=3, table=4, mlflow=5, databricks=6, eventgrid=7, servicebus=8)


def build(tmp_path: Path, *names: str, app: AppConfig = APP) -> dict[str, Component]:
    """Components by name."""
    chosen = [name for name in COMPONENT_NAMES if not names or name in names]
    folder = StateFolder(tmp_path / "state")
    components = build_components(chosen, root=tmp_path, app=app, folder=folder, endpoints=ENDPOINTS)
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
    """Task runs find the storage and the registry that the app uses; what is the functions host's alone they do not."""
    components = build(tmp_path, "databricks", "functions")
    host, databricks = components["functions"], components["databricks"]
    told = {"THREADS": "32", "NOTES": str(tmp_path / "state" / "functions" / "notes.jsonl"), "URL": ENDPOINTS.app_url}
    assert host.environment == {**databricks.environment, **told}
    assert databricks.environment["AzureWebJobsStorage"] == ENDPOINTS.storage_connection_string
    assert databricks.command[databricks.command.index("--jobs") + 1] == str(tmp_path / "jobs")
    assert databricks.command[databricks.command.index("--entry-points") + 1] == str(tmp_path / "jobs/pyproject.toml")
    assert databricks.command[databricks.command.index("--workspace") + 1] == str(tmp_path / "workspace.yml")


def test_the_users_environment_overrides_a_default_and_no_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that lies about in it would lead to a real service."""
    monkeypatch.setenv("THREADS", "8")
    monkeypatch.setenv("BUS", "Endpoint=sb://production")
    environment = build(tmp_path, "functions")["functions"].environment
    assert environment["THREADS"] == "8"
    assert "127.0.0.1:8" in environment["BUS"]


def test_event_grid_watches_the_container_for_the_function(tmp_path: Path) -> None:
    """By the webhook of the functions host, with the key that publishers send."""
    component = build(tmp_path, "eventgrid")["eventgrid"]
    assert component.command[component.command.index("--container") + 1] == "incoming"
    url = "http://127.0.0.1:1/runtime/webhooks/eventgrid?functionName=on_new_file"
    assert component.command[component.command.index("--subscriber") + 1] == url
    assert component.environment["LOCAL_HOST_EVENTGRID_KEY"] == "local-development"


def test_the_broker_has_the_queues_of_the_app(tmp_path: Path) -> None:
    """And no table of roles unless the app names one."""
    component = build(tmp_path, "servicebus")["servicebus"]
    command = component.command
    assert command[command.index("--queues") + 1] == str(tmp_path / "bus" / "queues.yml")
    assert command[command.index("--port") + 1] == "8"
    assert "--roles" not in command
    assert component.readiness() == "nobody listens at amqp://127.0.0.1:8"


def test_another_service_bus_is_used_only_if_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the variable that the app has for it, which no process inherits."""
    (mine,) = build(tmp_path, "functions").values()
    assert "SharedAccessKeyName=app;" in mine.environment["BUS"]
    monkeypatch.setenv("OTHER_BUS", "Endpoint=sb://localhost;UseDevelopmentEmulator=true;")
    (other,) = build(tmp_path, "functions").values()
    assert other.environment["BUS"] == "Endpoint=sb://localhost;UseDevelopmentEmulator=true;"
    assert "OTHER_BUS" not in other.environment


def test_an_app_that_says_nothing_needs_storage_and_the_host(tmp_path: Path) -> None:
    """A component that is started all the same names the table that it lacks."""
    assert needed_components(AppConfig()) == ("azurite", "functions")
    assert needed_components(APP) == COMPONENT_NAMES
    with pytest.raises(StackError, match=r"does not say what \[servicebus\] needs"):
        build(tmp_path, "servicebus", app=AppConfig())
