"""A release reaches an environment unchanged, and an earlier one comes back. The Azure CLI is a stand-in."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from delivery.archive import file_digest, write_zip
from delivery.command import CommandError
from delivery.deploy import Delivery, Release, main
from delivery.environment import Environment
from delivery.in_flight import InFlightBrokenError, RunsInFlight
from domain.errors import BadInputError
from domain.view import InFlight
from tests.integration.delivery.conftest import AzureCli
from tests.unit.delivery.environments import OUTPUT


@dataclass
class InFlightExample:
    """An app in which these are in flight; it keeps what a delivery has asked and said."""

    groups: list[InFlight] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def answer(self, _: httpx.Request) -> httpx.Response:
        """The app's answer."""
        return httpx.Response(200, json={"items": [item.to_json() for item in self.groups], "next": None})


def _old(version: int) -> InFlight:
    return InFlight(
        orchestrator="review", version=version, count=2, oldest=datetime.now(UTC), steps={"await_decision": 2}
    )


def _release(folder: Path, version: str = "0123456789ab") -> Release:
    folder.mkdir(exist_ok=True)
    release = Release(folder, version)
    host = {"extensions": {"durableTask": {"defaultVersion": "3.0"}}}
    files = {"host.json": host, "orchestrators/replayed_versions.json": {"oldest": 2}}
    content = {name: json.dumps(document).encode() for name, document in files.items()}
    write_zip(release.package, {"function_app.py": version.encode(), **content})
    release.wheel.write_bytes(b"wheel of " + version.encode())
    lines = [f"{file_digest(file)}  {file.name}\n" for file in (release.package, release.wheel)]
    release.files[-1].write_text("".join(lines), encoding="utf-8")
    return release


@pytest.fixture(autouse=True)
def _signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of the app needs a tenant."""
    monkeypatch.setattr("delivery.sign_in.SignIn.token", lambda _: "t")


@pytest.fixture
def uploads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Wheels that were handed to the workspace, which needs a tenant."""
    seen: list[str] = []
    monkeypatch.setattr(
        "delivery.deploy.upload_wheel", lambda environment, wheel: seen.append(f"{environment.wheel}: {wheel.name}")
    )
    return seen


def _delivery(app: InFlightExample | None = None, **changed: object) -> Delivery:
    environment = Environment.parse("dev", json.dumps(OUTPUT | changed), "here")
    found = app or InFlightExample()
    runs = RunsInFlight(environment, httpx.MockTransport(found.answer), say=found.said.append)
    return Delivery(environment, runs)


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


def test_what_was_not_built_is_told(azure_cli: AzureCli, tmp_path: Path) -> None:
    """With the command that builds it."""
    with pytest.raises(BadInputError, match="is missing: `make package` makes it"):
        _delivery().deploy(Release(tmp_path, "0123456789ab"))
    assert azure_cli.calls() == []


def test_what_would_break_is_not_deployed_over(azure_cli: AzureCli, uploads: list[str], tmp_path: Path) -> None:
    """Nothing is kept and nothing handed over, unless somebody says so."""
    app = InFlightExample([_old(1)])
    with pytest.raises(InFlightBrokenError, match="2 review of version 1 would break"):
        _delivery(app).deploy(_release(tmp_path / "built"))
    assert (azure_cli.calls(), uploads) == ([], [])
    _delivery(app).deploy(_release(tmp_path / "built"), break_in_flight=True)
    assert len(uploads) == 1


def test_a_drained_release_is_deployed(azure_cli: AzureCli, uploads: list[str], tmp_path: Path) -> None:
    """Nothing that would break is in flight any more."""
    _delivery(InFlightExample([_old(2)])).deploy(_release(tmp_path / "built"), drain=1)
    assert azure_cli.calls()[-1][:4] == ["functionapp", "deployment", "source", "config-zip"]
    assert len(uploads) == 1


def test_a_rollback_is_held_back_by_nothing(azure_cli: AzureCli, uploads: list[str], tmp_path: Path) -> None:
    """What is newer waits, and is said; so is what would break."""
    _delivery().deploy(_release(tmp_path / "built", "aaaaaaaaaaaa"))
    app = InFlightExample([_old(1), _old(4)])
    _delivery(app).roll_back("aaaaaaaaaaaa")
    assert len(uploads) == 2
    assert azure_cli.calls()[-1][:4] == ["functionapp", "deployment", "source", "config-zip"]
    assert ["would break" in line for line in app.said] == [False, True, False]
    assert "wait until a release of version 4 is back" in app.said[-1]


@pytest.mark.parametrize("option", [["--drain", "5"], ["--break-in-flight"]])
def test_a_rollback_takes_no_option_that_waits(
    option: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says why."""
    monkeypatch.setattr("sys.argv", ["deploy", "dev", "--version", "aaaaaaaaaaaa", *option])
    with pytest.raises(SystemExit):
        main()
    assert "a rollback waits for nothing" in capsys.readouterr().err


def test_the_versions_are_listed(azure_cli: AzureCli) -> None:
    """In the order in which the storage tells them."""
    azure_cli.answer({"storage blob list": ["packages/nightshift-b.zip", "packages/nightshift-a.zip"]})
    assert _delivery().versions() == ["b", "a"]
