"""The package that is built is the app: whole, able to start, and nothing besides."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from delivery.command import CommandError
from delivery.commit import Commit
from delivery.dependencies import FOLDER
from delivery.package import Package, build
from delivery.releases import Release

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.xdist_group("package"), pytest.mark.timeout(600)]

# The app's own loader, in a Python that knows nothing but the unpacked folder, its packages and that loader.
_LOAD = """
import json, sys
folder, packages, loader = sys.argv[1:]
sys.path[:0] = [folder, packages]
sys.path.append(loader)
from pathlib import Path
from local_host.functions.app_loader import load_functions
names = sorted(function.get_function_name() for function in load_functions(Path(folder), "function_app"))
modules = {name for name, module in sys.modules.items() if str(getattr(module, "__file__", "")).startswith(folder)}
print(json.dumps({"functions": names, "modules": sorted(modules)}))
"""


@pytest.fixture(scope="module")
def package(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The package of the project as it lies in the folder."""
    return build(Commit.find(checkout), tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def unpacked(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, as the Functions host unpacks it."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(package.path) as archive:
        archive.extractall(folder)
    return folder


def _own(package: Package) -> list[str]:
    with zipfile.ZipFile(package.path) as archive:
        return [name for name in archive.namelist() if not name.startswith(f"{FOLDER}/")]


def test_the_app_starts_from_it(unpacked: Path, tmp_path: Path) -> None:
    """Every function that the project has is found in the package, with the packages that are in it and no others."""
    (tmp_path / "local_host").symlink_to(ROOT / "local_host")
    command = [sys.executable, "-I", "-S", "-c", _LOAD, str(unpacked), str(unpacked / FOLDER), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    here = [sys.executable, "-c", _LOAD, str(ROOT), str(ROOT), str(ROOT)]
    expected = subprocess.run(here, capture_output=True, text=True, check=True, timeout=300, cwd=ROOT)
    assert loaded["functions"] == json.loads(expected.stdout)["functions"]
    assert {"azure.functions", "domain", "pydantic", "triggers"} <= set(loaded["modules"])


def test_nothing_but_the_app_is_in_it(package: Package) -> None:
    """No test, no command line, no local host, no training code, no infrastructure."""
    tops = {name.split("/")[0] for name in _own(package)}
    assert {"function_app.py", "host.json", "domain", "triggers", "model_specs"} <= tops
    assert (
        tops & {"tests", "cli", "delivery", "local_host", "training", "terraform", "benchmarks", "evals", "docs"}
        == set()
    )
    assert [name for name in tops if name.startswith(".")] == []
    with zipfile.ZipFile(package.path) as files:
        assert files.read("VERSION").decode().strip() == package.version
    assert [name for name in _own(package) if "settings.json" in name or name.endswith((".md", ".pyc"))] == []


def test_the_wheel_of_the_jobs_is_of_the_same_commit(package: Package, checkout: Path) -> None:
    """Training with domain and validation, as the commit has them."""
    with zipfile.ZipFile(package.wheel) as wheel:
        assert wheel.read("training/jobs/train.py") == (checkout / "training" / "jobs" / "train.py").read_bytes()
        tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"training", "domain", "validation", "nightshift_training-0.1.0.dist-info"}


def test_its_papers_are_beside_it(package: Package) -> None:
    """The digests are the files', and the bill names the same package and its dependencies."""
    bill = json.loads(package.bill.read_text(encoding="utf-8"))
    assert bill["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": package.digest}]
    names = {item["name"] for item in bill["components"]}
    assert {"azure-functions", "azure-functions-durable", "pydantic"} <= names
    assert names & {"pytest", "typer", "scikit-learn"} == set()
    release = Release(package.path.parent, package.version)
    release.verify()
    assert (release.package, release.wheel) == (package.path, package.wheel)
    assert package.digests.read_text(encoding="utf-8").startswith(f"{package.digest}  {package.path.name}\n")


def test_the_same_commit_gives_the_same_bytes(package: Package, checkout: Path, tmp_path: Path) -> None:
    """Built again, elsewhere, with something uncommitted lying about."""
    stray = checkout / "domain" / "stray.py"
    stray.write_text("STRAY = True\n", encoding="utf-8")
    try:
        again = build(Commit.find(checkout), tmp_path)
    finally:
        stray.unlink()
    assert again.digest == package.digest
    assert again.digests.read_text(encoding="utf-8") == package.digests.read_text(encoding="utf-8")
    assert again.bill.read_bytes() == package.bill.read_bytes()


def test_a_commit_that_does_not_exist_is_named(checkout: Path) -> None:
    """git's own words reach the person."""
    with pytest.raises(CommandError, match="no-such-branch"):
        Commit.find(checkout, "no-such-branch")
