"""Each step by hand is asked for, and a missing one named with what does it. The Azure CLI is a stand-in."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from nightshift.delivery.command import run
from nightshift.delivery.environment import Environment
from nightshift.delivery.hand_step_questions import Place
from nightshift.delivery.hand_steps import STEPS, Finding, examine
from tests.integration.delivery.conftest import ROOT, AzureCli
from tests.unit.delivery.environments import OUTPUT

_ENVIRONMENT = Environment.parse("dev", json.dumps(OUTPUT), "here")
_REST = "rest --resource 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d --url https://adb-0.example.com/api"
_VAULT = "/subscriptions/s/resourceGroups/rg-nightshift-dev/providers/Microsoft.KeyVault/vaults/kv"
_PIPELINE = "client-of-the-pipeline"
_DONE: dict[str, Any] = {
    "storage account list --resource-group rg-tfstate": ["stnightshifttf01"],
    "network vnet peering list --resource-group rg-nightshift-dev --vnet-name vnet-nightshift-dev": ["Connected"],
    "ad sp list --filter id in ('00000000-0000-0000-0000-0000000000ee')": [_PIPELINE],
    f"{_REST}/2.0/preview/scim/v2/ServicePrincipals": [_PIPELINE, "another"],
    f"{_REST}/2.0/fs/directories/Volumes/nightshift_dev/models/wheels": ["nightshift_training-0.1.0-py3-none-any.whl"],
    f"{_REST}/2.1/unity-catalog/current-metastore-assignment": "6f1c",
    f"{_REST}/2.1/jobs/list": ["nightshift-training", "another"],
    f"{_REST}/2.1/unity-catalog/permissions/volume/nightshift_dev.models.wheels": [_PIPELINE],
    "ad sp show --id 00000000-0000-0000-0000-0000000000dd": "client-of-the-app",
    f"{_REST}/2.0/serving-endpoints/revenue --query id": "e1",
    f"{_REST}/2.0/permissions/serving-endpoints/e1": ["CAN_MANAGE"],
    "role assignment list --all --assignee": ["Cognitive Services OpenAI User"],
    "resource list": [_VAULT],
    f"rest --url https://management.azure.com{_VAULT}/secrets": ["notify-urls"],
}
_TFVARS = """\
subscription_id = "00000000-0000-0000-0000-0000000000cc"
private = true
allowed_ip_ranges = []
deployers = ["00000000-0000-0000-0000-0000000000ee"]
notify_urls_version = "0a1b"
language_model = {
  url = "https://example.com/v1"
}
"""
_BY_EYE = {"databricks_pause_grants", "github_environments", "plan_readers"}


@pytest.fixture
def checkout_of_dev(tmp_path: Path) -> Path:
    """What a checkout says of an environment that uses everything."""
    root = tmp_path / "checkout"
    files = {
        "terraform/envs/dev.tfbackend": 'resource_group_name = "rg-tfstate"\n'
        'storage_account_name = "stnightshifttf01"\n',
        "terraform/envs/dev.tfvars": _TFVARS,
        "environments/dev.json": json.dumps(OUTPUT),
        "training/job_definitions/training.yml": "name: nightshift-training\n",
        "model_specs/revenue.yaml": "serving_endpoint: revenue\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    run("git", "init", "--quiet", cwd=root)
    run("git", "add", "--all", cwd=root)
    return root


def _examine(root: Path, address: str = "10.40.0.140", **changed: Any) -> dict[str, Finding]:
    environment = _ENVIRONMENT.model_copy(update=changed)
    return {item.step.id: item for item in examine(environment, root, lambda name: [address])}


def _change(root: Path, old: str, new: str) -> None:
    path = root / "terraform" / "envs" / "dev.tfvars"
    assert old in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_a_finished_environment_lacks_nothing(azure_cli: AzureCli, checkout_of_dev: Path) -> None:
    """Each step is asked for, in the order of the page."""
    azure_cli.answer(_DONE)
    found = _examine(checkout_of_dev)
    wanted = {step.id: "by eye" if step.id in _BY_EYE else "ok" for step in STEPS}
    assert {step: item.state for step, item in found.items()} == wanted


@pytest.mark.parametrize(
    ("step", "question", "answer", "detail"),
    [
        ("state", "storage account list", [], "stnightshifttf01 is not in rg-tfstate"),
        ("runner_network", "network vnet peering list", ["Initiated"], "Initiated"),
        ("deployer_in_workspace", f"{_REST}/2.0/preview/scim", ["another"], "does not know client-of-the-pipeline"),
        (
            "wheel",
            f"{_REST}/2.0/fs/directories",
            ["another.whl"],
            "nightshift_training-0.1.0-py3-none-any.whl is not there",
        ),
        ("metastore", f"{_REST}/2.1/unity-catalog/current-metastore-assignment", None, "attached to no metastore"),
        ("run_as_user", f"{_REST}/2.1/jobs/list", None, "nightshift-training"),
        ("wheel_volume_grants", f"{_REST}/2.1/unity-catalog/permissions/volume", ["another"], "WRITE_VOLUME"),
        (
            "databricks_serving_grants",
            f"{_REST}/2.0/permissions/serving-endpoints/e1",
            ["CAN_QUERY"],
            "may not manage revenue",
        ),
        ("language_model_role", "role assignment list --all", ["Reader"], "no role on a language model"),
        ("notify_secret", f"rest --url https://management.azure.com{_VAULT}/secrets", [], "no vault"),
        ("notify_secret", "resource list", [], "no vault"),
    ],
)
def test_a_missing_step_is_named(
    azure_cli: AzureCli, checkout_of_dev: Path, step: str, question: str, answer: Any, detail: str
) -> None:
    """With what was found in Azure's answer."""
    azure_cli.answer({question: answer} | {key: value for key, value in _DONE.items() if not key.startswith(question)})
    ask = next(known.ask for known in STEPS if known.id == step)
    assert ask is not None
    assert detail in ask(Place(_ENVIRONMENT, checkout_of_dev, lambda name: []))


