"""Tables of the pages hold what the product's own tables hold, nothing less and nothing more."""

import ast
import re
from functools import cache
from typing import Any, cast, get_args

import pytest
from pydantic import BaseModel

from activities.response.handlers import HANDLERS
from agents.champions.promotion import RULES as PROMOTION_RULES
from nightshift.domain.improvement.actions.table import PlanBounds
from nightshift.domain.improvement.loop import ImprovementPolicy
from nightshift.domain.lifecycle.job import JobState
from nightshift.domain.lifecycle.run import RunEvent
from nightshift.domain.notifications.notification import NotificationKind
from nightshift.domain.platform import errors, telemetry
from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.problem_status import status_of
from nightshift.domain.platform.spec import ModelSpec
from nightshift.domain.response.alert import Category, Severity
from nightshift.domain.response.incident import PERSONS_OPERATIONS, TRANSITIONS, IncidentState
from nightshift.domain.response.mitigations import CHANGING, Mitigation
from nightshift.domain.response.playbook import DEFAULT_REACTIONS, Playbook, Thresholds
from nightshift.domain.reviews.policy import ReviewPolicy
from nightshift.domain.reviews.review import Choice, ReviewState
from nightshift.domain.uploads.contract import ContractViolationError, Dtype
from nightshift.domain.uploads.contract import Rule as ContractRule
from nightshift.domain.watch.sweep import SWEEPS
from nightshift.triggers.api.endpoints import api_endpoints
from nightshift.triggers.api.parameters import OUTCOME
from orchestrators.lifecycle.lifecycle import _PUBLISHED
from tests.docs.markdown import ROOT, codes, section, table, tables, text_of


def _first(rows: list[list[str]]) -> list[str]:
    """What stands in backticks in the first column."""
    return [code for row in rows for code in codes(row[0])]


@cache
def _product(*folders: str) -> list[ast.AST]:
    """The trees of the product's files in folders of these names, wherever they lie."""
    others = {".venv", "node_modules", "tests", "benchmarks", "evals", ".nightshift"}
    files = [
        file
        for file in sorted(ROOT.rglob("*.py"))
        if (parts := set(file.relative_to(ROOT).parts)) & set(folders) and not parts & others
    ]
    return [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]


@pytest.mark.parametrize("page", ["docs/operate.md", "docs/data-producers.md"])
def test_outcomes_of_a_run(page: str) -> None:
    """As the filter of the API takes them."""
    assert sorted(_first(table(page, "outcome"))) == sorted(OUTCOME.schema["enum"])  # type: ignore[call-overload]


def _failure_codes() -> set[str]:
    """Codes of failures that are no error's: as the product gives them to ``Failure``."""
    known = {
        kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, NightshiftError)
    }
    given = {
        str(word.value.value)
        for node in _product("activities", "orchestrators", "domain")
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Failure"
        for word in node.keywords
        if word.arg == "code" and isinstance(word.value, ast.Constant)
    }
    jobs = {f"job_{state}" for state in get_args(JobState)} - {"job_pending", "job_running", "job_succeeded"}
    return (given | jobs | {"internal_error", ContractViolationError.code}) - known


def test_codes_of_a_failed_run() -> None:
    """Beside those of the error catalogue; an error that is declared elsewhere has a code, too."""
    listed = set(_first(table("docs/operate.md", "code", "meaning")))
    assert sorted(_failure_codes() - listed) == []
    assert sorted(listed - _failure_codes() - set(_errors(NightshiftError))) == []


def test_states_of_incidents() -> None:
    """Every state, and what a person may do from which."""
    assert _first(table("docs/operate.md", "state", "meaning", "what to do")) == list(get_args(IncidentState))
    listed = {
        (operation, before): codes(row[2])[0]
        for row in table("docs/operate.md", "a person may")
        for operation in codes(row[0])
        for before in codes(row[1])
    }
    assert listed == {key: after for key, after in TRANSITIONS.items() if key[0] in PERSONS_OPERATIONS}


def test_states_and_decisions_of_reviews() -> None:
    """As the API knows them."""
    assert set(_first(table("docs/reviews.md", "state", "meaning"))) == set(get_args(ReviewState))
    assert [row[0] for row in table("docs/reviews.md", "decision")] == list(get_args(Choice))


