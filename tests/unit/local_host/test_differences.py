"""The table of differences between the local host and Azure: every row has a direction and a test that is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
_TABLE = (ROOT / "docs" / "local-host.md").read_text(encoding="utf-8").partition("\n## Differences\n")[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")] for line in _TABLE.splitlines() if line.startswith("| ")
]
DIFFERENCES = ROWS[1:]


def test_the_table_is_there() -> None:
    """With the columns that the page explains; a part has its rows one below the other."""
    assert ROWS[0] == ["part", "Azure", "local host", "direction", "test"]
    assert len(DIFFERENCES) > 20
    assert [len(row) for row in DIFFERENCES] == [5] * len(DIFFERENCES)


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: " ".join(row[0:2])[:50])
def test_a_difference_is_shown_by_a_test(row: list[str]) -> None:
    """None makes the stand-in kinder than Azure: that would be a fault, and no test of the app could see it."""
    *_, direction, test = row
    assert direction in {"stricter", "neutral", "held"}
    path, _, name = test.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"def {re.escape(name)}\(" if name else r"def test_", text), f"{test}: there is no such test"
