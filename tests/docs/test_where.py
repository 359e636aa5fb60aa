"""The page that says where a thing is decided names what is there."""

import ast
import re

import pytest

from tests.docs.markdown import ROOT

_ROW = re.compile(
    r"^\| (?P<question>[^|]+) \| \[[^\]]+\]\(\.\./(?P<file>[^)]+)\) \| `(?P<name>[\w.]+)` \|$", re.MULTILINE
)
_PAGE = (ROOT / "docs" / "where.md").read_text(encoding="utf-8")
ROWS = [(found["question"], found["file"], found["name"]) for found in _ROW.finditer(_PAGE)]


def _names(body: list[ast.stmt], before: str = "") -> set[str]:
    """What a module defines, and what its classes do."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(f"{before}{node.name}")
        if isinstance(node, ast.ClassDef):
            found |= _names(node.body, f"{node.name}.")
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {f"{before}{target.id}" for target in targets if isinstance(target, ast.Name)}
    return found


def test_every_row_is_read() -> None:
    """None of them has another form, in which it would not be checked."""
    rows = [line for line in _PAGE.splitlines() if line.startswith("| ") and not line.startswith("| question")]
    assert len(ROWS) == len(rows) >= 13


@pytest.mark.parametrize(("file", "name"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_the_name_is_in_the_file(file: str, name: str) -> None:
    """One hop: no forwarding file, and no name that was changed since."""
    assert name in _names(ast.parse((ROOT / file).read_text(encoding="utf-8")).body)
