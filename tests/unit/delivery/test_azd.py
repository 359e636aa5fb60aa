"""azure.yaml leads the Azure Developer CLI to the same Terraform, and its files fit to it."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from tests.unit.terraform.hcl import TERRAFORM

ROOT = Path(__file__).resolve().parents[3]
AZD: dict[str, Any] = yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))
# azd fills these in itself, or `azd env set` does (docs/deploy.md).
GIVEN = {"AZURE_SUBSCRIPTION_ID", "AZURE_ENV_NAME", "AZURE_LOCATION"}
SET = {"NIGHTSHIFT_STATE_ACCOUNT", "NIGHTSHIFT_STATE_RESOURCE_GROUP"}


def _names(file: Path) -> set[str]:
    return set(re.findall(r"\$\{(\w+)", file.read_text(encoding="utf-8")))


def test_it_is_the_same_terraform() -> None:
    """The provider, the folder, and a variable file under the module's name, where azd looks for it."""
    assert AZD["infra"] == {"provider": "terraform", "path": "terraform", "module": "main"}
    assert (TERRAFORM / "terraform.tf").is_file()
    given = json.loads((TERRAFORM / "main.tfvars.json").read_text(encoding="utf-8"))
    variables = set(re.findall(r'^variable "(\w+)"', (TERRAFORM / "variables.tf").read_text("utf-8"), re.MULTILINE))
    assert set(given) <= variables


def test_the_state_is_where_terraform_alone_has_it() -> None:
    """The keys of envs/*.tfbackend: an environment that was applied by hand is the same one for azd."""
    backend = (TERRAFORM / "envs" / "dev.tfbackend").read_text(encoding="utf-8")
    by_hand = dict(re.findall(r'^(\w+)\s+= "?([^"\n]+)"?$', backend, re.MULTILINE))
    by_azd = json.loads((TERRAFORM / "provider.conf.json").read_text(encoding="utf-8"))
    assert set(by_azd) == set(by_hand)
    assert by_azd["key"].replace("${AZURE_ENV_NAME}", "dev") == by_hand["key"]
    assert by_azd["container_name"] == by_hand["container_name"]
    assert by_azd["resource_group_name"] == f"${{NIGHTSHIFT_STATE_RESOURCE_GROUP={by_hand['resource_group_name']}}}"


def test_terraform_reads_neither_file_by_itself() -> None:
    """Only `terraform.tfvars.json` and `*.auto.tfvars.json` are taken unasked: an apply by hand is not changed."""
    names = {file.name for file in TERRAFORM.glob("*.json")}
    assert names == {"main.tfvars.json", "provider.conf.json"}


def test_every_value_is_azds_or_on_the_page() -> None:
    """What has to be set before `azd up` is told."""
    used = _names(TERRAFORM / "main.tfvars.json") | _names(TERRAFORM / "provider.conf.json")
    assert used == GIVEN | SET
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert [name for name in SET | {"TF_CLI_ARGS_plan"} if name not in page] == []


def test_azd_deploys_no_code() -> None:
    """It would resolve the dependencies anew in each environment; it ends by keeping where the environment is."""
    assert "services" not in AZD
    assert AZD["workflows"] == {"up": {"steps": [{"azd": "provision"}]}}
    assert "nightshift env add" in AZD["hooks"]["postprovision"]["run"]
