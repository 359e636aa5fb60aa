"""A release reaches an environment unchanged, and an earlier one comes back. The Azure CLI is a stand-in."""

import json
from pathlib import Path

import pytest

from delivery.archive import file_digest, write_zip
from delivery.command import CommandError
from delivery.deploy import Delivery, Release
from delivery.environment import Environment
from domain.errors import BadInputError
from tests.integration.delivery.conftest import AzureCli
from tests.unit.delivery.environments import OUTPUT


def _release(folder: Path, version: str = "0123456789ab", python: str = "3.13") -> Release:
    folder.mkdir(exist_ok=True)
    release = Release(folder, version)
    write_zip(release.package, {"function_app.py": version.encode(), "PYTHON_VERSION": python.encode()})
    release.wheel.write_bytes(b"wheel of " + version.encode())
    lines = [f"{file_digest(file)}  {file.name}\n" for file in (release.package, release.wheel)]
    release.files[-1].write_text("".join(lines), encoding="utf-8")
    return release


@pytest.fixture
def uploads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Wheels that were handed to the workspace, which needs a tenant."""
    seen: list[str] = []
    monkeypatch.setattr(
        "delivery.deploy.upload_wheel", lambda environment, wheel: seen.append(f"{environment.wheel}: {wheel.name}")
    )
    return seen


def _delivery(**changed: object) -> Delivery:
    return Delivery(Environment.parse("dev", json.dumps(OUTPUT | changed), "here"))


def test_a_release_is_kept_and_handed_over(azure_cli: AzureCli, uploads: list[str], tmp_path: Path) -> None:
    """Zip, wheel and digests into the environment's container; then one deploy without a build in Azure."""
    _delivery().deploy(_release(tmp_path / "built"))
    calls = azure_cli.calls()
    kept = [call[call.index("--name") + 1] for call in calls if call[:3] == ["storage", "blob", "upload"]]
    assert kept == [f"packages/nightshift-0123456789ab.{ending}" for ending in ("zip", "whl", "sha256")]
    assert calls[-1][:4] == ["functionapp", "deployment", "source", "config-zip"]
    assert calls[-1][calls[-1].index("--build-remote") + 1] == "false"
    assert calls[-1][calls[-1].index("--name") + 1] == "func-nightshift-dev-0000"
    assert len(uploads) == 1


def test_a_premium_plan_runs_from_its_blob(azure_cli: AzureCli, uploads: list[str], tmp_path: Path) -> None:
    """The blob that WEBSITE_RUN_FROM_PACKAGE names, and a restart."""
    _delivery(plan="EP1").deploy(_release(tmp_path / "built"))
    before_last, last = azure_cli.calls()[-2:]
    assert before_last[before_last.index("--name") + 1] == "nightshift.zip"
    assert last[:2] == ["functionapp", "restart"]
    assert len(uploads) == 1


def test_an_earlier_release_comes_back(azure_cli: AzureCli, uploads: list[str], tmp_path: Path) -> None:
    """With its own wheel, from what the environment has kept; nothing is built."""
    for version in ("aaaaaaaaaaaa", "bbbbbbbbbbbb"):
        _delivery().deploy(_release(tmp_path / version, version))
    _delivery().roll_back("aaaaaaaaaaaa")
    last = azure_cli.calls()[-1]
    assert Path(last[last.index("--src") + 1]).name == "nightshift-aaaaaaaaaaaa.zip"
    assert uploads[-1].endswith(": nightshift-aaaaaaaaaaaa.whl")


def test_a_version_that_was_never_here_is_named(azure_cli: AzureCli, uploads: list[str]) -> None:
    """Azure's own words, and nothing is handed over."""
    with pytest.raises(CommandError, match="does not exist"):
        _delivery().roll_back("cccccccccccc")
    assert uploads == []
    assert azure_cli.calls()[-1][:3] == ["storage", "blob", "download"]


@pytest.mark.parametrize("ending", ["zip", "whl"])
def test_a_changed_file_is_not_deployed(azure_cli: AzureCli, uploads: list[str], tmp_path: Path, ending: str) -> None:
    """What was built is what is deployed, or nothing."""
    release = _release(tmp_path / "built")
    (release.folder / f"nightshift-{release.version}.{ending}").write_bytes(b"changed")
    with pytest.raises(BadInputError, match="its SHA-256 is"):
        _delivery().deploy(release)
    assert (azure_cli.calls(), uploads) == ([], [])


def test_a_package_for_another_python_is_not_deployed(azure_cli: AzureCli, uploads: list[str], tmp_path: Path) -> None:
    """Its wheels would not load; what was kept before the environment's Python changed does not come back either."""
    with pytest.raises(BadInputError, match=r"is built for Python 3\.11, dev runs 3\.13"):
        _delivery().deploy(_release(tmp_path / "built", python="3.11"))
    assert (azure_cli.calls(), uploads) == ([], [])
    _delivery(python_version="3.11").deploy(_release(tmp_path / "earlier", "aaaaaaaaaaaa", python="3.11"))
    with pytest.raises(BadInputError, match=r"is built for Python 3\.11, dev runs 3\.13"):
        _delivery().roll_back("aaaaaaaaaaaa")
    assert len(uploads) == 1


def test_what_was_not_built_is_told(azure_cli: AzureCli, tmp_path: Path) -> None:
    """With the command that builds it."""
    with pytest.raises(BadInputError, match="is missing: `make package` makes it"):
        _delivery().deploy(Release(tmp_path, "0123456789ab"))
    assert azure_cli.calls() == []


def test_the_versions_are_listed(azure_cli: AzureCli) -> None:
    """In the order in which the storage tells them."""
    azure_cli.answer({"storage blob list": ["packages/nightshift-b.zip", "packages/nightshift-a.zip"]})
    assert _delivery().versions() == ["b", "a"]
