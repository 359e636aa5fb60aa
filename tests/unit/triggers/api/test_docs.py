"""docs/api.md agrees with the declarations of the endpoints."""

import re
from pathlib import Path

from nightshift.triggers.api.endpoints import api_endpoints

_ROW = re.compile(r"^\| `((?:GET|POST) /api/[^`]+)` \| ([^|]+) \|$", re.MULTILINE)


def test_the_roles_in_the_docs_are_those_of_the_code() -> None:
    """Every endpoint, in order, with its roles."""
    text = (Path(__file__).resolve().parents[4] / "docs" / "api.md").read_text(encoding="utf-8")
    expected = [
        (f"{endpoint.method} /api/{endpoint.path}", ", ".join(endpoint.roles) or "anybody")
        for endpoint in sorted(api_endpoints(), key=lambda endpoint: (endpoint.method, endpoint.path))
    ]
    assert _ROW.findall(text) == expected
