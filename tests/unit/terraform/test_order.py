"""What must exist before what, where no reference says it: an order that only ``depends_on`` holds.

``terraform test`` cannot see it: a plan has all resources at once. Each row is a race that a first apply can lose.
"""

import re

import pytest

from tests.unit.terraform.hcl import TERRAFORM, block, sources

MODULES = TERRAFORM / "modules"


def _waits_for(body: str) -> set[str]:
    found = re.search(r"^  depends_on\s*=\s*\[(.*?)\]", body, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"[\w.]+", found[1])) if found else set()


@pytest.mark.parametrize(
    ("module", "first"),
    [
        # The host starts at once, and gives up where it may not read its storage or does not find it.
        ("function_app", {"module.private_link", "module.roles"}),
        # Azure tries the rights of the topic's identity when the subscription is made, and looks for the container.
        ("upload_events", {"module.roles", "module.storage", "module.function_app"}),
        # Unity Catalog's credentials are tried on the storage.
        ("databricks_content", {"module.private_link", "module.roles"}),
    ],
)
def test_a_module_waits_for_what_it_needs(module: str, first: set[str]) -> None:
    """Rights, containers and endpoints are there before who needs them."""
    assert first <= _waits_for(block(sources(TERRAFORM), f'module "{module}" {{'))


@pytest.mark.parametrize(
    ("folder", "resource", "first"),
    [
        ("function_app", 'azapi_update_resource" "flex_basic_publishing', "azapi_update_resource.flex_sign_in"),
        ("private_link", 'azurerm_private_endpoint" "this', "azurerm_private_dns_zone_virtual_network_link.this"),
        ("private_link", 'azurerm_private_endpoint" "later', "azurerm_private_endpoint.this"),
        ("databricks_content", 'databricks_grant" "this', "databricks_service_principal.this"),
    ],
)
def test_a_resource_waits_for_what_it_needs(folder: str, resource: str, first: str) -> None:
    """Two changes of one site do not meet; a name resolves when it is asked for; a principal is there first."""
    assert first in _waits_for(block(sources(MODULES / folder), f'resource "{resource}" {{'))


def test_a_workspace_gets_its_endpoints_one_by_one() -> None:
    """Databricks refuses a second endpoint while it makes the first, and the provider does not try again."""
    table = (TERRAFORM / "main.private_link.tf").read_text(encoding="utf-8")
    rows = re.findall(r"\{[^{}]*module\.databricks\.workspace\.id[^{}]*\}", table)
    assert len(rows) == 2
    assert len([row for row in rows if not re.search(r"later\s*= true", row)]) == 1


@pytest.mark.parametrize(
    ("output", "first"),
    [
        ("functions_subnet_id", "azurerm_subnet_nat_gateway_association.functions"),
        ("functions_subnet_id", "azurerm_subnet_network_security_group_association.functions"),
        ("private_endpoints_subnet_id", "azurerm_subnet_network_security_group_association.private_endpoints"),
        ("databricks", "azurerm_subnet_nat_gateway_association.databricks"),
    ],
)
def test_a_subnet_is_whole_before_somebody_uses_it(output: str, first: str) -> None:
    """Who gets a subnet gets it with its security group and its way out."""
    assert first in _waits_for(block(sources(MODULES / "network"), f'output "{output}" {{'))
