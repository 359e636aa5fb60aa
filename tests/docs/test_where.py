"""The page that says where a thing is decided names what is there."""

import ast
import re

import pytest

from tests.docs.markdown import ROOT
from tests.docs.names import names_in

_ROW = re.compile(
    r"^\| (?P<question>[^|]+) \| \[[^\]]+\]\(\.\./(?P<file>[^)]+)\) \| `(?P<name>[\w.]+)` \|$", re.MULTILINE
)
_PAGE = (ROOT / "docs" / "where.md").read_text(encoding="utf-8")
ROWS = [(found["question"], found["file"], found["name"]) for found in _ROW.finditer(_PAGE)]


def test_every_row_is_read() -> None:
    """None of them has another form, in which it would not be checked."""
    rows = [line for line in _PAGE.splitlines() if line.startswith("| ") and not line.startswith("| question")]
    assert len(ROWS) == len(rows) >= 13


@pytest.mark.parametrize(("file", "name"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_the_name_is_in_the_file(file: str, name: str) -> None:
    """One hop: no forwarding file, and no name that was changed since."""
    assert name in names_in(ast.parse((ROOT / file).read_text(encoding="utf-8")).body)
