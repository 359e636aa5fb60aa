"""The JSON documents in the tables of a state folder, read without starting anything."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TABLES = "azurite/__azurite_db_table__.json"
# Properties of a row that hold a document, by table.
DOCUMENTS = {
    "ledger": ("Entry",),
    "uploads": ("Upload",),
    "datasets": ("Record",),
    "champions": ("Move",),
    "incidents": ("Json", "Alert"),
    "reviews": ("Record",),
    "sweeps": ("Look",),
    "ordermarks": ("Mark",),
    "notifications": ("Record",),
    "deadletters": ("Letter",),
    "faults": ("Record",),
    "starts": ("Record",),
}


def rows(state: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row of each table, with the name of the table."""
    for collection in json.loads((state / _TABLES).read_text(encoding="utf-8"))["collections"]:
        _, separator, table = collection["name"].partition("$")
        if separator and not collection["name"].startswith("$"):
            for row in collection["data"]:
                yield table, row["properties"]


def stored(state: Path) -> Iterator[tuple[str, str]]:
    """Each document: its table and property, as ``table.Property``, and its text."""
    for table, row in rows(state):
        for name in DOCUMENTS.get(table, ()):
            if str(row.get(name, "")).startswith("{"):
                yield f"{table}.{name}", row[name]
