"""Workflows, Makefile, command line and docs/deploy.md name the same things, and the workflows are careful."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.main import app

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
DEPLOYING = ("deploy", "rollback", "drift")


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def workflow(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each workflow."""
    return _read(request.param)


def _read(file: Path) -> dict[str, Any]:
    # YAML takes the key `on` for the word yes.
    found: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {"on" if key is True else str(key): value for key, value in found.items()}


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def _jobs(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return list(workflow["jobs"].values())


def _steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in _jobs(workflow) for step in job.get("steps", [])]


def test_every_make_target_exists(workflow: dict[str, Any]) -> None:
    """A workflow runs what a person can run, and nothing that is not there."""
    called = {name for step in _steps(workflow) for name in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}
    assert called - _targets() == set()


def test_every_action_is_pinned(workflow: dict[str, Any]) -> None:
    """By the digest of a commit; a tag can be moved."""
    used = [step["uses"] for step in _steps(workflow) if "uses" in step]
    assert [name for name in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name)] == []


def test_a_digest_stands_for_one_version() -> None:
    """The comment beside a digest is the same everywhere, and so is the digest of an action."""
    pins = {
        pin
        for file in FILES
        for pin in re.findall(r"uses: (\S+)@([0-9a-f]{40}) # (v[\d.]+)\n", file.read_text("utf-8"))
    }
    lines = [line for file in FILES for line in re.findall(r"uses: [^.\s]\S+@.*", file.read_text("utf-8"))]
    assert len({name for name, _, _ in pins}) == len(pins)
    assert [line for line in lines if not re.search(r"# v\d+\.\d+\.\d+$", line)] == []


def test_nothing_is_permitted_but_what_a_job_names(workflow: dict[str, Any]) -> None:
    """A token without rights, to which each job adds what it needs."""
    assert workflow["permissions"] == {}
    for job in _jobs(workflow):
        assert set(job["permissions"]) <= {"contents", "id-token"}
        assert job["permissions"]["contents"] == "read"


def test_no_credential_is_stored() -> None:
    """Sign-in is by a federated token; no workflow reads a secret."""
    for file in FILES:
        assert re.findall(r"\bsecrets\s*[.:\[]", file.read_text(encoding="utf-8")) == []


def test_runs_do_not_meet(workflow: dict[str, Any]) -> None:
    """A group per workflow or per environment; a delivery is never cut off in the middle."""
    groups = [workflow.get("concurrency"), *(job.get("concurrency") for job in _jobs(workflow))]
    assert any(groups)
    if "deploy" in str(workflow["jobs"]):
        assert [group for group in groups if group and group["cancel-in-progress"] is not False] == []


@pytest.mark.parametrize("name", DEPLOYING)
def test_what_touches_azure_waits_for_its_environment(name: str) -> None:
    """The environment's reviewers are the approval, and its subject is what Entra trusts."""
    jobs = _jobs(_read(FOLDER / f"{name}.yml"))
    assert [job for job in jobs if "environment" not in job or job["permissions"].get("id-token") != "write"] == []


def test_one_package_goes_through_all_environments() -> None:
    """Built in one job, deployed in order, each after the one before."""
    jobs = _read(FOLDER / "deliver.yml")["jobs"]
    order = ["checks", "package", "dev", "qa", "prod"]
    assert list(jobs) == order
    assert [jobs[name].get("needs") for name in order] == [None, *order[:-1]]
    built = [name for name, job in jobs.items() if "make package" in str(job)]
    assert built == ["package"]
    deploy = (FOLDER / "deploy.yml").read_text(encoding="utf-8")
    assert "make package" not in deploy
    steps = [step["name"] for step in _steps(_read(FOLDER / "deploy.yml")) if "name" in step]
    assert steps == ["gate", "deploy", "smoke"]


def test_a_pull_request_is_checked_in_full() -> None:
    """Lint, types and tests by .ci/run; evals; terraform; policies; dependencies; secrets."""
    workflow = _read(FOLDER / "checks.yml")
    assert "pull_request" in workflow["on"]
    runs = " ".join(step.get("run", "") for step in _steps(workflow))
    wanted = (".ci/run", "make evals", "make terraform-check", "make policy-check", "make dependency-audit")
    assert [name for name in (*wanted, "make secret-scan") if name not in runs] == []


def test_the_page_names_every_workflow_and_no_other() -> None:
    """docs/deploy.md has a row for each."""
    assert set(re.findall(r"\.github/workflows/(\w+)\.yml", PAGE)) == {file.stem for file in FILES}


def test_the_page_names_targets_that_exist() -> None:
    """And all those that deliver."""
    named = set(re.findall(r"(?:`|^|\| )make ([a-z-]+)", PAGE, re.MULTILINE))
    assert named - _targets() == set()
    assert {"package", "gate", "deploy", "smoke", "versions", "rollback", "drift"} <= named


def test_the_page_names_commands_that_exist() -> None:
    """Such as `nightshift --env dev doctor`."""
    callbacks = [found.callback for found in app.registered_commands if found.callback]
    commands = {callback.__name__.replace("_", "-") for callback in callbacks}
    groups = {group.name for group in app.registered_groups}
    named = set(re.findall(r"nightshift (?:--env \S+ )?([a-z][a-z-]*)\b", PAGE))
    assert named - commands - groups == set()
    assert {"doctor", "smoke", "env"} <= named


def test_terraform_is_the_same_version_everywhere() -> None:
    """What the modules ask for, the workflows install."""
    versions = {
        match for file in FILES for match in re.findall(r"terraform_version: ([\d.]+)", file.read_text("utf-8"))
    }
    assert len(versions) == 1
    required = re.search(r'required_version = ">= (1\.\d+)', (ROOT / "terraform" / "terraform.tf").read_text("utf-8"))
    assert required is not None
    assert versions.pop().startswith(required[1])
