"""The role table says the same in roles.yml, in Terraform, in the app and in docs/roles.md."""

from typing import get_args

from nightshift.delivery.terraform_rules.roles_page import PAGE, render, role_table
from nightshift.domain.platform.principal import Role
from tests.unit.terraform.hcl import TERRAFORM, block, keys, sources


def test_the_page_shows_the_table() -> None:
    """docs/roles.md is what roles.yml renders to."""
    assert PAGE.read_text(encoding="utf-8") == render()


def test_each_row_names_a_scope_and_a_principal_that_terraform_knows() -> None:
    """Scopes and principals of the root are exactly those of the table."""
    code = sources(TERRAFORM)
    rows = role_table()["azure"]
    scopes = {*keys(block(code, "\n  scopes = {")), "function_app"}
    assert scopes == {row["scope"] for row in rows}
    assert set(keys(block(code, "\n  principals = {"))) == {row["who"] for row in rows}


def test_each_row_has_a_reason() -> None:
    """No right without the reason for it."""
    table = role_table()
    rights = [row for name in ("azure", "grants", "permissions", "app_roles") for row in table[name]]
    missing = [row for row in rights if len(row["reason"]) < 20]
    assert missing == []


def test_no_row_comes_twice() -> None:
    """A second row would hide its reason behind the first."""
    rows = [(row["who"], row["role"], row["scope"]) for row in role_table()["azure"]]
    assert sorted(rows) == sorted(set(rows))


def test_no_role_is_made_beside_the_table() -> None:
    """Azure roles come from modules/roles alone (and the state account's own, before there is anything else)."""
    makers = {
        file.parent.name
        for file in TERRAFORM.rglob("*.tf")
        if 'resource "azurerm_role_assignment"' in file.read_text(encoding="utf-8")
    }
    assert makers == {"roles", "bootstrap"}


def test_app_roles_are_those_that_the_app_checks() -> None:
    """Entra, tfvars and nightshift/domain/platform/principal.py know the same roles."""
    known = set(get_args(Role))
    assert {row["who"] for row in role_table()["app_roles"]} == known
    assert set(keys(block(sources(TERRAFORM / "modules" / "access"), "roles = {"))) == known
    variables = sources(TERRAFORM)[sources(TERRAFORM).index('variable "app_role_members"') :]
    assert set(keys(block(variables, "object({"))) == known
