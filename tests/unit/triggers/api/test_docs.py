"""docs/api.md agrees with the table of operations."""

import re
from pathlib import Path

from nightshift.triggers.api.operations import OPERATIONS

_ROW = re.compile(r"^\| `((?:GET|POST) /api/[^`]+)` \| ([^|]+) \|$", re.MULTILINE)


def test_the_roles_in_the_docs_are_those_of_the_code() -> None:
    """Every operation, in order, with its roles."""
    text = (Path(__file__).resolve().parents[4] / "docs" / "api.md").read_text(encoding="utf-8")
    expected = [
        (f"{operation.method} /api/{operation.path}", ", ".join(operation.roles) or "anybody")
        for operation in sorted(OPERATIONS, key=lambda operation: (operation.method, operation.path))
    ]
    assert _ROW.findall(text) == expected
