"""A rollback at night: with Python's own library, git and the Azure CLI, and nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from nightshift.delivery.archive import file_digest, write_zip
from nightshift.delivery.releases import Release
from nightshift.delivery.rollback import read_environment, wait_for_version
from nightshift.domain.platform.errors import BadInputError, ServiceUnavailableError
from tests.integration.delivery.conftest import ROOT, AzureCli
from tests.support.loopback_server import Answering, LoopbackServer
from tests.support.refusals import refusal
from tests.unit.delivery.environments import OUTPUT

VERSION = "0123456789ab"


class AzureSide(Answering):
    """The app's health, and the workspace's Files API."""

    versions: ClassVar[list[str]] = []
    wheels: ClassVar[list[tuple[str, str | None, bytes]]] = []
    refuses: ClassVar[int] = 0

    def do_GET(self) -> None:
        """The next version that the app says; the last one stays."""
        said = self.versions.pop(0) if len(self.versions) > 1 else self.versions[0]
        if said == "BROKEN":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"{")
            self.close_connection = True
            return
        self.answer_json({"status": "alive", "version": said})

    def do_PUT(self) -> None:
        """A wheel comes."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.wheels.append((self.path, self.headers["Authorization"], body))
        self.answer(self.refuses or 204, b"may not" if self.refuses else b"", {})


@pytest.fixture
def azure_side() -> Iterator[LoopbackServer]:
    """Both on one port."""
    AzureSide.versions[:], AzureSide.wheels[:], AzureSide.refuses = [VERSION], [], 0
    server = LoopbackServer(AzureSide)
    yield server
    server.close()


@pytest.fixture
def environments(azure_side: LoopbackServer, tmp_path: Path) -> Path:
    """The folder of the environments' files."""
    folder = tmp_path / "environments"
    folder.mkdir()
    document: dict[str, Any] = OUTPUT | {"app_url": azure_side.url, "databricks_url": azure_side.url}
    (folder / "dev.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def _kept(azure_cli: AzureCli, tmp_path: Path) -> None:
    """A release that the environment has had."""
    azure_cli.answer({"account get-access-token": {"accessToken": "t0ken"}})
    release = Release(tmp_path / "built", VERSION)
    write_zip(release.package, {"function_app.py": b"app", "PYTHON_VERSION": b"3.13"})
    release.wheel.write_bytes(b"wheel")
    lines = [f"{file_digest(file)}  {file.name}\n" for file in (release.package, release.wheel)]
    release.files[-1].write_text("".join(lines), encoding="utf-8")
    for file in release.files:
        (azure_cli.folder / f"packages~{file.name}").write_bytes(file.read_bytes())


def _run(environments: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command under a Python that has no packages but its own."""
    environ = {"PATH": os.environ["PATH"], "NIGHTSHIFT_ENVIRONMENTS": str(environments)}
    command = [sys.executable, "-S", "-m", "nightshift.delivery.rollback", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=60)


def test_it_needs_nothing_but_pythons_own_library(azure_cli: AzureCli, environments: Path, tmp_path: Path) -> None:
    """Zip and wheel come from the environment's container; it ends when the app says the version."""
    _kept(azure_cli, tmp_path)
    AzureSide.versions[:] = [VERSION]
    done = _run(environments, "dev", VERSION)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == [
        f"dev runs {VERSION}",
        "what waits there for a newer release: nightshift --env dev in-flight",
    ]
    assert [call for call in azure_cli.calls() if "config-zip" in call] != []
    path = OUTPUT["wheel"]
    assert AzureSide.wheels == [(f"/api/2.0/fs/files{path}?overwrite=true", "Bearer t0ken", b"wheel")]


def test_a_refused_wheel_stops_it(azure_cli: AzureCli, environments: Path, tmp_path: Path) -> None:
    """Zip and wheel go back together or not at all, and the workspace's words are shown."""
    _kept(azure_cli, tmp_path)
    AzureSide.refuses = 403
    done = _run(environments, "dev", VERSION)
    assert done.returncode == 1
    assert "HTTP 403: may not" in done.stderr
    assert [call for call in azure_cli.calls() if "config-zip" in call] == []


def test_versions_are_listed_the_same_way(azure_cli: AzureCli, environments: Path) -> None:
    """What can be put back is asked at night, too."""
    azure_cli.answer({"storage blob list": ["packages/nightshift-b.zip", "packages/nightshift-a.zip"]})
    assert _run(environments, "dev", "--list").stdout.split() == ["b", "a"]


@pytest.mark.parametrize("version", ["main", "../zip", "0123456789abcdef"])
def test_what_is_no_version_is_refused(azure_cli: AzureCli, environments: Path, version: str) -> None:
    """Before anything is asked of Azure."""
    done = _run(environments, "dev", version)
    assert (done.returncode, azure_cli.calls()) == (1, [])
    assert "first 12 digits of a commit" in done.stderr


def test_it_waits_until_the_app_says_the_version(azure_side: LoopbackServer) -> None:
    """A restart takes its time; what the app says last is shown if it never comes."""
    AzureSide.versions[:] = ["old", "old", VERSION]
    wait_for_version(azure_side.url, VERSION, 30, every=0)
    with pytest.raises(ServiceUnavailableError, match="says '0123456789ab' .*'other'"):
        wait_for_version(azure_side.url, "other", 0, every=0)


@pytest.mark.parametrize("name", ["qa", "../dev", ""])
def test_an_environment_without_a_file_is_refused(environments: Path, name: str) -> None:
    """The name becomes a file's name."""
    with pytest.raises(BadInputError, match="has no file"):
        read_environment(environments, name)


@pytest.mark.parametrize(
    ("text", "rule"),
    [("{", "must be a JSON object"), ("[]", "lacks name, app_url"), ('{"name": "dev"}', "lacks app_url")],
)
def test_a_damaged_file_is_refused(environments: Path, text: str, rule: str) -> None:
    """In words, at night."""
    (environments / "dev.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadInputError, match=rule):
        read_environment(environments, "dev")


def test_an_app_that_breaks_off_while_it_restarts_is_asked_again(azure_side: LoopbackServer) -> None:
    """A connection that ends in the middle of an answer is no end of the rollback."""
    AzureSide.versions[:] = ["BROKEN", VERSION]
    wait_for_version(azure_side.url, VERSION, 30, every=0)
    assert AzureSide.versions == [VERSION]


def test_a_file_of_another_environment_is_refused(environments: Path) -> None:
    """A copy under a wrong name would roll the wrong one back."""
    (environments / "prod.json").write_text((environments / "dev.json").read_text(encoding="utf-8"), encoding="utf-8")
    with refusal(BadInputError, "'dev'", field="environment", value="prod"):
        read_environment(environments, "prod")