def test_defaults_of_a_review() -> None:
    """The example of the page is what holds without it."""
    block = text_of("docs/reviews.md").partition("```yaml")[2].partition("```")[0]
    policy = ReviewPolicy()
    said = {name: float(value) for name, value in re.findall(r"^  (\w+_minutes): (\d+)", block, re.MULTILINE)}
    assert said == {name: getattr(policy, name) for name in ("remind_after_minutes", "expires_after_minutes")}
    assert [float(minutes) for minutes in re.findall(r"after_minutes: (\d+)\}", block)] == [
        level.after_minutes for level in policy.ladder
    ]


def test_thresholds() -> None:
    """Each with its default."""
    listed = {codes(row[0])[0]: float(row[1]) for row in _thresholds()}
    assert listed == Thresholds().model_dump()


def _thresholds() -> list[list[str]]:
    return _fields("error_ratio_warning")


def _fields(first: str) -> list[list[str]]:
    """The rows of the table of fields that begins with this one."""
    found = tables(section("docs/alerts.md", "Thresholds and reactions"))
    return next(rows[1:] for rows in found if first in rows[1][0])


def test_how_an_alert_is_judged() -> None:
    """The figures of the first table are the thresholds of the second."""
    rows = table("docs/alerts.md", "category", "figure", "warning", "critical")
    figures = [float(cell) for row in rows for cell in row[2:4] if re.fullmatch(r"[\d.]+", cell)]
    assert figures == [float(row[1]) for row in _thresholds()]


def test_reactions() -> None:
    """The default playbook, line by line."""
    listed = {(row[0], row[1]): tuple(codes(row[2])) for row in table("docs/alerts.md", "category", "severity")}
    assert listed == {(line.category, line.severity): line.mitigations for line in DEFAULT_REACTIONS}
    assert len(listed) == len(get_args(Category)) * len(get_args(Severity))
    assert set(_first(table("docs/alerts.md", "reaction"))) == set(get_args(Mitigation))


def test_mitigations() -> None:
    """In the glossary what changes something, and among the steps of the responder whatever is carried out."""
    (row,) = (row for row in table("docs/glossary.md", "term") if row[0] == "mitigation")
    assert set(codes(row[1])) == CHANGING
    steps = _first(tables(section("docs/how-it-works.md", "The responder"))[0][1:])
    assert {handler.act.name for handler in HANDLERS.values()} - set(steps) == set()


def test_fields_of_the_playbook() -> None:
    """Each with its default."""
    rows = _fields("damping")
    assert set(_first(rows)) == set(Playbook.model_fields)
    plain = Playbook().model_dump()
    for row in rows:
        if re.fullmatch(r"\d+", row[1]):
            assert plain[codes(row[0])[0]] == float(row[1]), row[0]


def test_parts_of_a_spec() -> None:
    """Every section of a spec has its line."""
    assert set(_first(table("docs/add-a-model.md", "part"))) == set(ModelSpec.model_fields)


def test_fields_of_the_improvement_section() -> None:
    """Every field, those of the bounds too, with the defaults that are single values."""
    rows, listed = table("docs/add-a-model.md", "field", "default", under="The improvement section"), set()
    for row in rows:
        names = codes(row[0])
        prefix = "bounds." if names[0].startswith("bounds.") else ""
        listed |= {prefix + name.removeprefix(prefix) for name in names}
        if re.fullmatch(r"[\d.]+", row[1]):
            holder: BaseModel = PlanBounds() if prefix else ImprovementPolicy()
            assert getattr(holder, names[0].removeprefix(prefix)) == float(row[1]), row[0]
    fields = set(ImprovementPolicy.model_fields) - {"bounds"}
    assert listed == fields | {f"bounds.{name}" for name in PlanBounds.model_fields}


def test_rules_and_dtypes_of_a_contract() -> None:
    """A producer finds each rule that a report may name."""
    assert set(_first(table("docs/data-producers.md", "rule", "the file breaks it if"))) == set(get_args(ContractRule))
    assert [codes(row[0])[0] for row in table("docs/data-producers.md", "dtype")] == list(get_args(Dtype))


def test_the_promotion_table() -> None:
    """In the order in which it is read; the two rules behind it are named below it."""
    rows = table("docs/how-it-works.md", "rule", "when", "action")
    listed = [(codes(row[0])[0], row[2].split(";")[0]) for row in rows]
    assert listed == [(rule.name, rule.action) for rule in PROMOTION_RULES]
    text = text_of("docs/how-it-works.md")
    assert all(f"`{name}`" in text for name in ("quarantined", "champion_lost"))


