"""The table of calls names every call of the code, and each of its rows a right that exists."""

from typing import Any

from nightshift.delivery.terraform_rules.roles_page import ROOT, role_table
from tests.unit.terraform.hcl import TERRAFORM
from tests.unit.terraform.sdk_calls import calls_in_the_code

# Verbs that change something: a role that only reads is not enough for them.
_WRITES = {"upload_blob", "delete_blob", "submit_transaction", "create_table_if_not_exists"}


def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = role_table()["calls"]
    return rows


def _rights() -> set[tuple[str, str, str]]:
    table = role_table()
    return {
        *((row["who"], row["scope"], row["role"]) for row in table["azure"]),
        *((row["who"], row["scope"], privilege) for row in table["grants"] for privilege in row["privileges"]),
        *((row["who"], row["scope"], row["level"]) for row in table["permissions"]),
    }


def test_every_call_of_the_code_has_a_row() -> None:
    """A client, or a verb of one, that the table does not know: nobody has asked whether it may and can be called."""
    listed: dict[str, set[str]] = {}
    for row in _rows():
        if row["caller"].endswith(".py") and not row["caller"].startswith("nightshift/delivery/"):
            listed.setdefault(row["caller"], set()).update(row["verbs"])
    assert calls_in_the_code() == listed


def test_a_row_has_these_fields_and_no_others() -> None:
    """A comma in a reason without quotes would become a field."""
    fields = {"caller", "verbs", "who", "from", "to", "door"}
    assert [row for row in _rows() if set(row) - {"needs", "by_hand"} != fields] == []


def test_every_caller_is_there() -> None:
    """A row of a module that is gone would keep its right alive."""
    assert [row["caller"] for row in _rows() if "/" in row["caller"] and not (ROOT / row["caller"]).is_file()] == []


def test_every_row_needs_rights_that_are_given() -> None:
    """What a call needs stands in the same table, for the same identity and scope, or is given by hand."""
    missing = [
        (row["caller"], row["who"], row["to"], need)
        for row in _rows()
        for need in row.get("needs", [])
        if (row["who"], row["to"], need) not in _rights()
    ]
    assert missing == []
    assert [row["caller"] for row in _rows() if ("needs" in row) == ("by_hand" in row)] == []


def test_every_right_is_needed_by_a_call() -> None:
    """A right that no call needs is one too many."""
    needed = {(row["who"], row["to"], need) for row in _rows() for need in row.get("needs", [])}
    assert _rights() - needed == set()


def test_a_role_that_reads_is_not_taken_for_one_that_writes() -> None:
    """An upload as Reader is a row that somebody has copied."""
    wrong = [row for row in _rows() if _WRITES & set(row["verbs"]) and any("Reader" in need for need in row["needs"])]
    assert wrong == []


def test_every_door_leads_somewhere() -> None:
    """A door is a part of a service, or one of the three ways that need none."""
    known = {*role_table()["doors"], "internet", "management", "host"}
    assert {row["door"] for row in _rows()} <= known
    assert set(role_table()["doors"]) <= {row["door"] for row in _rows()}


def test_every_place_is_known() -> None:
    """Subnets, Azure's own network, people and the machine itself."""
    places = {"functions", "databricks", "event_grid", "outside", "host", "management"}
    assert {row["from"] for row in _rows()} == places


def test_zones_are_those_that_terraform_makes() -> None:
    """The zone of a door is one of the private DNS zones of Terraform."""
    made = (TERRAFORM / "main.private_link.tf").read_text(encoding="utf-8")
    assert [door["zone"] for door in role_table()["doors"].values() if f'"{door["zone"]}"' not in made] == []
