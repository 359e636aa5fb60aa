"""docs/api.md lists every title that a problem document of the app may have."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import nightshift.domain.platform.origin
import nightshift.domain.platform.principal
import nightshift.domain.platform.sign_in
import nightshift.domain.response.incident
import nightshift.domain.reviews.review
from nightshift.domain.platform.errors import NightshiftError, NotFoundError
from nightshift.services.reviews import decide_review, decision_rate
from nightshift.triggers.alert_schemas import databricks_job

ROOT = Path(__file__).resolve().parents[3]
# Whose errors an answer of the API may carry; those of the command line and of delivery never leave this machine.
_MODULES = (
    nightshift.domain.response.incident,
    nightshift.domain.platform.origin,
    nightshift.domain.platform.principal,
    nightshift.domain.reviews.review,
    nightshift.domain.platform.sign_in,
)
_MORE = (decide_review, decision_rate, databricks_job)
_SERVED = {"nightshift.domain.platform.errors", *(module.__name__ for module in (*_MODULES, *_MORE))}


def _codes(error: type[NightshiftError]) -> Iterator[str]:
    for kind in error.__subclasses__():
        if kind.__module__ in _SERVED and kind is not NotFoundError:
            yield kind.code
        yield from _codes(kind)


def _titles() -> Iterator[str]:
    for folder in ("triggers", "wiring"):
        for file in (ROOT / "nightshift" / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                places = {"problem": 1, "NotFoundError": 0}
                if isinstance(node, ast.Call) and ast.unparse(node.func) in places:
                    title = node.args[places[ast.unparse(node.func)]]
                    if isinstance(title, ast.Constant):
                        yield str(title.value)


def test_the_page_lists_every_title() -> None:
    """A script that compares titles finds them all, and none that is never sent."""
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    table = page.partition("| title | status |")[2].partition("\n\n")[0]
    listed = {
        title
        for line in table.splitlines()
        for title in re.findall(r"`([^`]+)`", line.partition("|")[2].partition("|")[0])
    }
    assert listed == {*_codes(NightshiftError), *_titles()}
