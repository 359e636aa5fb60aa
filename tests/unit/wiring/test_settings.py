"""Settings name what is missing or ill."""

from pathlib import Path

import pytest

from nightshift.domain.platform.errors import MisconfiguredError
from nightshift.wiring.settings import read_settings

AZURE = {
    "NIGHTSHIFT_BLOB_ENDPOINT": "https://a.blob.example",
    "NIGHTSHIFT_TABLE_ENDPOINT": "https://a.table.example",
    "NIGHTSHIFT_EVENTGRID_ENDPOINT": "https://t.example/api/events",
    "NIGHTSHIFT_SERVICEBUS__fullyQualifiedNamespace": "n.servicebus.example",
    "DATABRICKS_HOST": "https://w.example",
    "MLFLOW_TRACKING_URI": "databricks",
}


def test_azure_needs_endpoints_and_no_secret() -> None:
    """With endpoints alone nothing but a managed identity is left to use."""
    settings = read_settings(AZURE, Path("/app"))
    assert (settings.storage_connection_string, settings.event_grid_key, settings.databricks_token) == (None,) * 3
    assert settings.mlflow_registry_uri == "databricks"
    assert settings.model_specs == Path("/app/model_specs")


@pytest.mark.parametrize("name", sorted(AZURE))
def test_a_missing_setting_is_named(name: str) -> None:
    """Each error says which setting it wants."""
    given = {key: value for key, value in AZURE.items() if key != name}
    with pytest.raises(MisconfiguredError, match=name):
        read_settings(given, Path("/app"))


def test_the_public_address_is_an_address() -> None:
    """Links are made of it, so a slash at its end is left out; anything else is refused and named."""
    assert read_settings(AZURE, Path("/app")).public_url == ""
    given = AZURE | {"NIGHTSHIFT_PUBLIC_URL": "https://night.example/"}
    assert read_settings(given, Path("/app")).public_url == "https://night.example"
    with pytest.raises(MisconfiguredError, match="NIGHTSHIFT_PUBLIC_URL = 'night.example': .*https://"):
        read_settings(given | {"NIGHTSHIFT_PUBLIC_URL": "night.example"}, Path("/app"))


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan-seconds"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    """Field, value and rule are in the message."""
    with pytest.raises(MisconfiguredError, match=f"NIGHTSHIFT_RETRY_SECONDS = {text!r}: .*positive"):
        read_settings(AZURE | {"NIGHTSHIFT_RETRY_SECONDS": text}, Path("/app"))


def test_all_that_is_wrong_is_named_at_once() -> None:
    """One restart mends everything; a value that may be a secret is not shown."""
    given = {"NIGHTSHIFT_RETRY_SECONDS": "soon", "NIGHTSHIFT_LLM_URL": "http://user:hunter2@x.example/v1"}
    with pytest.raises(MisconfiguredError) as raised:
        read_settings(given, Path("/app"))
    assert [problem.partition(" ")[0] for problem in raised.value.problems] == [
        "NIGHTSHIFT_BLOB_ENDPOINT",
        "NIGHTSHIFT_TABLE_ENDPOINT",
        "NIGHTSHIFT_SERVICEBUS__fullyQualifiedNamespace",
        "MLFLOW_TRACKING_URI",
        "DATABRICKS_HOST",
        "NIGHTSHIFT_EVENTGRID_ENDPOINT",
        "NIGHTSHIFT_RETRY_SECONDS",
        "NIGHTSHIFT_LLM_URL",
    ]
    assert "hunter2" not in raised.value.message
