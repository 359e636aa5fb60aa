"""docs/runbooks.md has a section for each alert rule and a line for each title under which Nightshift pages."""

import ast
import re
from collections.abc import Iterator

from tests.docs.markdown import ROOT, section, table, text_of

PAGE = "docs/runbooks.md"
_RULES = text_of("terraform/modules/observability/main.alerts.tf")
_PARTS = ("Meaning", "Done already", "Check", "Close")


def _shipped() -> dict[str, bool]:
    """The alert rules of Terraform, and whether each is sent to Nightshift as well."""
    found = {}
    for block in re.findall(r"^  (?:rules|queue_rules) = \{\n(.*?)^  \}$", _RULES, re.MULTILINE | re.DOTALL):
        for name, body in re.findall(r"^    ([\w-]+) = \{\n(.*?)^    \}$", block, re.MULTILINE | re.DOTALL):
            found[name] = "properties  = {}" not in body
    return found | {"budget": 'resource "azurerm_consumption_budget_subscription"' in _RULES}


def test_every_alert_rule_has_its_section() -> None:
    """In the table and below it, with what was done, what to check and how to close it."""
    rows = table(PAGE, "rule", "fires if")
    assert {re.findall(r"`([\w-]+)`", row[0])[0]: row[2] == "yes" for row in rows} == _shipped()
    lacking = [(name, part) for name in _shipped() for part in _PARTS if f"**{part}.**" not in section(PAGE, name)]
    assert lacking == []


def _templates() -> Iterator[str]:
    """The titles of alerts and pages in the product, as patterns."""
    for file in sorted(ROOT.rglob("*.py")):
        parts = set(file.relative_to(ROOT).parts)
        if {".venv", "node_modules", "tests", "alert_schemas"} & parts or not {
            "activities",
            "orchestrators",
            "services",
            "sweeps",
            "triggers",
        } & parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            yield from _titles(node)


def _titles(node: ast.AST) -> Iterator[str]:
    given: list[ast.expr] = []
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        if called in {"AlertRequest", "AlertMessage", "Notification", "_Trouble", "Trouble"}:
            given += [word.value for word in node.keywords if word.arg == "title"]
        elif called == "_page" and len(node.args) == 5:
            given.append(node.args[3])
        elif called == "self.alert" and len(node.args) == 4:
            given.append(node.args[2])
    elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "title":
        given.append(node.value)
    for value in given:
        plain = value.value if isinstance(value, ast.Subscript) else value
        if isinstance(plain, ast.JoinedStr):
            yield "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in plain.values
            )
        elif isinstance(plain, ast.Constant) and isinstance(plain.value, str):
            yield re.escape(plain.value)


def test_every_title_has_its_line() -> None:
    """Both ways: each title of the product is explained, and each that is explained is the product's."""
    listed = [row[0] for row in table(PAGE, "title")]
    patterns = sorted(set(_templates()))
    assert [pattern for pattern in patterns if not any(re.fullmatch(pattern, title) for title in listed)] == []
    assert [title for title in listed if not any(re.fullmatch(pattern, title) for pattern in patterns)] == []
    assert len(patterns) > 15
