"""Reading the workspace file."""

from pathlib import Path

import pytest

from local_host.databricks.workspace_file import WorkspaceFileError, load_workspace_file

GOOD = """
clusters:
  - cluster_name: explore
    spark_version: 15.4.x-scala2.12
    autotermination_minutes: 60
    custom_tags: {essential: "false"}
sql_warehouses:
  - name: reports
    state: STOPPED
    tags: {custom_tags: [{key: essential, value: "true"}]}
serving_endpoints:
  - name: revenue-forecast
"""


def _faults(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "workspace.yml"
    file.write_text(text)
    with pytest.raises(WorkspaceFileError) as caught:
        load_workspace_file(file)
    return str(caught.value).splitlines()


def test_a_workspace(tmp_path: Path) -> None:
    """Clusters and warehouses run unless the file says otherwise; an endpoint may wait for its first model."""
    file = tmp_path / "workspace.yml"
    file.write_text(GOOD)
    listed = load_workspace_file(file)
    assert [(cluster.cluster_name, cluster.state) for cluster in listed.clusters] == [("explore", "RUNNING")]
    assert [(warehouse.name, warehouse.state) for warehouse in listed.sql_warehouses] == [("reports", "STOPPED")]
    assert [(endpoint.name, endpoint.config) for endpoint in listed.serving_endpoints] == [("revenue-forecast", None)]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Each names field, value and rule."""
    text = GOOD.replace("autotermination_minutes: 60", "auto_termination: 60").replace("STOPPED", "PAUSED")
    unknown, state = _faults(tmp_path, text)
    assert unknown.startswith("workspace.yml: clusters.0.auto_termination: Extra inputs ")
    assert unknown.endswith(" (value: 60)")
    assert state.startswith("workspace.yml: sql_warehouses.0.state: ")
    assert state.endswith(" 'RUNNING' or 'STOPPED' (value: 'PAUSED')")


def test_names_must_be_unique(tmp_path: Path) -> None:
    """They tell at a later start what exists already."""
    text = GOOD + "  - name: revenue-forecast\n"
    (fault,) = _faults(tmp_path, text)
    assert fault.startswith("workspace.yml: serving_endpoints.name: 'revenue-forecast' ")
    assert fault.endswith(" unique")


def test_no_yaml(tmp_path: Path) -> None:
    """A file that is none, and one that is not there."""
    assert _faults(tmp_path, "clusters: [")[0].startswith("workspace.yml: not a YAML file: ")
    with pytest.raises(WorkspaceFileError, match=r"--workspace: cannot read .*nowhere\.yml: No such file"):
        load_workspace_file(tmp_path / "nowhere.yml")
