"""SQL warehouses through the real SDK."""

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, NotFound
from databricks.sdk.service.sql import EndpointTagPair, EndpointTags, State


def test_a_warehouse(client: WorkspaceClient) -> None:
    """Created starting, stopped, started again; its tags come back."""
    tags = EndpointTags([EndpointTagPair(key="essential", value="false")])
    made = client.warehouses.create(name="reports", cluster_size="Small", tags=tags).result()
    assert made.id is not None
    assert (made.name, made.state, made.cluster_size, made.tags) == ("reports", State.RUNNING, "Small", tags)
    assert client.warehouses.stop(made.id).result().state == State.STOPPED
    client.warehouses.stop(made.id)
    assert client.warehouses.get(made.id).state == State.STOPPED
    assert client.warehouses.start(made.id).result().state == State.RUNNING


def test_warehouses_in_pages(client: WorkspaceClient) -> None:
    """The SDK follows the pages; each warehouse comes once."""
    for number in range(5):
        client.warehouses.create(name=f"page {number}")
    names = [item.name for item in client.warehouses.list(page_size=2) if (item.name or "").startswith("page")]
    assert names == [f"page {number}" for number in range(5)]


def test_bad_warehouses(client: WorkspaceClient) -> None:
    """An unknown one is not found; a name is taken once; bounds must be in order."""
    with pytest.raises(NotFound, match="SQL warehouse none does not exist"):
        client.warehouses.stop("none")
    client.warehouses.create(name="taken")
    with pytest.raises(InvalidParameterValue, match="the name 'taken' exists already"):
        client.warehouses.create(name="taken")
    with pytest.raises(InvalidParameterValue, match="max_num_clusters: 1 is below min_num_clusters = 2"):
        client.warehouses.create(name="bounds", min_num_clusters=2, max_num_clusters=1)
