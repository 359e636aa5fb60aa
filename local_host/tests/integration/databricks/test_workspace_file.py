"""What a fresh workspace has, and what stays of it."""

from pathlib import Path

from databricks.sdk.service.compute import State as ClusterState
from databricks.sdk.service.serving import EndpointStateReady
from databricks.sdk.service.sql import State as WarehouseState

from local_host.testing.workspace_process import Host

WORKSPACE = """
clusters:
  - {cluster_name: explore, spark_version: 15.4.x-scala2.12, custom_tags: {essential: "false"}}
  - {cluster_name: asleep, spark_version: 15.4.x-scala2.12, state: TERMINATED}
sql_warehouses:
  - {name: reports, tags: {custom_tags: [{key: essential, value: "true"}]}}
  - {name: idle, state: STOPPED}
serving_endpoints:
  - {name: revenue-forecast}
"""


def test_a_listed_workspace_survives_a_crash(tmp_path: Path) -> None:
    """It is made once; what was stopped since stays stopped, even through kill -9."""
    file = tmp_path / "workspace.yml"
    file.write_text(WORKSPACE)
    host = Host(tmp_path, options=["--workspace", str(file), "--settle-seconds", "0"])
    host.start()
    try:
        client = host.client()
        clusters = {item.cluster_name: item for item in client.clusters.list()}
        assert {name: item.state for name, item in clusters.items()} == {
            "explore": ClusterState.RUNNING,
            "asleep": ClusterState.TERMINATED,
        }
        assert clusters["explore"].custom_tags == {"essential": "false"}
        warehouses = {item.name: item for item in client.warehouses.list()}
        assert {name: item.state for name, item in warehouses.items()} == {
            "reports": WarehouseState.RUNNING,
            "idle": WarehouseState.STOPPED,
        }
        endpoint = client.serving_endpoints.get("revenue-forecast")
        assert endpoint.state is not None
        assert (endpoint.state.ready, endpoint.config) == (EndpointStateReady.NOT_READY, None)
        client.clusters.delete(clusters["explore"].cluster_id or "")
        client.warehouses.stop(warehouses["reports"].id or "")
        host.kill()
        host.start()
        client = host.client()
        assert {(item.cluster_name, item.cluster_id, item.state) for item in client.clusters.list()} == {
            ("explore", clusters["explore"].cluster_id, ClusterState.TERMINATED),
            ("asleep", clusters["asleep"].cluster_id, ClusterState.TERMINATED),
        }
        assert {(item.id, item.state) for item in client.warehouses.list()} == {
            (item.id, WarehouseState.STOPPED) for item in warehouses.values()
        }
    finally:
        host.close()
