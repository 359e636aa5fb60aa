"""Who built a release is asked of its attestation, not of digests that travel with it. The GitHub CLI is a stand-in."""

import json
from pathlib import Path

import httpx
import pytest

from nightshift.delivery.archive import file_digest, write_zip
from nightshift.delivery.command import CommandError
from nightshift.delivery.commit import Commit
from nightshift.delivery.deploy import Delivery
from nightshift.delivery.environment import Environment
from nightshift.delivery.in_flight import RunsInFlight
from nightshift.delivery.releases import Release, Releases
from nightshift.domain.platform.errors import BadInputError
from tests.integration.delivery.conftest import AzureCli, put_on_path
from tests.unit.delivery.environments import OUTPUT

# It holds the flags that name the signer as the real one does, and takes a bundle for that of the digests in it.
GH = """
import hashlib, itertools, json, pathlib, sys
words = sys.argv[1:]
options = dict(itertools.pairwise(words))
bundle = json.loads(pathlib.Path(options["--bundle"]).read_text())
found = hashlib.sha256(pathlib.Path(words[2]).read_bytes()).hexdigest()
signer = f"{bundle['repository']}/.github/workflows/deliver.yml"
wanted = [options["--repo"], options["--signer-workflow"], options["--source-ref"], options["--source-digest"]]
good = words[:2] == ["attestation", "verify"] and found in bundle["digests"]
if not good or wanted != [bundle["repository"], signer, "refs/heads/main", bundle["commit"]]:
    sys.exit("no attestation matches")
"""
OURS = "contoso/nightshift"


@pytest.fixture
def built(azure_cli: AzureCli, history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    """A release of the last commit, as the pipeline leaves it."""
    put_on_path(azure_cli.folder, "gh", GH)
    monkeypatch.setattr("nightshift.delivery.releases.upload_wheel", lambda environment, wheel: None)
    folder = tmp_path / "built"
    folder.mkdir()
    release = Release(folder, Commit.find(history).version)
    write_zip(release.package, {"function_app.py": b"app", "PYTHON_VERSION": b"3.13"})
    release.wheel.write_bytes(b"wheel")
    _write_digests(release)
    _attest(release, Commit.find(history).digest)
    return release


def _write_digests(release: Release) -> None:
    lines = [f"{file_digest(file)}  {file.name}\n" for file in (release.package, release.wheel)]
    release.files[-1].write_text("".join(lines), encoding="utf-8")


def _attest(release: Release, commit: str, repository: str = OURS) -> None:
    digests = [file_digest(file) for file in (release.package, release.wheel)]
    bundle = {"repository": repository, "commit": commit, "digests": digests}
    release.attestation.write_text(json.dumps(bundle), encoding="utf-8")


def _releases(history: Path) -> Releases:
    return Releases(Environment.parse("dev", json.dumps(OUTPUT), "here"), OURS, history)


def _delivery(history: Path) -> Delivery:
    def nothing(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"items": [], "next": None})

    releases = _releases(history)
    return Delivery(releases, RunsInFlight(releases.environment, httpx.MockTransport(nothing)))


@pytest.fixture(autouse=True)
def _signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of the app needs a tenant."""
    monkeypatch.setattr("nightshift.delivery.sign_in.SignIn.token", lambda _: "t")


def test_what_the_pipeline_built_is_deployed_and_comes_back(azure_cli: AzureCli, built: Release, history: Path) -> None:
    """The attestation is kept with the release: a rollback holds the same signature."""
    _delivery(history).deploy(built)
    assert (azure_cli.folder / f"packages~{built.attestation.name}").is_file()
    _releases(history).roll_back(built.version)
    assert len([call for call in azure_cli.calls() if "config-zip" in call]) == 2


def test_a_kept_release_without_its_attestation_does_not_come_back(
    azure_cli: AzureCli, built: Release, history: Path
) -> None:
    """Whoever may write to the container may remove it: the files alone are nobody's."""
    _delivery(history).deploy(built)
    (azure_cli.folder / f"packages~{built.attestation.name}").unlink()
    with pytest.raises(BadInputError, match="the pipeline of contoso/nightshift writes one"):
        _releases(history).roll_back(built.version)
    assert len([call for call in azure_cli.calls() if "config-zip" in call]) == 1


@pytest.mark.parametrize("part", ["package", "wheel"])
def test_a_forged_set_of_files_is_refused(azure_cli: AzureCli, built: Release, history: Path, part: str) -> None:
    """Whoever may write the files may write their digests, too: those agree, the signature does not."""
    _delivery(history).deploy(built)
    handed = len([call for call in azure_cli.calls() if "config-zip" in call])
    getattr(built, part).write_bytes(b"forged")
    _write_digests(built)
    for file in built.files:
        (azure_cli.folder / f"packages~{file.name}").write_bytes(file.read_bytes())
    built.verify()
    with pytest.raises(CommandError, match="no attestation matches"):
        _delivery(history).deploy(built)
    with pytest.raises(CommandError, match="no attestation matches"):
        _releases(history).roll_back(built.version)
    assert len([call for call in azure_cli.calls() if "config-zip" in call]) == handed


@pytest.mark.parametrize(("commit", "repository"), [("0" * 40, OURS), (None, "contoso/fork")])
def test_another_commits_or_anothers_signature_is_refused(
    azure_cli: AzureCli, built: Release, history: Path, commit: str | None, repository: str
) -> None:
    """An older release under a newer name, or the work of a fork's pipeline."""
    _attest(built, commit or Commit.find(history).digest, repository)
    with pytest.raises(CommandError, match="no attestation matches"):
        _delivery(history).deploy(built)
    assert [call for call in azure_cli.calls() if "config-zip" in call] == []


def test_without_an_attestation_nothing_is_deployed(azure_cli: AzureCli, built: Release, history: Path) -> None:
    """Where one is asked for."""
    built.attestation.unlink()
    with pytest.raises(BadInputError, match="the pipeline of contoso/nightshift writes one"):
        _delivery(history).deploy(built)
    assert azure_cli.calls() == []


def test_trusted_keys_of_the_checkout_are_used(azure_cli: AzureCli, built: Release, history: Path) -> None:
    """Where GitHub cannot be asked for them."""
    keys = history / "environments" / "trusted_root.jsonl"
    keys.parent.mkdir()
    keys.write_text("{}", encoding="utf-8")
    put_on_path(azure_cli.folder, "gh", f"import sys\nsys.exit('root' if {str(keys)!r} in sys.argv else 0)")
    with pytest.raises(CommandError, match="root"):
        _delivery(history).deploy(built)
