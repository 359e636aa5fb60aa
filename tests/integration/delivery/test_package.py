"""The package that is built is the app: whole, able to start, and nothing besides."""

import json
import marshal
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nightshift.delivery.command import CommandError
from nightshift.delivery.commit import Commit
from nightshift.delivery.dependencies import FOLDER
from nightshift.delivery.package import Package, build
from nightshift.delivery.releases import Release

ROOT = Path(__file__).resolve().parents[3]
PYTHON = "{}.{}".format(*sys.version_info[:2])
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
    """The package of the project as it lies in the folder, for the Python that runs the tests."""
    return build(Commit.find(checkout), tmp_path_factory.mktemp("package"), PYTHON)


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
    (tmp_path / "local_host").symlink_to(ROOT / "local_host" / "src" / "local_host")
    command = [sys.executable, "-I", "-S", "-c", _LOAD, str(unpacked), str(unpacked / FOLDER), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    here = [sys.executable, "-c", _LOAD, str(ROOT), str(ROOT), str(ROOT)]
    expected = subprocess.run(here, capture_output=True, text=True, check=True, timeout=300, cwd=ROOT)
    assert loaded["functions"] == json.loads(expected.stdout)["functions"]
    assert {"azure.functions", "nightshift", "nightshift.triggers", "pydantic"} <= set(loaded["modules"])


def test_nothing_but_the_app_is_in_it(package: Package) -> None:
    """No test, no command line, no local host, no training code, no infrastructure."""
    tops = {name.split("/")[0] for name in _own(package)}
    assert {"function_app.py", "host.json", "nightshift", "model_specs"} <= tops
    assert tops & {"tests", "local_host", "training", "terraform", "benchmarks", "evals", "docs"} == set()
    rooms = {name.split("/")[1] for name in _own(package) if name.startswith("nightshift/")}
    assert {"domain", "triggers"} <= rooms
    assert rooms & {"cli", "delivery", "training"} == set()
    assert [name for name in tops if name.startswith(".")] == []
    with zipfile.ZipFile(package.path) as files:
        assert files.read("VERSION").decode().strip() == package.version
        assert files.read("PYTHON_VERSION").decode().strip() == PYTHON
    assert [name for name in _own(package) if "settings.json" in name or name.endswith(".md")] == []


def test_every_module_is_compiled(unpacked: Path) -> None:
    """But the tests of dependencies; tracebacks name the folder in Azure."""
    names = [path.relative_to(unpacked) for path in unpacked.rglob("*.py")]
    tag = f"{sys.implementation.cache_tag}.pyc"
    missing = [
        name
        for name in names
        if not (unpacked / name.parent / "__pycache__" / f"{name.stem}.{tag}").is_file() and "tests" not in name.parts
    ]
    assert missing == []
    compiled = (unpacked / "__pycache__" / f"function_app.{tag}").read_bytes()
    code = marshal.loads(compiled[16:])  # noqa: S302 - what this test has built
    assert code.co_filename == "/home/site/wwwroot/function_app.py"


def test_the_app_starts_from_its_bytecode(unpacked: Path, tmp_path: Path) -> None:
    """Nothing is compiled when it is imported: a source that has changed since is not looked at."""
    folder = tmp_path / "deployed"
    shutil.copytree(unpacked, folder, ignore=lambda path, _: {".python_packages"} if Path(path) == unpacked else set())
    (folder / "nightshift" / "domain" / "platform" / "names.py").write_text(
        "raise AssertionError('compiled again')\n", encoding="utf-8"
    )
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        "import sys; sys.path[:0] = [sys.argv[1]]; import nightshift.domain.platform.names",
    ]
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_wheel_of_the_jobs_is_of_the_same_commit(package: Package, checkout: Path) -> None:
    """Training with domain and validation, as the commit has them."""
    with zipfile.ZipFile(package.wheel) as wheel:
        assert (
            wheel.read("nightshift/training/jobs/train.py")
            == (checkout / "nightshift" / "training" / "jobs" / "train.py").read_bytes()
        )
        rooms = {"/".join(name.split("/")[:2]) for name in wheel.namelist() if ".dist-info/" not in name}
    assert rooms == {"nightshift/__init__.py", *(f"nightshift/{room}" for room in ("domain", "training", "validation"))}


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
    stray = checkout / "nightshift" / "domain" / "stray.py"
    stray.write_text("STRAY = True\n", encoding="utf-8")
    try:
        again = build(Commit.find(checkout), tmp_path, PYTHON)
    finally:
        stray.unlink()
    assert again.digest == package.digest
    assert again.digests.read_text(encoding="utf-8") == package.digests.read_text(encoding="utf-8")
    assert again.bill.read_bytes() == package.bill.read_bytes()


def test_a_commit_that_does_not_exist_is_named(checkout: Path) -> None:
    """git's own words reach the person."""
    with pytest.raises(CommandError, match="no-such-branch"):
        Commit.find(checkout, "no-such-branch")
