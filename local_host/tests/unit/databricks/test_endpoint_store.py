"""Serving endpoints in the state file."""

import pytest

from local_host.databricks.api_error import ApiError
from local_host.databricks.database import Database
from local_host.databricks.endpoint_store import EndpointStore
from local_host.databricks.serving_config import EndpointConfig, EndpointSettings, ServedEntity

from .conftest import Clock


def _config(version: str) -> EndpointConfig:
    return EndpointConfig(served_entities=(ServedEntity(entity_name="revenue", entity_version=version),))


@pytest.fixture
def endpoints(database: Database, clock: Clock) -> EndpointStore:
    """A store with one endpoint that serves nothing."""
    store = EndpointStore(database, clock)
    store.create(EndpointSettings(name="forecast"))
    return store


def test_an_endpoint_without_configuration(endpoints: EndpointStore) -> None:
    """It exists, serves nothing and is not being updated."""
    endpoint = endpoints.get("forecast")
    assert endpoint is not None
    assert (endpoint.config, endpoint.pending_config, endpoint.config_update) == (None, None, "NOT_UPDATING")


def test_an_update_replaces_what_serves(endpoints: EndpointStore) -> None:
    """What was served goes on until the update is complete."""
    endpoints.begin_update("forecast", _config("1"))
    endpoints.complete_update("forecast")
    during = endpoints.begin_update("forecast", _config("2"))
    assert (during.config, during.pending_config, during.config_update) == (_config("1"), _config("2"), "IN_PROGRESS")
    endpoints.complete_update("forecast")
    after = endpoints.get("forecast")
    assert after is not None
    assert (after.config, after.pending_config, after.config_version) == (_config("2"), None, 2)


def test_one_update_at_a_time(endpoints: EndpointStore) -> None:
    """A second one is a conflict, whatever it wants."""
    endpoints.begin_update("forecast", _config("1"))
    with pytest.raises(ApiError) as caught:
        endpoints.begin_update("forecast", _config("1"))
    assert (caught.value.status, caught.value.error_code) == (409, "RESOURCE_CONFLICT")


def test_a_failed_update_leaves_what_serves(endpoints: EndpointStore) -> None:
    """What was pending stays to be seen, and another update may begin."""
    endpoints.begin_update("forecast", _config("1"))
    endpoints.complete_update("forecast")
    endpoints.begin_update("forecast", _config("2"))
    endpoints.fail_update("forecast", "no files")
    failed = endpoints.get("forecast")
    assert failed is not None
    assert (failed.config, failed.pending_config) == (_config("1"), _config("2"))
    assert (failed.config_update, failed.failure) == ("UPDATE_FAILED", "no files")
    assert endpoints.begin_update("forecast", _config("3")).failure == ""


def test_names_are_unique(endpoints: EndpointStore) -> None:
    """A second endpoint of the same name is refused."""
    with pytest.raises(ApiError, match="already exists") as caught:
        endpoints.create(EndpointSettings(name="forecast"))
    assert caught.value.error_code == "RESOURCE_ALREADY_EXISTS"


def test_unknown_endpoint(endpoints: EndpointStore) -> None:
    """It is named."""
    with pytest.raises(ApiError, match="name 'other' does not exist") as caught:
        endpoints.begin_update("other", _config("1"))
    assert caught.value.status == 404
