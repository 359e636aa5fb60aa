"""The command line as somebody installs it who has no checkout: the wheel, by plain pip, in an empty environment."""

import json
import os
import re
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pandas as pd
import pytest

from nightshift.delivery.command import run
from nightshift.delivery.commit import Commit
from tests.e2e.conftest import ROOT, RunningApp
from tests.e2e.test_environment import machine
from tests.unit.delivery.environments import OUTPUT

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]

# What each is for: to sign in, to upload, `spec init`, HTTP, `handover`, records, specs, tables, options.
NEEDED = {
    "azure-identity",
    "azure-storage-blob",
    "duckdb",
    "httpx",
    "jinja2",
    "pydantic",
    "pyyaml",
    "rich",
    "typer",
}
ROOMS = {"__init__.py", "COMMIT", "cli", "clients", "delivery", "domain", "validation", "wiring"}


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the project as it lies in the folder, built as a release builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    run(
        str(Path(sys.executable).with_name("uv")), "build", "--quiet", "--wheel", "--out-dir", str(folder), cwd=checkout
    )
    (built,) = folder.glob("*.whl")
    return built


class Installed:
    """A virtual environment that holds the wheel and what it asks for, and nothing of this checkout."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self._folder = folder
        self._bin = folder / "venv" / "bin"
        run(sys.executable, "-m", "venv", str(folder / "venv"))
        run(str(self._bin / "python"), "-m", "pip", "install", "--quiet", str(wheel))

    def packages(self) -> set[str]:
        """Names of what is installed."""
        listed = json.loads(run(str(self._bin / "python"), "-m", "pip", "list", "--format", "json"))
        return {re.sub(r"[-_.]+", "-", item["name"]).lower() for item in listed}

    def call(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run the command in a folder of nobody's, with a home of its own."""
        named = {name: value for name, value in os.environ.items() if not name.startswith(("NIGHTSHIFT_", "PYTHON"))}
        environment = {**named, "HOME": str(self._folder), "COLUMNS": "400", **variables}
        command = [str(self._bin / "nightshift"), *arguments]
        return subprocess.run(
            command, cwd=self._folder, env=environment, capture_output=True, text=True, check=False, timeout=300
        )


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, installed by pip."""
    return Installed(tmp_path_factory.mktemp("installed"), wheel)


def test_the_wheel_holds_the_command_line_alone(wheel: Path, checkout: Path) -> None:
    """One package with a name of its own; nothing of the app that the command does not import."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        commit = archive.read("nightshift/COMMIT").decode().strip()
        (licence,) = [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]
        licence_text = archive.read(licence)
    packages = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert packages == {"nightshift"}
    assert {name.split("/")[1] for name in names if name.startswith("nightshift/")} == ROOMS
    assert commit == Commit.find(checkout).version
    assert licence_text == (ROOT / "LICENSE").read_bytes()


