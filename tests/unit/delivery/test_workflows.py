"""Workflows, Makefile, command line and docs/deploy.md name the same things, and the workflows are careful."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from nightshift.cli.main import app
from nightshift.delivery.python_version import DEPLOYED_PYTHON

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
DEPLOYING = ("deploy", "rollback", "drift")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
# What the workflows check and .ci/run does not, and why.
NOT_IN_CI = {
    "dependency-audit": "it asks an advisory service on the network, whose answer is another one every day",
    "docs-check": "`make test` runs its fast part; the commands of the pages take ten minutes, in a job of their own",
}


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


def test_the_package_is_built_by_the_python_that_it_runs_on() -> None:
    """Told to make, which otherwise takes the first Python of the machine that runs."""
    steps = _read(FOLDER / "deliver.yml")["jobs"]["package"]["steps"]
    assert [step["run"] for step in steps if "make package" in step.get("run", "")] == [
        f"make package PYTHON=python{DEPLOYED_PYTHON}"
    ]
    assert [step["with"]["python-version"] for step in steps if "python-version" in step.get("with", {})] == [
        DEPLOYED_PYTHON
    ]


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
    """A token without rights, to which each job adds what it needs; none may write but the one that makes a release."""
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert set(job["permissions"]) <= {"contents", "id-token", "attestations"}
        if (workflow["name"], name) != ("release", "publish"):
            assert job["permissions"].get("contents", "read") == "read"


def test_who_may_write_runs_nothing_of_ours() -> None:
    """The job that makes a release takes files that another job built and signed."""
    jobs = _read(FOLDER / "release.yml")["jobs"]
    assert list(jobs) == ["wheels", "publish"]
    publish = jobs["publish"]
    assert (publish["needs"], publish["permissions"]) == ("wheels", {"contents": "write"})
    assert [step["uses"].partition("@")[0] for step in publish["steps"] if "uses" in step] == [
        "actions/download-artifact"
    ]
    (made,) = [step["run"] for step in publish["steps"] if "run" in step]
    assert made.startswith('gh release create "$TAG"')
    assert "--verify-tag" in made
    assert "--notes-file release/NOTES.md" in made


def test_a_release_is_of_its_tag_and_signed() -> None:
    """The tag is held against version and changelog before anything is built; what is attached has been signed."""
    workflow = _read(FOLDER / "release.yml")
    assert workflow["on"] == {"push": {"tags": ["v*"]}}
    steps = [step.get("uses", step.get("run", "")).partition("@")[0] for step in workflow["jobs"]["wheels"]["steps"]]
    order = [
        'make release-notes TAG="$TAG"',
        "make wheels",
        "actions/attest-build-provenance",
        "actions/upload-artifact",
    ]
    assert [step for step in steps if step in order] == order
    built = re.search(r"^wheels: .*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert built is not None
    assert re.findall(r"uv build .*--out-dir \$\(RELEASE\)(.*)", built[1]) == ["", " local_host"]


def test_only_the_build_signs() -> None:
    """Whoever may write attestations says what the pipeline has built."""
    signing = [
        (file.stem, name)
        for file in FILES
        for name, job in _read(file)["jobs"].items()
        if "attestations" in job["permissions"]
    ]
    assert sorted(signing) == [("deliver", "package"), ("release", "wheels")]


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
    jobs = [job for job in _jobs(_read(FOLDER / f"{name}.yml")) if job["permissions"]]
    assert jobs != []
    assert [job for job in jobs if "environment" not in job or job["permissions"].get("id-token") != "write"] == []


def test_an_approval_is_held_before_the_lock() -> None:
    """Who waits for days for a reviewer must not keep the place of who is approved, nor have an identity meanwhile."""
    jobs = _read(FOLDER / "deploy.yml")["jobs"]
    assert list(jobs) == ["approve", "deploy"]
    approve, deploy = jobs["approve"], jobs["deploy"]
    assert approve["environment"] == "${{ inputs.environment }}-approval"
    assert ("concurrency" in approve, approve["permissions"]) == (False, {})
    assert (deploy["needs"], deploy["environment"]) == ("approve", "${{ inputs.environment }}")
    assert deploy["concurrency"]["queue"] == "max"


def test_a_deployment_knows_the_history() -> None:
    """Forward or backward is asked of git, which needs more than the last commit."""
    for name in ("deploy", "rollback"):
        first = next(iter(_read(FOLDER / f"{name}.yml")["jobs"][name]["steps"]))
        assert (first["uses"].partition("@")[0], first["with"]["fetch-depth"]) == ("actions/checkout", 0)


def test_a_rollback_waits_for_nothing() -> None:
    """No lock that a deployment holds, no approval, and no package index before the app is back."""
    jobs = _read(FOLDER / "rollback.yml")["jobs"]
    locks = {
        group["group"].partition("-")[0]
        for file in FILES
        if file.stem != "rollback"
        for group in [_read(file).get("concurrency"), *(job.get("concurrency") for job in _jobs(_read(file)))]
        if group
    }
    rollback = jobs["rollback"]
    assert rollback["concurrency"]["group"].startswith("rollback-")
    assert "rollback" not in locks
    assert "concurrency" not in _read(FOLDER / "rollback.yml")
    assert ("needs" in rollback, rollback["environment"]) == (False, "${{ inputs.environment }}")
    words = str(rollback["steps"])
    assert [word for word in ("setup", "pip", "uv ", "npm", "download-artifact") if word in words] == []
    assert jobs["smoke"]["needs"] == "rollback"


def test_rolling_back_sets_nothing_up() -> None:
    """The targets of the night depend on the name of the environment alone."""
    for target in ("rollback", "versions"):
        rule = re.search(rf"^{target}: ([^#]*?)\s*##", MAKEFILE, re.MULTILINE)
        assert rule is not None
        assert rule[1] == "env"


@pytest.mark.parametrize("locked", [True, False])
def test_drift_takes_the_locked_providers(tmp_path: Path, *, locked: bool) -> None:
    """A plan with other providers than the last apply's shows their differences as drift."""
    shutil.copyfile(ROOT / "Makefile", tmp_path / "Makefile")
    (tmp_path / "terraform").mkdir()
    if locked:
        (tmp_path / "terraform" / ".terraform.lock.hcl").touch()
    command = ["make", "--dry-run", "drift", "ENV=dev"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert ("-lockfile=readonly" in said) is locked


def test_checks_of_one_commit_do_not_end_those_of_another() -> None:
    """A group that two deliveries share cancels the one that waits, and with its checks the delivery."""
    group = _read(FOLDER / "checks.yml")["concurrency"]
    assert group["group"].endswith("${{ github.event_name == 'pull_request' && github.ref || github.sha }}")
    assert group["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


def test_one_package_goes_through_all_environments() -> None:
    """Built in one job, deployed in order, each after the one before."""
    jobs = _read(FOLDER / "deliver.yml")["jobs"]
    order = ["checks", "package", "dev", "qa", "prod"]
    assert list(jobs) == order
    assert [jobs[name].get("needs") for name in order] == [None, *order[:-1]]
    built = [name for name, job in jobs.items() if "make package" in str(job)]
    assert built == ["package"]
    steps = [step.get("uses", step.get("run", "")).partition("@")[0] for step in jobs["package"]["steps"]]
    order = [
        f"make package PYTHON=python{DEPLOYED_PYTHON}",
        "actions/attest-build-provenance",
        "actions/upload-artifact",
    ]
    assert [step for step in steps if step in order] == order
    deploy = (FOLDER / "deploy.yml").read_text(encoding="utf-8")
    assert "make package" not in deploy
    steps = [step["name"] for step in _steps(_read(FOLDER / "deploy.yml")) if "name" in step]
    assert steps == ["gate", "deploy", "smoke"]


def _run_by_ci() -> set[str]:
    """The targets that .ci/run makes, and those that they depend on."""
    made = {name for line in re.findall(r"^ *make ([a-z -]+)", CI, re.MULTILINE) for name in line.split()}
    needed = {
        name
        for target in made
        for rule in re.findall(rf"^{target}:([^#]*)", MAKEFILE, re.MULTILINE)
        for name in rule.split()
        if name in _targets()
    }
    return made | needed


def test_what_the_workflows_check_runs_here_too() -> None:
    """A check that only the pipeline runs turns it red after the landing, as the secret scan once did."""
    steps = _steps(_read(FOLDER / "checks.yml"))
    called = {name for step in steps for name in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}
    assert called - _run_by_ci() == set(NOT_IN_CI)
    assert [reason for reason in NOT_IN_CI.values() if len(reason) < 20] == []


def test_a_pull_request_is_checked_in_full() -> None:
    """Every target that checks something, by .ci/run or beside it."""
    workflow = _read(FOLDER / "checks.yml")
    assert "pull_request" in workflow["on"]
    runs = " ".join(step.get("run", "") for step in _steps(workflow))
    assert ".ci/run" in runs
    checking = {
        name for name in _targets() if name.endswith(("-check", "-scan", "-audit")) or name in {"check", "test"}
    }
    assert checking | {"evals"} <= _run_by_ci() | set(re.findall(r"\bmake ([a-z-]+)", runs))


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
