"""dev, qa and prod differ in their tfvars and in nothing else."""

import re

import pytest

from tests.unit.terraform.hcl import ENVIRONMENTS, TERRAFORM, block, declared, keys, modules, sources


def _body(environment: str) -> str:
    text = (TERRAFORM / "envs" / f"{environment}.tfvars").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_gives_every_variable(environment: str) -> None:
    """No environment lacks a variable that another has, and none is left to a default."""
    # The drift plan gives check_settings itself.
    assert sorted(keys(_body(environment))) == sorted(set(declared("variable", TERRAFORM)) - {"check_settings"})


def test_environments_give_the_same_fields() -> None:
    """Within objects too, the environments have the same fields."""
    fields = {name: re.findall(r"^  +(\w+)\s*=", _body(name), re.MULTILINE) for name in ENVIRONMENTS}
    assert fields["qa"] == fields["dev"]
    assert fields["prod"] == fields["dev"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_is_its_own(environment: str) -> None:
    """tfvars and backend of an environment carry its name."""
    assert re.search(rf'^environment\s*= "{environment}"$', _body(environment), re.MULTILINE)
    backend = (TERRAFORM / "envs" / f"{environment}.tfbackend").read_text(encoding="utf-8")
    assert f"nightshift-{environment}.tfstate" in backend
    assert "use_azuread_auth     = true" in backend


def test_networks_do_not_overlap() -> None:
    """Environments can be peered with one hub."""
    ranges = [re.findall(r'virtual_network\s*= "([\d./]+)"', _body(name))[0] for name in ENVIRONMENTS]
    assert len(set(ranges)) == len(ENVIRONMENTS)


@pytest.mark.parametrize("module", modules())
def test_a_module_hard_codes_nothing_of_an_environment(module: str) -> None:
    """No environment, region, address range or SKU choice of an environment stands in a module."""
    text = sources(TERRAFORM / "modules" / module)
    # Descriptions and messages give examples.
    code = "\n".join(line for line in text.splitlines() if not re.match(r"\s*(description|error_message)\s*=", line))
    assert re.findall(r'"(?:dev|qa|prod)"', code) == []
    assert re.findall(r"\b(?:westeurope|northeurope|eastus2?)\b", code) == []
    assert re.findall(r"\b10\.\d+\.\d+\.\d+", code) == []
    assert re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", code) == (
        # Microsoft's own applications, the same in every tenant: the Azure CLI, Azure Monitor's action groups.
        ["04b07795-8ddb-461a-bbee-02f9e1bf7b46", "461e8683-5575-4561-ac7f-899cc907d62a"] if module == "access" else []
    )


def test_private_is_the_default() -> None:
    """Who forgets to say it gets no public address."""
    code = sources(TERRAFORM)
    body = block(code[code.index('variable "private"') :], "{")
    assert re.search(r"default\s*= true", body)


def test_prod_is_private_and_redundant() -> None:
    """What prod must not be without."""
    prod = _body("prod")
    assert re.search(r"^private\s*= true$", prod, re.MULTILINE)
    assert re.search(r'sku\s*= "Premium"', prod)
    assert re.search(r'^storage_replication\s*= "G?ZRS"$', prod, re.MULTILINE)


def test_no_file_holds_a_secret() -> None:
    """No key, token or password in Terraform's files; addresses with keys live in Key Vault."""
    pattern = re.compile(
        r"AccountKey=|SharedAccessKey=|client_secret\s*=|password\s*=\s*\"|primary_access_key|primary_shared_key"
    )
    holders = [
        str(file.relative_to(TERRAFORM))
        for file in TERRAFORM.rglob("*")
        if file.suffix in {".tf", ".tfvars", ".tfbackend", ".yml"} and pattern.search(file.read_text(encoding="utf-8"))
    ]
    assert holders == []
