"""What an app's local_host.toml may say."""

from pathlib import Path

import pytest

from local_host.app_config import FILE, AppConfig, AppConfigError
from local_host.stack.app_settings import app_settings, host_settings, load_app_config, with_app_settings
from local_host.stack.endpoints import Endpoints
from local_host.stack.errors import StackError

ENDPOINTS = Endpoints(app=1, blob=2, queue=3, table=4, mlflow=5, databricks=6, eventgrid=7, servicebus=8)
WHOLE = """
containers = ["incoming"]
mlflow = true
packages = ["duckdb"]
[commands]
stack = "run it"
[blob_events]
container = "incoming"
function = "on_new_file"
[servicebus]
queues = "queues.yml"
identity = "app"
instead = "OTHER_BUS"
[databricks]
jobs = "jobs"
[authentication]
roles = ["Reader"]
[settings]
STORE = "${storage}"
BUS = "${servicebus}"
TOPIC = "${topic_url} ${token}"
SERVERS = "${mlflow_url} ${databricks_url} ${app_url}"
PRICE = "$$5"
[functions.settings]
NOTES = "${state}/notes"
"""


def load(folder: Path, text: str) -> AppConfig:
    """An app whose file has this text."""
    (folder / FILE).write_text(text, encoding="utf-8")
    return AppConfig.load(folder)


def test_settings_name_the_addresses_of_the_stack(tmp_path: Path) -> None:
    """The storage of the host itself is always told."""
    app = load(tmp_path, WHOLE)
    settings = app_settings(app, ENDPOINTS)
    assert settings["STORE"] == settings["AzureWebJobsStorage"] == ENDPOINTS.storage_connection_string
    assert settings["BUS"].startswith("Endpoint=sb://127.0.0.1:8;SharedAccessKeyName=app;")
    assert settings["TOPIC"] == "http://127.0.0.1:7/api/events local-development"
    assert settings["SERVERS"] == "http://127.0.0.1:5 http://127.0.0.1:6 http://127.0.0.1:1"
    assert settings["PRICE"] == "$5"
    assert host_settings(app, ENDPOINTS, Path("/state")) == {"NOTES": "/state/notes"}
    assert with_app_settings(ENDPOINTS, app).environment() == settings


def test_another_broker_and_another_storage(tmp_path: Path) -> None:
    """Each only if it is named."""
    app = load(tmp_path, WHOLE)
    assert app_settings(app, ENDPOINTS, {"OTHER_BUS": "Endpoint=sb://elsewhere"})["BUS"] == "Endpoint=sb://elsewhere"
    settings = app_settings(app, ENDPOINTS, storage="UseDevelopmentStorage=true")
    assert settings["STORE"] == settings["AzureWebJobsStorage"] == "UseDevelopmentStorage=true"


def test_an_app_without_a_file_has_defaults(tmp_path: Path) -> None:
    """It is told where its storage is, and nothing else."""
    app = AppConfig.load(tmp_path)
    assert app == AppConfig()
    assert list(app_settings(app, ENDPOINTS)) == ["AzureWebJobsStorage"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("[", "is not TOML"),
        ("container = []", "container: Extra inputs are not permitted"),
        ("[servicebus]\nqueue = 'q'", "servicebus.queues: Field required; servicebus.queue: Extra inputs"),
        ("[settings]\nA = '${store}'", "settings.A: Value error, names store; there is storage, servicebus,"),
        ("[settings]\nA = '${state}'", "settings.A: Value error, names state"),
        ("[settings]\nA = '$ 5'", "settings.A: Value error, holds a $ that is neither"),
        ("[settings]\nA = 5", "settings.A: Input should be a valid string"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str, rule: str) -> None:
    """The error names the file, the key and the rule; a stack says the same."""
    with pytest.raises(AppConfigError) as raised:
        load(tmp_path, text)
    assert str(tmp_path / FILE) in str(raised.value)
    assert rule in str(raised.value)
    with pytest.raises(StackError) as refused:
        load_app_config(tmp_path)
    assert refused.value.code == "app_config"