def test_its_metadata_say_what_it_is_and_needs(wheel: Path) -> None:
    """Licence, description, Pythons, and the dependencies of the command line only."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        told = message_from_string(archive.read(name).decode())
    assert (told["Name"], told["License-Expression"], told["License-File"]) == ("nightshift", "MIT", "LICENSE")
    assert "# Nightshift" in str(told.get_payload())
    assert "Environment :: Console" in told.get_all("Classifier", [])
    needs = [re.split(r"[ ;<>=!\[]", line)[0].lower() for line in told.get_all("Requires-Dist", [])]
    assert sorted(needs) == sorted(NEEDED)
    assert told.get_all("Provides-Extra", []) == []


def test_pip_installs_nothing_of_the_app(installed: Installed) -> None:
    """Neither the Functions SDK nor MLflow, and no stack."""
    packages = installed.packages()
    assert packages >= NEEDED
    heavy = (
        "azure-functions",
        "azure-servicebus",
        "databricks",
        "mlflow",
        "openai",
        "opentelemetry",
        "numpy",
        "pandas",
    )
    assert [name for name in packages if name.startswith(heavy)] == []


def test_it_says_its_version_and_its_commit(installed: Installed, checkout: Path) -> None:
    """Those that the wheel was built from."""
    done = installed.call("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"nightshift \S+ \(commit [0-9a-f]{12}\)\n", done.stdout)
    assert Commit.find(checkout).version in done.stdout


def test_it_helps_and_completes(installed: Installed) -> None:
    """Every command can be asked for its help without a stack."""
    done = installed.call("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert [name for name in ("runs", "incidents", "undo", "dlq", "spec") if f" {name} " not in done.stdout] == []
    assert "complete -o default" in installed.call("completion", "bash").stdout
    assert installed.call("doctor", "--help").returncode == 0


def test_specs_are_checked_and_drafted_without_a_checkout(installed: Installed, tmp_path: Path) -> None:
    """From any folder; a draft from CSV and from Parquet is a spec."""
    spec = ROOT / "model_specs" / "revenue_forecast.yaml"
    assert installed.call("spec", "check", str(spec)).returncode == 0
    schema = (ROOT / "model_specs" / "spec.schema.json").read_text(encoding="utf-8")
    assert installed.call("spec", "schema").stdout == schema
    csv = tmp_path / "sales.csv"
    csv.write_text("day,visits,revenue\n2026-01-01,1,2.5\n2026-01-02,2,3.5\n", encoding="utf-8")
    pd.read_csv(csv, parse_dates=["day"]).to_parquet(tmp_path / "returns.parquet")
    for data in (csv, tmp_path / "returns.parquet"):
        out = tmp_path / f"{data.stem}.yaml"
        drafted = installed.call("spec", "init", str(data), "--out", str(out))
        assert (drafted.returncode, drafted.stderr) == (0, "")
        assert installed.call("spec", "check", str(out)).returncode == 0
    nowhere = installed.call("spec", "init", str(csv))
    assert (nowhere.returncode, "cannot be written" in nowhere.stderr) == (1, True)
    assert "holds no model spec" in installed.call("spec", "check").stderr


@pytest.mark.parametrize(
    "line",
    ["up", "up --without-host", "down", "demo", "doctor", "runs", "incidents", "env add dev", "env check dev"],
)
def test_what_needs_a_checkout_says_so(installed: Installed, line: str) -> None:
    """One sentence with what to do, and exit code 1."""
    done = installed.call(*line.split())
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "needs a checkout of the project: clone it, run `make setup` there" in done.stderr


def test_for_scripts_a_missing_checkout_has_a_code(installed: Installed) -> None:
    """As every error with --json."""
    done = installed.call("doctor", "--json")
    assert (done.returncode, json.loads(done.stderr)["error"]["code"]) == (1, "no_checkout")


def test_an_app_that_does_not_answer_is_a_plain_error(installed: Installed, free_port: int) -> None:
    """Exit code 1, the address and the stable code of docs/commands.md."""
    address = f"http://127.0.0.1:{free_port}"
    done = installed.call("runs", "--json", NIGHTSHIFT_URL=address)
    assert (done.returncode, done.stdout) == (1, "")
    error = json.loads(done.stderr)["error"]
    assert (error["code"], address in error["message"]) == ("app_unreachable", True)
    plain = installed.call("incidents", NIGHTSHIFT_URL=address)
    assert (plain.returncode, plain.stderr.startswith("error: "), "Traceback" in plain.stderr) == (1, True, False)


def test_it_keeps_environments_in_the_users_configuration(installed: Installed, tmp_path: Path) -> None:
    """What Terraform's output says of an environment needs no checkout; the file is the user's."""
    output = tmp_path / "output.json"
    output.write_text(json.dumps(OUTPUT), encoding="utf-8")
    kept = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert installed.call("env", "add", "dev", "--from", str(output), **kept).returncode == 0
    assert (tmp_path / "config" / "nightshift" / "environments" / "dev.json").is_file()
    listed = json.loads(installed.call("env", "list", "--json", **kept).stdout)
    assert [item["name"] for item in listed["items"]] == ["dev"]


@pytest.mark.parametrize(
    "line",
    [
        "runs --json",
        "models --json",
        "incidents --json",
        "reviews --json",
        "dlq list --json",
        "in-flight --json",
        "ledger --verify --json",
        "handover --json",
        "doctor --json",
    ],
)
def test_it_operates_an_environment(installed: Installed, running: RunningApp, tmp_path: Path, line: str) -> None:
    """Signed in, against a running app."""
    environment = machine(running, tmp_path, "Operator")
    names = ("PATH", "NIGHTSHIFT_ENVIRONMENTS", "AZURE_TOKEN_CREDENTIALS")
    done = installed.call("--env", "dev", *line.split(), **{name: environment[name] for name in names})
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) is not None
