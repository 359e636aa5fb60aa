"""Hosts, clients and folders for the tests of the local Databricks host."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from databricks.sdk import WorkspaceClient

from local_host.testing.workspace_process import Host


@pytest.fixture(scope="session")
def shared_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """One host for all tests that do not end it."""
    host = Host(tmp_path_factory.mktemp("databricks"))
    host.start()
    yield host
    host.close()


@pytest.fixture
def host(shared_host: Host) -> Iterator[Host]:
    """The shared host without ordered faults."""
    yield shared_host
    shared_host.http("DELETE", "/faults").raise_for_status()


@pytest.fixture
def own_host(tmp_path: Path) -> Iterator[Host]:
    """A host of the test's own, started."""
    host = Host(tmp_path)
    host.start()
    yield host
    host.close()


@pytest.fixture(scope="session")
def shared_client(shared_host: Host) -> WorkspaceClient:
    """One SDK client of the shared host, since making one takes a while."""
    return shared_host.client()


@pytest.fixture
def client(host: Host, shared_client: WorkspaceClient) -> WorkspaceClient:
    """The shared SDK client, while no fault is ordered that the test did not order."""
    return shared_client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder through which a test talks to its task's process."""
    made = tmp_path / "talk"
    made.mkdir()
    return made
