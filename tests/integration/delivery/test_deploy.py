"""A release reaches an environment unchanged, and an earlier one comes back. The Azure CLI is a stand-in."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from nightshift.delivery.archive import file_digest, write_zip
from nightshift.delivery.command import CommandError
from nightshift.delivery.commit import Commit
from nightshift.delivery.deploy import Delivery
from nightshift.delivery.environment import Environment
from nightshift.delivery.in_flight import InFlightBrokenError, Replayed, RunsInFlight
from nightshift.delivery.releases import Release, Releases
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.view import InFlight
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


def _release(folder: Path, version: str = "0123456789ab", python: str = "3.13") -> Release:
    folder.mkdir(exist_ok=True)
    release = Release(folder, version)
    host = {"extensions": {"durableTask": {"defaultVersion": "3.0"}}}
    files = {"host.json": host, "orchestrators/replayed_versions.json": {"oldest": 2}}
    content = {name: json.dumps(document).encode() for name, document in files.items()}
    write_zip(release.package, {"function_app.py": version.encode(), "PYTHON_VERSION": python.encode(), **content})
    release.wheel.write_bytes(b"wheel of " + version.encode())
    lines = [f"{file_digest(file)}  {file.name}\n" for file in (release.package, release.wheel)]
    release.files[-1].write_text("".join(lines), encoding="utf-8")
    return release


@pytest.fixture(autouse=True)
def _signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of the app needs a tenant."""
    monkeypatch.setattr("nightshift.delivery.sign_in.SignIn.token", lambda _: "t")


@pytest.fixture
def uploads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Wheels that were handed to the workspace, which needs a tenant."""
    seen: list[str] = []
    monkeypatch.setattr(
        "nightshift.delivery.releases.upload_wheel",
        lambda environment, wheel: seen.append(f"{environment.wheel}: {wheel.name}"),
    )
    return seen


def _releases(root: Path | None = None, **changed: object) -> Releases:
    environment = Environment.parse("dev", json.dumps(OUTPUT | changed), "here")
    return Releases(environment) if root is None else Releases(environment, root=root)


def _delivery(root: Path | None = None, app: InFlightExample | None = None, **changed: object) -> Delivery:
    releases, found = _releases(root, **changed), app or InFlightExample()
    runs = RunsInFlight(releases.environment, httpx.MockTransport(found.answer), say=found.said.append)
    return Delivery(releases, runs)


def _version(root: Path, name: str) -> str:
    return Commit.find(root, name).version


def _deploys(calls: list[list[str]]) -> list[str]:
    """The versions that were handed to the app, in order."""
    return [
        Path(call[call.index("--src") + 1]).stem.removeprefix("nightshift-") for call in calls if "config-zip" in call
    ]


def test_a_release_is_kept_and_handed_over(azure_cli: AzureCli, uploads: list[str], tmp_path: Path) -> None:
    """Zip, wheel and digests into the environment's container; then one deploy without a build in Azure."""
    _delivery().deploy(_release(tmp_path / "built"))
    calls = azure_cli.calls()
    kept = [call[call.index("--name") + 1] for call in calls if call[:3] == ["storage", "blob", "upload"]]
    files = [f"packages/nightshift-0123456789ab.{ending}" for ending in ("zip", "whl", "sha256")]
    assert kept == [*files, "deployed"]
    (handed,) = (call for call in calls if call[0] == "functionapp")
    assert handed[:4] == ["functionapp", "deployment", "source", "config-zip"]
    assert handed[handed.index("--build-remote") + 1] == "false"
    assert handed[handed.index("--name") + 1] == "func-nightshift-dev-0000"
    assert len(uploads) == 1


def test_a_premium_plan_runs_from_its_blob(azure_cli: AzureCli, uploads: list[str], tmp_path: Path) -> None:
    """The blob that WEBSITE_RUN_FROM_PACKAGE names, and a restart."""
    _delivery(plan="EP1").deploy(_release(tmp_path / "built"))
    blob, restart, _ = azure_cli.calls()[-3:]
    assert blob[blob.index("--name") + 1] == "nightshift.zip"
    assert restart[:2] == ["functionapp", "restart"]
    assert len(uploads) == 1


def test_an_earlier_release_comes_back(azure_cli: AzureCli, uploads: list[str], history: Path, tmp_path: Path) -> None:
    """With its own wheel, from what the environment has kept; nothing is built, and then it goes forward from there."""
    first, second, third = (_version(history, name) for name in ("HEAD~2", "HEAD~1", "HEAD"))
    for version in (first, second):
        _delivery(history).deploy(_release(tmp_path / version, version))
    _releases(history).roll_back(first)
    assert uploads[-1].endswith(f": nightshift-{first}.whl")
    assert _releases(history).deployed() == first
    _delivery(history).deploy(_release(tmp_path / third, third))
    assert _deploys(azure_cli.calls()) == [first, second, first, third]


