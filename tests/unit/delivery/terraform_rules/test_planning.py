"""Plans are made in a copy, with ids of their own, and said to be impossible in Terraform's words."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from nightshift.delivery.command import CommandError
from nightshift.delivery.terraform_rules.__main__ import value_files
from nightshift.delivery.terraform_rules.planning import Workshop
from nightshift.delivery.terraform_rules.prove import faults, put_back, unreported
from nightshift.delivery.terraform_rules.table import RULES
from tests.unit.terraform.hcl import ENVIRONMENTS, ROOT

_ACCOUNT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts"
_MOCKS = """\
mock_resource "azurerm_storage_account" {
  defaults = {
    id = "ID"
  }
}

mock_resource "azurerm_eventgrid_system_topic" {
  defaults = {
    id = "TOPIC"
    identity = {
      principal_id = "P"
    }
  }
}
"""
_GRAPH = """\
digraph G {
  "azurerm_b.this" [label="b"];
  "azurerm_b.this" -> "azurerm_log_analytics_workspace.a";
}
"""
_PROVIDER = """\
provider "azurerm" {
  resource_providers_to_register = ["Microsoft.App", "A.B"]
}
"""


class _Terraform:
    """Answers as Terraform does, and keeps what it was asked."""

    def __init__(self, changes: list[dict[str, Any]]) -> None:
        self.changes = changes
        self.tests: list[str] = []
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, folder: Path, *arguments: str) -> str:
        self.asked.append(arguments)
        if arguments[0] == "graph":
            return _GRAPH
        if arguments[0] == "init":
            return ""
        self.tests.append((folder / "tests" / "planned_values.tftest.hcl").read_text(encoding="utf-8"))
        return "Terraform\n" + json.dumps({"type": "test_plan", "test_plan": {"resource_changes": self.changes}})


def _change(address: str, **after: Any) -> dict[str, Any]:
    return {"address": address, "type": address.partition(".")[0], "change": {"after": after}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A configuration that is as small as can be."""
    files = {
        "terraform/terraform.tf": _PROVIDER,
        "terraform/roles.yml": "calls: []\n",
        "terraform/tests/mocks/azurerm/ids.tfmock.hcl": _MOCKS,
        "terraform/tests/other.tftest.hcl": "",
        "terraform/.terraform/modules.json": "{}",
        "terraform/envs/dev.tfvars": 'environment = "dev"\nprivate           = false\nallowed_ip_ranges = []\n',
        "terraform/envs/own.tfvars": 'environment = "prod"\nprivate = true\nallowed_ip_ranges = []\n',
        "training/job_definitions/a.yml": "",
    }
    for name, text in files.items():
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_text(text, encoding="utf-8")
    return tmp_path / "root"


def _workshop(root: Path, terraform: _Terraform) -> Workshop:
    workshop = Workshop(root, root.parent / "copy", terraform)
    workshop.prepare()
    return workshop


def test_each_resource_gets_an_id_of_its_own(root: Path) -> None:
    """Mocks give one id to all of a type; the second run has them apart, and an identity within a block too."""
    accounts = [_change(f"azurerm_storage_account.{name}", id=f"{_ACCOUNT}/mock", name=name) for name in ("a", "b")]
    topic = _change(
        "azurerm_eventgrid_system_topic.t", id="/t/mock", name="t", identity=[{"principal_id": "P", "type": "x"}]
    )
    terraform = _Terraform([*accounts, topic])
    _workshop(root, terraform).plan(root / "terraform" / "envs" / "dev.tfvars")
    first, second = terraform.tests[-2:]
    assert f'id = "{_ACCOUNT}/a"' not in first
    assert f'id = "{_ACCOUNT}/a"' in second
    assert f'id = "{_ACCOUNT}/b"' in second
    assert '"principal_id": "P"' not in second
    assert "azurerm_log_analytics_workspace.a\n  override_during = apply" in first


def test_the_plan_knows_order_and_providers(root: Path) -> None:
    """What waits for what, which providers are registered, and of which environment the values are."""
    plan = _workshop(root, _Terraform([_change("azurerm_b.this")])).plan(root / "terraform" / "envs" / "own.tfvars")
    assert plan.environment == "prod"
    assert plan.registered == {"Microsoft.App", "A.B"}
    assert plan.waits_for(plan.resources[0]) == {"azurerm_log_analytics_workspace.a"}


