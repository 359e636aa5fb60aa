"""The bill of materials lists what is in the package."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nightshift.delivery.bill import bill
from nightshift.delivery.commit import Commit

_COMMIT = Commit(Path("unused"), "0123456789abcdef0123", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
_DIGEST = "a" * 64


def _locked() -> bytes:
    names = [("Some.Package", "1.2"), ("windows-only", "3.0")]
    components = [{"bom-ref": f"{name}@{version}", "name": name, "version": version} for name, version in names]
    return json.dumps(
        {
            "serialNumber": "urn:uuid:by-chance",
            "metadata": {"timestamp": "now", "component": {"bom-ref": "us", "name": "nightshift"}},
            "components": components,
            "dependencies": [
                {"ref": "us", "dependsOn": ["Some.Package@1.2", "windows-only@3.0"]},
                {"ref": "windows-only@3.0"},
            ],
        }
    ).encode()


def _made(folder: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(bill(_locked(), folder, _COMMIT, _DIGEST))
    return made


def test_only_what_is_installed_is_listed(tmp_path: Path) -> None:
    """A package of another platform is in the lock and not in the zip."""
    (tmp_path / "some_package-1.2.dist-info").mkdir()
    made = _made(tmp_path)
    assert [item["name"] for item in made["components"]] == ["Some.Package"]
    assert made["dependencies"] == [{"ref": "us", "dependsOn": ["Some.Package@1.2"]}]


def test_it_names_its_package_and_not_the_moment(tmp_path: Path) -> None:
    """Version, digest and time are the package's; made again, it is the same."""
    (tmp_path / "some_package-1.2.dist-info").mkdir()
    made = _made(tmp_path)
    component = made["metadata"]["component"]
    assert (component["version"], component["hashes"]) == ("0123456789ab", [{"alg": "SHA-256", "content": _DIGEST}])
    assert made["metadata"]["timestamp"] == "2026-01-02T03:04:05Z"
    assert made == _made(tmp_path)


def test_what_the_lock_does_not_know_is_a_fault(tmp_path: Path) -> None:
    """A package that came from elsewhere must not pass unseen."""
    (tmp_path / "stranger-9.dist-info").mkdir()
    with pytest.raises(AssertionError, match="stranger"):
        _made(tmp_path)