@pytest.mark.parametrize("name", ["HEAD~1", "beside"])
def test_a_deployment_goes_forward_only(
    azure_cli: AzureCli, uploads: list[str], history: Path, tmp_path: Path, name: str
) -> None:
    """An approval that comes late, or for a branch, does not undo what came after it."""
    newest, other = _version(history, "HEAD"), _version(history, name)
    _delivery(history).deploy(_release(tmp_path / newest, newest))
    with pytest.raises(BadInputError, match=f"after {newest}, .*make rollback ENV=dev"):
        _delivery(history).deploy(_release(tmp_path / other, other))
    assert (_deploys(azure_cli.calls()), len(uploads)) == ([newest], 1)


def test_the_same_version_may_be_deployed_again(
    azure_cli: AzureCli, uploads: list[str], history: Path, tmp_path: Path
) -> None:
    """A job that is run again after a failure."""
    newest = _version(history, "HEAD")
    for _ in range(2):
        _delivery(history).deploy(_release(tmp_path / newest, newest))
    assert _deploys(azure_cli.calls()) == [newest, newest]
    assert len(uploads) == 2


def test_what_is_deployed_must_be_known_here(
    azure_cli: AzureCli, uploads: list[str], history: Path, tmp_path: Path
) -> None:
    """A checkout without its history cannot tell forward from backward."""
    _delivery().deploy(_release(tmp_path / "built", "cccccccccccc"))
    newest = _version(history, "HEAD")
    with pytest.raises(BadInputError, match="fetch the whole history"):
        _delivery(history).deploy(_release(tmp_path / newest, newest))
    assert (_deploys(azure_cli.calls()), len(uploads)) == (["cccccccccccc"], 1)


def test_a_version_that_was_never_here_is_named(azure_cli: AzureCli, uploads: list[str]) -> None:
    """Azure's own words, and nothing is handed over."""
    with pytest.raises(CommandError, match="does not exist"):
        _releases().roll_back("cccccccccccc")
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
    with pytest.raises(BadInputError, match=r"Python 3\.11, dev runs 3\.13"):
        _delivery().deploy(_release(tmp_path / "built", python="3.11"))
    assert (azure_cli.calls(), uploads) == ([], [])
    _delivery(python_version="3.11").deploy(_release(tmp_path / "earlier", "aaaaaaaaaaaa", python="3.11"))
    with pytest.raises(BadInputError, match=r"Python 3\.11, dev runs 3\.13"):
        _releases().roll_back("aaaaaaaaaaaa")
    assert len(uploads) == 1


def test_what_was_not_built_is_reported(azure_cli: AzureCli, tmp_path: Path) -> None:
    """With the command that builds it."""
    with pytest.raises(BadInputError, match="missing: `make package`"):
        _delivery().deploy(Release(tmp_path, "0123456789ab"))
    assert azure_cli.calls() == []


def test_what_would_break_is_not_deployed_over(azure_cli: AzureCli, uploads: list[str], tmp_path: Path) -> None:
    """Nothing is kept and nothing handed over, unless somebody says so."""
    app = InFlightExample([_old(1)])
    with pytest.raises(InFlightBrokenError, match="2 review of version 1 "):
        _delivery(app=app).deploy(_release(tmp_path / "built"))
    assert (_deploys(azure_cli.calls()), uploads) == ([], [])
    assert [call for call in azure_cli.calls() if call[:3] == ["storage", "blob", "upload"]] == []
    _delivery(app=app).deploy(_release(tmp_path / "built"), break_in_flight=True)
    assert len(uploads) == 1


def test_a_drained_release_is_deployed(azure_cli: AzureCli, uploads: list[str], tmp_path: Path) -> None:
    """Nothing that would break is in flight any more."""
    _delivery(app=InFlightExample([_old(2)])).deploy(_release(tmp_path / "built"), drain=1)
    assert _deploys(azure_cli.calls()) == ["0123456789ab"]
    assert len(uploads) == 1


def test_a_rollback_during_the_drain_stands(
    azure_cli: AzureCli, uploads: list[str], history: Path, tmp_path: Path
) -> None:
    """What was waited for may take days; whoever put another release there meanwhile is not overruled."""
    first, second, third = (_version(history, name) for name in ("HEAD~2", "HEAD~1", "HEAD"))
    for version in (first, second):
        _delivery(history).deploy(_release(tmp_path / version, version))

    class Waiting(RunsInFlight):
        def drain(self, replayed: Replayed, minutes: float) -> None:
            _releases(history).roll_back(first)

    releases, app = _releases(history), InFlightExample()
    runs = Waiting(releases.environment, httpx.MockTransport(app.answer), say=app.said.append)
    with pytest.raises(BadInputError, match=f"had {second} .* has {first} now"):
        Delivery(releases, runs).deploy(_release(tmp_path / third, third), drain=5)
    assert _deploys(azure_cli.calls()) == [first, second, first]
    assert _releases(history).deployed() == first


def test_the_versions_are_listed(azure_cli: AzureCli) -> None:
    """In the order in which the storage tells them."""
    azure_cli.answer({"storage blob list": ["packages/nightshift-b.zip", "packages/nightshift-a.zip"]})
    assert _releases().versions() == ["b", "a"]
