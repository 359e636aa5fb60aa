"""Starting the host: what stands in its way is said in one line, with exit code 2."""

import subprocess
from pathlib import Path

import pytest

from local_host.testing.workspace_process import Host


def _refusal(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 2
    return done.stderr.strip().splitlines()[-1]


def test_taken_port(host: Host, tmp_path: Path) -> None:
    """A taken port is named."""
    port = int(host.url.rpartition(":")[2])
    assert f"--port: cannot listen on 127.0.0.1:{port}" in _refusal(Host(tmp_path).command(port))


def test_state_folder_in_use(host: Host) -> None:
    """Two hosts never share a state folder."""
    assert _refusal(host.command()) == f"--state: another local Databricks host uses {host.state}"


def test_faulty_definition(tmp_path: Path) -> None:
    """A faulty job definition names file, field and value."""
    host = Host(tmp_path)
    (host.jobs / "bad.yml").write_text("name: bad\ntaskz: []\n")
    refusal = _refusal(host.command())
    assert (refusal.rpartition(": Extra inputs ")[0], refusal.endswith("(value: [])")) == ("bad.yml: taskz", True)


def test_missing_root(tmp_path: Path) -> None:
    """The project root must be there."""
    command = Host(tmp_path).command()
    command[command.index("--root") + 1] = str(tmp_path / "nowhere")
    assert _refusal(command).startswith(f"--root: {tmp_path / 'nowhere'} ")


@pytest.mark.parametrize(
    ("options", "place", "rule"),
    [
        (["--registry", "sqlite:///x.db"], "--registry: 'sqlite:///x.db' ", "http or https URL"),
        (["--settle-seconds", "-1"], "--settle-seconds: -1.0 ", "between 0 and 600"),
        (["--settle-seconds", "nan"], "--settle-seconds: nan ", "between 0 and 600"),
    ],
)
def test_options_out_of_bounds(tmp_path: Path, options: list[str], place: str, rule: str) -> None:
    """The option, its value and its rule."""
    refusal = _refusal(Host(tmp_path, options=options).command())
    assert (refusal[: len(place)], refusal[-len(rule) :]) == (place, rule)


def test_faulty_workspace_file(tmp_path: Path) -> None:
    """A faulty workspace file names file, field and value."""
    file = tmp_path / "workspace.yml"
    file.write_text("clusters:\n  - {cluster_name: a, spark_version: b, tags: {}}\n")
    refusal = _refusal(Host(tmp_path, options=["--workspace", str(file)]).command())
    assert refusal.startswith("workspace.yml: clusters.0.tags: Extra inputs ")
