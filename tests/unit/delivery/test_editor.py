"""Editor and container settings name what is there."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from local_host.stack import core_tools

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted([*(ROOT / ".vscode").glob("*.json"), ROOT / ".devcontainer" / "devcontainer.json"])
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_make_targets_and_folders_exist(file: Path) -> None:
    """A button that runs nothing is worse than none."""
    text = file.read_text(encoding="utf-8")
    _read(file)
    named = set(re.findall(r"\bmake ([a-z-]+)\"", text))
    assert named - set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)) == set()


def test_every_task_that_is_asked_for_is_there() -> None:
    """By launches and by other tasks."""
    tasks = _read(ROOT / ".vscode" / "tasks.json")["tasks"]
    labels = {task["label"] for task in tasks}
    launches = _read(ROOT / ".vscode" / "launch.json")["configurations"]
    asked = {launch["preLaunchTask"] for launch in launches if "preLaunchTask" in launch}
    assert (asked | {task["dependsOn"] for task in tasks if "dependsOn" in task}) - labels == set()


def test_what_is_debugged_is_a_module() -> None:
    """pytest, our host, our command line."""
    launches = _read(ROOT / ".vscode" / "launch.json")["configurations"]
    modules = {launch["module"] for launch in launches if "module" in launch}
    assert modules == {"local_host.functions", "pytest", "nightshift.cli"}


def test_the_container_has_a_python_that_the_project_takes() -> None:
    """Its image names the version, its ports are those of the stack without a host."""
    container = _read(ROOT / ".devcontainer" / "devcontainer.json")
    version = re.search(r"python:(3\.\d+)", container["image"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert version is not None
    assert f"Programming Language :: Python :: {version[1]}" in project["classifiers"]
    assert set(container["forwardPorts"]) < set(core_tools.ENDPOINTS.ports().values())
    assert container["postCreateCommand"] == "make setup"
