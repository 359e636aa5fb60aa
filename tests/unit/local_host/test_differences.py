"""The tables of docs/local-host.md: each row names a test that is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
_PAGE = (ROOT / "docs" / "local-host.md").read_text(encoding="utf-8")


def _rows(heading: str) -> list[list[str]]:
    section = _PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in section.splitlines()
        if line.startswith("| ")
    ]


DIFFERENCES = _rows("Differences that the app holds")
BREAKAGES = _rows("When a part of it breaks")[1:]


def test_the_table_is_there() -> None:
    """With the columns that the page explains."""
    assert DIFFERENCES[0] == ["part", "Azure", "local host", "test"]
    assert len(BREAKAGES) > 3


@pytest.mark.parametrize("row", DIFFERENCES[1:], ids=lambda row: " ".join(row[0:2])[:50])
def test_a_difference_is_held_by_a_test(row: list[str]) -> None:
    """Azure asks for more there, and the app gives it or does not need it."""
    assert len(row) == 4
    _is_there(row[-1])


@pytest.mark.parametrize("row", BREAKAGES, ids=lambda row: row[0][:50])
def test_what_happens_when_a_part_breaks_is_shown_by_a_test(row: list[str]) -> None:
    """What breaks, what is done, what is lost, and the test."""
    assert len(row) == 4
    _is_there(row[-1])


def _is_there(test: str) -> None:
    path, _, name = test.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"def {re.escape(name)}\(" if name else r"def test_", text), f"{test}: there is no such test"