def test_a_public_address_of_a_private_environment_is_reported(azure_cli: AzureCli, checkout_of_dev: Path) -> None:
    """The machine that asks is not in the network, or its resolver does not know the zones."""
    azure_cli.answer(_DONE)
    found = _examine(checkout_of_dev, address="203.0.113.7")["runner_dns"]
    assert found.state == "missing"
    assert "adb-0.example.com is 203.0.113.7 here" in found.detail
    _change(checkout_of_dev, "private = true", "private = false")
    assert _examine(checkout_of_dev, address="203.0.113.7")["runner_dns"].state == "ok"


def test_what_the_files_say_needs_no_question(azure_cli: AzureCli, checkout_of_dev: Path) -> None:
    """A backend that nobody has written, and a secret whose version tfvars do not name."""
    azure_cli.answer(_DONE)
    backend = checkout_of_dev / "terraform" / "envs" / "dev.tfbackend"
    backend.write_text('storage_account_name = "WRITE-THE-OUTPUT"\n', encoding="utf-8")
    for old, new in (("0a1b", ""), ('url = "https', 'address = "https'), ("private = true", "private = false")):
        _change(checkout_of_dev, old, new)
    run("git", "rm", "--quiet", "--cached", "environments/dev.json", cwd=checkout_of_dev)
    found = _examine(checkout_of_dev, wheel=None)
    assert "'WRITE-THE-OUTPUT'" in found["state"].detail
    assert "allowed_ip_ranges" in found["parameters"].detail
    missing = {step for step, item in found.items() if item.state == "missing"}
    content = {"workspace_content", "wheel_volume_grants", "wheel"}
    assert missing == {"state", "parameters", "environment_file", "notify_secret"} | content


def test_the_values_of_another_subscription_are_reported(azure_cli: AzureCli, checkout_of_dev: Path) -> None:
    """tfvars as they are shipped, before anybody has written his own."""
    azure_cli.answer(_DONE)
    _change(checkout_of_dev, "0000000000cc", "000000000000")
    assert "subscription_id" in _examine(checkout_of_dev)["parameters"].detail


def test_a_question_that_is_refused_is_not_ok(azure_cli: AzureCli, checkout_of_dev: Path) -> None:
    """Nobody signed in: unknown, in Azure's own words, and what does the step all the same."""
    azure_cli.answer({**_DONE, "role assignment list --all --assignee": {"error": "Please run az login"}})
    found = _examine(checkout_of_dev)["language_model_role"]
    assert found.state == "unknown"
    assert "az login" in found.detail
    assert _ENVIRONMENT.app_principal_id in found.mend


def test_what_cannot_be_asked_says_why() -> None:
    """Every other step has a question."""
    assert {step.id for step in STEPS if step.ask is None} == _BY_EYE
    assert [step.id for step in STEPS if (step.ask is None) != (len(step.reason) > 30)] == []


def test_the_steps_are_those_of_the_page() -> None:
    """docs/deploy.md, "Steps by hand, in order": each is asked for, or says why it cannot be; none is left over."""
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    section = page[page.index("### Steps by hand, in order") :]
    rows = re.findall(r"^\| ([a-z_]+)(?: \(private\))? \|", section[: section.index("\n## ")], re.MULTILINE)
    assert [step.id for step in STEPS] == [row for row in rows if row != "step"]


def test_the_command_names_what_is_missing(
    azure_cli: AzureCli, checkout_of_dev: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`nightshift env check dev --json`, for scripts: exit 1, ids, and the commands."""
    from nightshift.cli.main import app

    monkeypatch.setenv("NIGHTSHIFT_ENVIRONMENTS", str(checkout_of_dev / "environments"))
    monkeypatch.setattr("nightshift.delivery.hand_steps._ROOT", checkout_of_dev)
    monkeypatch.setattr("nightshift.delivery.hand_steps._addresses", lambda name: ["10.40.0.140"])
    azure_cli.answer(
        {f"{_REST}/2.1/jobs/list": None} | {key: value for key, value in _DONE.items() if "jobs" not in key}
    )
    with pytest.raises(SystemExit) as ended:
        app(["env", "check", "dev", "--json"])
    assert ended.value.code == 1
    told = json.loads(capsys.readouterr().out)
    steps = {step["id"]: step for step in told["steps"]}
    assert (told["environment"], told["ok"], list(steps)) == ("dev", False, [step.id for step in STEPS])
    assert [step for step, said in steps.items() if said["state"] == "missing"] == ["run_as_user"]
    assert steps["metastore"] == {"id": "metastore", "state": "ok", "detail": "", "mend": ""}
    assert "nightshift-dev-training" in steps["run_as_user"]["mend"]
