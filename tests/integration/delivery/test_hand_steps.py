"""Each step by hand is asked for, and a missing one named with what does it. The Azure CLI is a stand-in."""

import json
from pathlib import Path
from typing import Any

import pytest

from delivery.environment import Environment
from delivery.hand_steps import STEPS, Finding, examine
from tests.integration.delivery.conftest import AzureCli
from tests.unit.delivery.environments import OUTPUT

_ENVIRONMENT = Environment.parse("dev", json.dumps(OUTPUT), "here")
_REST = "rest --resource 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d --url https://adb-0.example.com/api"
_VAULT = "/subscriptions/s/resourceGroups/rg-nightshift-dev/providers/Microsoft.KeyVault/vaults/kv"
_PROVIDERS = ["App", "Databricks", "EventGrid", "KeyVault", "ServiceBus", "Storage", "Web"]
_DONE: dict[str, Any] = {
    "storage account list --resource-group rg-tfstate": ["stnightshifttf01"],
    "provider list": [f"Microsoft.{name}" for name in _PROVIDERS],
    f"{_REST}/2.1/unity-catalog/current-metastore-assignment": "6f1c",
    f"{_REST}/2.1/jobs/list": ["nightshift-training", "another"],
    f"{_REST}/2.1/unity-catalog/permissions/volume/nightshift_dev.models.wheels": ["READ_VOLUME", "WRITE_VOLUME"],
    "ad sp show --id 00000000-0000-0000-0000-0000000000dd": "client-of-the-app",
    f"{_REST}/2.0/serving-endpoints/revenue --query id": "e1",
    f"{_REST}/2.0/permissions/serving-endpoints/e1": ["CAN_MANAGE"],
    "role assignment list --all --assignee": ["Cognitive Services OpenAI User"],
    "resource list": [_VAULT],
    f"rest --url https://management.azure.com{_VAULT}/secrets": ["notify-urls"],
}


@pytest.fixture
def checkout_of_dev(tmp_path: Path) -> Path:
    """What a checkout says of an environment that uses everything."""
    root = tmp_path / "checkout"
    files = {
        "terraform/envs/dev.tfbackend": 'resource_group_name = "rg-tfstate"\n'
        'storage_account_name = "stnightshifttf01"\n',
        "terraform/envs/dev.tfvars": 'private = true\nnotify_urls_version = "0a1b"\n'
        'language_model = {\n  url = "https://example.com/v1"\n}\n',
        "training/job_definitions/training.yml": "name: nightshift-training\n",
        "model_specs/revenue.yaml": "serving_endpoint: revenue\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def _examine(root: Path, address: str = "10.40.0.140") -> dict[str, Finding]:
    return {item.step.id: item for item in examine(_ENVIRONMENT, root, lambda name: [address])}


def test_a_finished_environment_lacks_nothing(azure_cli: AzureCli, checkout_of_dev: Path) -> None:
    """Each step is asked for, in the order of the page."""
    azure_cli.answer(_DONE)
    found = _examine(checkout_of_dev)
    assert {step: item.state for step, item in found.items()} == {step.id: "ok" for step in STEPS}


@pytest.mark.parametrize(
    ("step", "question", "answer", "detail"),
    [
        ("state", "storage account list", [], "stnightshifttf01 is not in rg-tfstate"),
        ("providers", "provider list", ["Microsoft.Web"], "Microsoft.App, Microsoft.Databricks"),
        ("metastore", f"{_REST}/2.1/unity-catalog/current-metastore-assignment", None, "attached to no metastore"),
        ("run_as_user", f"{_REST}/2.1/jobs/list", None, "nightshift-training"),
        ("wheel_volume_grants", f"{_REST}/2.1/unity-catalog/permissions/volume", ["READ_VOLUME"], "WRITE_VOLUME"),
        ("serving_grants", f"{_REST}/2.0/permissions/serving-endpoints/e1", ["CAN_QUERY"], "may not manage revenue"),
        ("language_model_role", "role assignment list --all", ["Reader"], "no role on a language model"),
        ("notify_secret", f"rest --url https://management.azure.com{_VAULT}/secrets", [], "no vault"),
        ("notify_secret", "resource list", [], "no vault"),
    ],
)
def test_a_missing_step_is_named(
    azure_cli: AzureCli, checkout_of_dev: Path, step: str, question: str, answer: Any, detail: str
) -> None:
    """That one and no other, with what was found and what does it."""
    azure_cli.answer({question: answer} | {key: value for key, value in _DONE.items() if not key.startswith(question)})
    missing = [item for item in _examine(checkout_of_dev).values() if item.state != "ok"]
    assert [(item.step.id, item.state) for item in missing] == [(step, "missing")]
    assert detail in missing[0].detail
    assert missing[0].mend


def test_a_public_address_of_a_private_environment_is_told(azure_cli: AzureCli, checkout_of_dev: Path) -> None:
    """The machine that asks is not in the network, or its resolver does not know the zones."""
    azure_cli.answer(_DONE)
    found = _examine(checkout_of_dev, address="203.0.113.7")["runner_dns"]
    assert found.state == "missing"
    assert "adb-0.example.com is 203.0.113.7 here" in found.detail
    (checkout_of_dev / "terraform" / "envs" / "dev.tfvars").write_text("private = false\n", encoding="utf-8")
    assert _examine(checkout_of_dev, address="203.0.113.7")["runner_dns"].state == "ok"


def test_what_the_files_say_needs_no_question(azure_cli: AzureCli, checkout_of_dev: Path) -> None:
    """A backend that nobody has written, and a secret whose version tfvars do not name."""
    azure_cli.answer(_DONE)
    envs = checkout_of_dev / "terraform" / "envs"
    (envs / "dev.tfbackend").write_text('storage_account_name = "WRITE-THE-OUTPUT"\n', encoding="utf-8")
    (envs / "dev.tfvars").write_text('private = false\nnotify_urls_version = ""\n', encoding="utf-8")
    found = _examine(checkout_of_dev)
    assert "'WRITE-THE-OUTPUT'" in found["state"].detail
    assert found["notify_secret"].state == "missing"
    assert found["language_model_role"].state == "ok"


def test_a_question_that_is_refused_is_not_ok(azure_cli: AzureCli, checkout_of_dev: Path) -> None:
    """Nobody signed in: unknown, in Azure's own words, and what does the step all the same."""
    azure_cli.answer({**_DONE, "provider list": {"error": "Please run az login"}})
    found = _examine(checkout_of_dev)["providers"]
    assert found.state == "unknown"
    assert "az login" in found.detail
    assert _ENVIRONMENT.subscription_id in found.mend


def test_the_command_names_what_is_missing(
    azure_cli: AzureCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`nightshift env check dev --json`, for scripts: exit 1, ids, and the commands."""
    from cli.main import app

    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "dev.json").write_text(json.dumps(OUTPUT), encoding="utf-8")
    monkeypatch.setenv("NIGHTSHIFT_ENVIRONMENTS", str(folder))
    azure_cli.answer({key: [] if key == "provider list" else value for key, value in _DONE.items()})
    with pytest.raises(SystemExit) as ended:
        app(["env", "check", "dev", "--json"])
    assert ended.value.code == 1
    told = json.loads(capsys.readouterr().out)
    steps = {step["id"]: step for step in told["steps"]}
    assert (told["environment"], told["ok"], list(steps)) == ("dev", False, [step.id for step in STEPS])
    assert steps["providers"]["state"] == "missing"
    assert steps["metastore"] == {"id": "metastore", "state": "ok", "detail": "", "mend": ""}
    assert "az provider register" in steps["providers"]["mend"]
