"""Docstrings that say where another thing is say it as it is."""

import ast
import re

import pytest

from tests.docs.markdown import ROOT
from tests.docs.names import names_in

_FOLDERS = ("activities", "agents", "nightshift", "orchestrators")
# Metrics, spans and events have names that begin with nightshift, too; none of them goes on like a folder of it.
_INSIDE = "|".join(path.name for path in (ROOT / "nightshift").iterdir() if path.is_dir() and path.name != "cli")
_DOTTED = re.compile(rf"\b(?:activities|agents|orchestrators|nightshift\.(?:{_INSIDE}))(?:\.\w+)+\b")


def _named() -> list[tuple[str, str]]:
    """Each dotted name in a docstring, with its file."""
    found = []
    for file in sorted(file for folder in _FOLDERS for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node) or ""
                names = (match[0] for match in _DOTTED.finditer(text))
                found += [(str(file.relative_to(ROOT)), name) for name in names]
    return found


NAMED = _named()


def _is_there(name: str) -> bool:
    """Whether it is a package, a module, or what a module defines."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:length])
        if path.with_suffix(".py").is_file():
            rest = ".".join(parts[length:])
            return not rest or rest in names_in(ast.parse(path.with_suffix(".py").read_text(encoding="utf-8")).body)
        if path.is_dir():
            return length == len(parts)
    return False


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_name_in_a_docstring_is_there(file: str, name: str) -> None:
    """It is followed by readers only, and so by no tool that renames."""
    assert (ROOT / file).is_file()
    assert _is_there(name)
