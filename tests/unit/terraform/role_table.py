"""docs/roles.md from terraform/roles.yml: ``python -m tests.unit.terraform.role_table`` writes it anew."""

from typing import Any

import yaml

from tests.unit.terraform.hcl import ROOT, TERRAFORM

PAGE = ROOT / "docs" / "roles.md"
_INTRODUCTION = """\
# Who may do what

This page shows `terraform/roles.yml`, from which Terraform makes the assignments; in Azure each carries its reason as
description. A test holds the two together; `python -m tests.unit.terraform.role_table` writes the page anew.

Nobody has Owner or Contributor: `modules/roles` refuses them. Nobody has a key: shared keys, access keys and local
users are off in every service.
"""


def role_table() -> dict[str, list[dict[str, Any]]]:
    """The tables of terraform/roles.yml."""
    table: dict[str, list[dict[str, Any]]] = yaml.safe_load((TERRAFORM / "roles.yml").read_text(encoding="utf-8"))
    return table


def render() -> str:
    """The whole page."""
    table = role_table()
    return "\n".join(
        [
            _INTRODUCTION,
            "## Azure roles",
            "",
            *_rows(("who", "role", "scope", "reason"), table["azure"]),
            "",
            "`who` in the plural are lists of tfvars; `queues` and `alert_queues` give one assignment for each queue.",
            "",
            "## Unity Catalog",
            "",
            *_rows(("who", "privileges", "scope", "reason"), table["grants"]),
            "",
            "## Databricks workspace",
            "",
            *_rows(("who", "level", "scope", "reason"), table["permissions"]),
            "",
            "## The app itself",
            "",
            "App roles in Entra; `app_role_members` names who has them. Who has none gets no token.",
            "",
            *_rows(("who", "reason"), table["app_roles"]),
            "",
            "## By hand",
            "",
            "What budget alerts may pause, and endpoints that serve a model, belong to other teams; they grant the",
            "app's service principal CAN_RESTART on such a cluster, CAN_MANAGE on such a SQL warehouse or endpoint.",
            "",
        ]
    )


def _rows(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> list[str]:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in rows:
        cells = (row[column] for column in columns)
        lines.append("| " + " | ".join(", ".join(cell) if isinstance(cell, list) else cell for cell in cells) + " |")
    return lines


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
