"""SQL warehouses in the state file."""

import pytest

from local_host.databricks.compute_settings import WarehouseSettings
from local_host.databricks.database import Database
from local_host.databricks.warehouse_store import WarehouseStore

from .conftest import Clock


@pytest.fixture
def warehouses(database: Database, clock: Clock) -> WarehouseStore:
    """A store whose warehouses take a second to start and to stop."""
    return WarehouseStore(database, clock, 1000)


def _state(warehouses: WarehouseStore, warehouse_id: str) -> str:
    found = warehouses.get(warehouse_id)
    assert found is not None
    return found.state


def test_a_warehouse_starts_and_stops_in_time(warehouses: WarehouseStore, clock: Clock) -> None:
    """STARTING, RUNNING, STOPPING, STOPPED; a repeated order changes nothing."""
    made = warehouses.create(WarehouseSettings(name="reports")).warehouse_id
    states = [_state(warehouses, made)]
    clock.milliseconds += 1000
    warehouses.start(made)
    states.append(_state(warehouses, made))
    warehouses.stop(made)
    states.append(_state(warehouses, made))
    clock.milliseconds += 1000
    warehouses.stop(made)
    states.append(_state(warehouses, made))
    assert states == ["STARTING", "RUNNING", "STOPPING", "STOPPED"]


def test_a_warehouse_keeps_its_settings(warehouses: WarehouseStore) -> None:
    """Tags come back as they were given."""
    tags = {"custom_tags": [{"key": "essential", "value": "false"}]}
    settings = WarehouseSettings.model_validate({"name": "reports", "cluster_size": "Small", "tags": tags})
    made = warehouses.create(settings)
    assert made.settings == settings
    assert warehouses.all() == [made]