def test_a_public_environment_is_planned_with_a_range(root: Path) -> None:
    """It is shipped without one; with none nothing would be closed. A private one is planned as it is."""
    terraform = _Terraform([])
    workshop = _workshop(root, terraform)
    for name, given in (("dev", True), ("own", False)):
        workshop.plan(root / "terraform" / "envs" / f"{name}.tfvars")
        assert ('-var=allowed_ip_ranges=["203.0.113.0/28"]' in terraform.asked[-1]) == given


def test_the_checkout_is_left_as_it_is(root: Path) -> None:
    """Only the copy gets a test and another backend; what Terraform has left in the checkout is not taken along."""
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    _workshop(root, _Terraform([])).plan(root / "terraform" / "envs" / "dev.tfvars")
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    copied = {path.name for path in (root.parent / "copy").rglob("*")}
    assert copied & {"other.tftest.hcl", ".terraform"} == set()
    assert "backend_override.tf" in copied


def test_values_that_cannot_be_planned_are_named(root: Path) -> None:
    """The file, and Terraform's summary and detail instead of its JSON."""

    class Refusing(_Terraform):
        def __call__(self, folder: Path, *arguments: str) -> str:
            if arguments[0] == "test":
                raise CommandError('ended with 1: {"diagnostic":{"summary":"Invalid value","detail":"sku \\"X\\""}}')
            return super().__call__(folder, *arguments)

    with pytest.raises(CommandError, match='dev.tfvars .*: Invalid value sku "X"'):
        _workshop(root, Refusing([])).plan(root / "terraform" / "envs" / "dev.tfvars")


def test_every_environment_is_checked() -> None:
    """Each file of values, and the examples where there are some."""
    assert set(ENVIRONMENTS) <= set(value_files(ROOT))


def test_a_fault_that_cannot_be_put_back_is_reported(tmp_path: Path) -> None:
    """A file that is written anew must not leave its fault unproven."""
    (tmp_path / "a.tf").write_text("one = 1\n", encoding="utf-8")
    fault = {"rule": "some-rule", "changes": [{"file": "a.tf", "sound": "one = 1", "fault": "one = 2"}]}
    put_back(fault, tmp_path)
    assert (tmp_path / "a.tf").read_text(encoding="utf-8") == "one = 2\n"
    with pytest.raises(CommandError, match="some-rule: a.tf .*'one = 1'"):
        put_back(fault, tmp_path)


def test_every_rule_is_proven_on_the_configuration() -> None:
    """Each has the text that is at fault, and the breach that it must tell."""
    assert sorted(rule.id for rule in RULES) == sorted(fault["rule"] for fault in faults())
    assert [fault["rule"] for fault in faults() if ": " not in fault["breach"]] == []


def test_the_fault_of_another_proves_nothing() -> None:
    """A rule that is red for another's fault has not seen its own, nor has one whose breach another rule tells."""
    rows = [{"rule": "a", "breach": "x.this: one"}, {"rule": "b", "breach": "x.this: two"}]
    reported = {("a", "x.this: one"), ("b", "x.this: of another fault"), ("a", "x.this: two")}
    assert unreported(rows, reported) == ["b (x.this: two)"]
    assert unreported(rows, reported | {("b", "x.this: two")}) == []


def test_the_plan_knows_whose_list_of_providers_is_registered(root: Path) -> None:
    """azurerm's own, unless it is told to register none."""
    values = root / "terraform" / "envs" / "own.tfvars"
    assert _workshop(root, _Terraform([])).plan(values).registrations == "legacy"
    text = 'provider "azurerm" {\n  resource_provider_registrations = "none"\n}\n'
    (root / "terraform" / "terraform.tf").write_text(text, encoding="utf-8")
    shutil.rmtree(root.parent / "copy")
    plan = _workshop(root, _Terraform([])).plan(values)
    assert (plan.registrations, plan.registered) == ("none", frozenset())