def test_events() -> None:
    """Every type that is published, and the fields of its data."""
    rows = {codes(row[0])[0]: codes(row[2]) for row in table("docs/events.md", "type")}
    kinds = get_args(RunEvent.model_fields["kind"].annotation)
    assert set(rows) == {f"Nightshift.Run.{kind.capitalize()}" for kind in kinds}
    assert rows["Nightshift.Run.Started"] == ["uploads", "bronze"]
    assert set(rows["Nightshift.Run.Promoted"]) == _PUBLISHED


def test_kinds_of_notifications() -> None:
    """Page and notice."""
    assert set(_first(table("docs/notifications.md", "kind"))) == set(get_args(NotificationKind))


def test_attributes_of_spans() -> None:
    """As the traces have them."""
    known = {value for name, value in vars(telemetry).items() if name.startswith("ATTRIBUTE_")}
    assert set(_first(table("docs/observability.md", "attribute"))) == known


def test_sweeps() -> None:
    """Every timer, with its interval."""
    words = {"minute": 1, "5 minutes": 5, "hour": 60}
    listed = {codes(row[0])[0]: words[row[1]] for row in table("docs/operate.md", "sweep")}
    assert listed == {name: every.total_seconds() / 60 for name, every in SWEEPS.items()}


def test_statuses_of_the_api() -> None:
    """Every status of a problem, and no other; 405 is the answer at a method that there is not."""
    listed = {int(code) for row in table("docs/api.md", "status", "when") for code in row[0].split(", ")}
    assert listed == {405} | {status for endpoint in api_endpoints() for status in endpoint.statuses}


def _errors(kind: type[NightshiftError]) -> dict[str, type[NightshiftError]]:
    """The errors that an answer of the API may carry, by their codes."""
    served = {"domain", "activities", "triggers"} & set(kind.__module__.split("."))
    found = {kind.code: kind} if served else {}
    for child in kind.__subclasses__():
        # One that has its parent's code is answered as that.
        found = _errors(child) | found
    return found


def test_status_of_each_title() -> None:
    """The status beside a title is the one that the app answers with."""
    known = _errors(NightshiftError)
    said: dict[str, int] = {}
    for titles, status, _ in table("docs/api.md", "title", "status"):
        own = {title: int(code) for title, code in re.findall(r"`(\w+)` (\d{3})", status)}
        said |= {title: own.get(title, int(status.split(",")[0])) for title in codes(titles)}
    # What stands in no table of errors is answered where it is found.
    errors_said = {title: status for title, status in said.items() if title in known}
    assert errors_said == {title: status_of(cast("Any", known[title])) for title in errors_said}


def test_parts_of_readiness() -> None:
    """What `GET /api/health/ready` checks, by the names that it shows."""
    names = {
        str(line.value.value)
        for node in _product("clients", "wiring", "activities")
        if isinstance(node, ast.ClassDef)
        and any(isinstance(line, ast.FunctionDef) and line.name == "check" for line in node.body)
        for line in node.body
        if isinstance(line, ast.Assign)
        and ast.unparse(line.targets[0]) == "name"
        and isinstance(line.value, ast.Constant)
    }
    assert {row[0] for row in table("docs/api.md", "part", "what is tried")} == names


def test_tables_to_keep() -> None:
    """The backup names every table of the data account."""
    names = {
        str(node.args[1].value)
        for node in _product("clients")
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "Table"
        and len(node.args) == 2
        and isinstance(node.args[1], ast.Constant)
    }
    row = next(row for row in table("docs/backup.md", "what", "where in Azure") if "ledger" in row[0])
    assert set(codes(row[1])) | {"readiness"} == names | {"readiness"}
    loop = re.search(r"for table in ([\w ]+); do", text_of("docs/backup.md"))
    assert loop is not None
    assert loop[1].split() == codes(row[1])


def test_terms_of_the_glossary_are_sorted_and_single() -> None:
    """Whoever looks a term up finds it once."""
    terms = [row[0] for row in table("docs/glossary.md", "term")]
    assert terms == sorted(set(terms), key=str.lower)
