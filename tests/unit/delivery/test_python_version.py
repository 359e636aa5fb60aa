"""One variable says which Python the app runs on in Azure; everything else that names a version agrees with it."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from local_host.stack.doctor import _PYTHONS
from nightshift.delivery.python_version import DEPLOYED_PYTHON

ROOT = Path(__file__).resolve().parents[3]
TERRAFORM = ROOT / "terraform"
# Databricks' release notes, section "System environment": what its long-term releases come with.
DATABRICKS_PYTHON = {"15.4": "3.11", "16.4": "3.12", "17.3": "3.12"}


def _supported() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    classified = [name.rpartition(" ")[2] for name in project["classifiers"] if " :: Python :: " in name]
    first, last = classified[0], classified[-1]
    after = f"{last.partition('.')[0]}.{int(last.partition('.')[2]) + 1}"
    assert project["requires-python"] == f">={first},<{after}"
    return classified


def _variable(name: str) -> str:
    text = (TERRAFORM / "variables.tf").read_text(encoding="utf-8")
    found = re.search(rf'^variable "{name}" {{\n(.*?)^}}', text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_package_is_built_for_what_terraform_deploys() -> None:
    """The default of the variable, and what the environments say."""
    assert re.findall(r'default\s+= "(.*)"', _variable("python_version")) == [DEPLOYED_PYTHON]
    files = sorted((TERRAFORM / "envs").glob("*.tfvars"))
    named = [re.findall(r'^python_version\s*= "(.*)"', file.read_text("utf-8"), re.MULTILINE) for file in files]
    assert named == [[DEPLOYED_PYTHON]] * 3


def test_terraform_takes_what_the_project_supports() -> None:
    """The variable's validation, `requires-python`, the classifiers, the Makefile and the doctor say the same."""
    allowed = re.findall(r'"([\d.]+)"', re.findall(r"contains\((\[.*?\])", _variable("python_version"))[0])
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    tried = re.findall(r"^PYTHONS := (.*)$", makefile, re.MULTILINE)[0].split()
    assert allowed == _supported()
    assert [".".join(map(str, version)) for version in _PYTHONS] == _supported()
    assert tried == [f"python{version}" for version in _supported()]
    assert DEPLOYED_PYTHON in _supported()


def test_no_other_line_of_terraform_names_a_version() -> None:
    """Both hosting plans take the variable."""
    named = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for file in sorted(TERRAFORM.rglob("*.tf"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r'(python_version|version)\s*= "3\.\d+"', line)
    ]
    assert named == []


def _jobs() -> list[Path]:
    return sorted((ROOT / "training" / "job_definitions").glob("*.yml"))


@pytest.mark.parametrize("file", _jobs(), ids=lambda file: file.stem)
def test_the_jobs_run_a_python_that_the_wheel_is_tested_under(file: Path) -> None:
    """The wheel holds the app's own `domain` and `validation`: every supported Python runs them."""
    job: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    for cluster in job["job_clusters"]:
        release = ".".join(str(cluster["new_cluster"]["spark_version"]).split(".")[:2])
        assert release in DATABRICKS_PYTHON, f"{file.name}: which Python has Databricks Runtime {release}?"
        assert DATABRICKS_PYTHON[release] in _supported()
    wheel = tomllib.loads((ROOT / "training" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert wheel["requires-python"] == f">={_supported()[0]}"


def test_the_app_reads_no_model() -> None:
    """Models are read where they were written, on Databricks: the two Pythons need not be the same."""
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    names = {re.split(r"[=\[ ]", line)[0] for line in lock.splitlines() if re.match(r"[a-z]", line)}
    assert names & {"mlflow", "scikit-learn", "skops", "joblib", "pandas"} == set()
    loading = re.compile(r"\b(load_model|pyfunc|pickle\.load|skops\.io)\b")
    rooms = ("clients", "domain", "functions", "pages", "services", "sweeps", "triggers", "wiring")
    packages = ("activities", "agents", "orchestrators", *(f"nightshift/{room}" for room in rooms))
    found = [
        str(file.relative_to(ROOT))
        for package in packages
        for file in (ROOT / package).rglob("*.py")
        if loading.search(file.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_pipeline_builds_with_the_deployed_python() -> None:
    """The package's bytecode is written by the Python that reads it."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "deliver.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["package"]["steps"]
    versions = [str(step["with"]["python-version"]) for step in steps if "setup-python" in step.get("uses", "")]
    assert versions == [DEPLOYED_PYTHON]
