"""The table of docs/differences.md: each row names a test that is there, and has its direction."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_PAGE = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8").partition("\n## Differences\n")[2]
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in _PAGE.splitlines() if line.startswith("| ")]
DIFFERENCES = ROWS[1:]


def test_the_table_is_there() -> None:
    """With the columns that the page explains."""
    assert ROWS[0] == ["part", "Azure", "local host", "direction", "test"]
    assert len(DIFFERENCES) > 20
    assert [len(row) for row in DIFFERENCES] == [5] * len(DIFFERENCES)


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: " ".join(row[0:2])[:50])
def test_a_difference_is_shown_by_a_test(row: list[str]) -> None:
    """None makes the stand-in kinder than Azure: that would be a fault, and no test of an app could see it."""
    *_, direction, test = row
    assert direction in {"stricter", "neutral"}
    path, _, name = test.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"def {re.escape(name)}\(" if name else r"def test_", text), f"{test}: there is no such test"
