"""docs/roles.md from terraform/roles.yml: ``python -m nightshift.delivery.terraform_rules.roles_page`` writes it."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "roles.md"
_INTRODUCTION = """\
# Who may do what

This page shows `terraform/roles.yml`, from which Terraform makes the assignments; in Azure each carries its reason as
description. A test holds the two together; `python -m nightshift.delivery.terraform_rules.roles_page` writes the page.

Nobody has Owner or Contributor: `modules/roles` refuses them. Nobody has a key: shared keys, access keys and local
users are off in every service.
"""
_CALLS = """\
Every call that is made, and why a right above exists. A test reads the verbs of each module from the code, so that a
new call without a row fails; `make terraform-check` holds each row against what is planned for every environment: the
identity has the right, its subnet has a way (private endpoint, rule of the firewall, or a public address), and where
there is a private endpoint, the network resolves its name."""
_PLACES = """\
`functions` and `databricks` are subnets of the network, `event_grid` is Azure's own network, `outside` the networks of
people and machines, `host` the machine itself. Doors are:"""


def role_table() -> dict[str, Any]:
    """The tables of terraform/roles.yml."""
    table: dict[str, Any] = yaml.safe_load((ROOT / "terraform" / "roles.yml").read_text(encoding="utf-8"))
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
            "## Calls",
            "",
            _CALLS,
            "",
            "| caller | does | as | from | to | door | needs |",
            "|---|---|---|---|---|---|---|",
            *(_call(row) for row in table["calls"]),
            "",
            _PLACES,
            "",
            "| door | part | private DNS zone | ports |",
            "|---|---|---|---|",
            *(_door(name, door) for name, door in table["doors"].items()),
            "",
            "`internet` leaves by the NAT gateway; `management` is Azure Resource Manager, which is public.",
            "",
        ]
    )


def _call(row: dict[str, Any]) -> str:
    does = ", ".join(
        f"`{verb}`" if row["caller"].endswith(".py") and not row["caller"].startswith("nightshift/delivery") else verb
        for verb in row["verbs"]
    )
    needs = f"by hand: {row['by_hand']}" if "by_hand" in row else ", ".join(row["needs"])
    cells = (row["caller"], does, row["who"], row["from"], row["to"], row["door"], needs)
    return f"| {' | '.join(cells)} |"


def _door(name: str, door: dict[str, Any]) -> str:
    return f"| {name} | {door['part']} | {door['zone']} | {', '.join(map(str, door['ports']))} |"


def _rows(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> list[str]:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in rows:
        cells = (row[column] for column in columns)
        lines.append("| " + " | ".join(", ".join(cell) if isinstance(cell, list) else cell for cell in cells) + " |")
    return lines


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
