"""``local-host setup``: npm of the package's own Node, without one in PATH."""

import json
from pathlib import Path

import pytest

from local_host.stack.azurite import install_azurite, node
from local_host.stack.errors import StackError


def test_setup_installs_with_the_node_that_the_package_brings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts of packages run under it as well, wherever another Node is in PATH."""
    said = "node -p process.execPath > node.txt"
    package = {"name": "sample", "version": "1.0.0", "scripts": {"install": said}}
    (tmp_path / "package.json").write_text(json.dumps(package), encoding="utf-8")
    lock = {**package, "lockfileVersion": 3, "packages": {"": package}}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    install_azurite(tmp_path)
    assert (tmp_path / "node.txt").read_text(encoding="utf-8").strip() == str(node().resolve())


def test_a_setup_that_npm_refuses_is_an_error(tmp_path: Path) -> None:
    """There is no package here."""
    with pytest.raises(StackError) as caught:
        install_azurite(tmp_path)
    assert caught.value.code == "azurite_missing"
