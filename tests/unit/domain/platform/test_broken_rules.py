"""A broken spec in plain words: every problem once, with field, value and rule."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from nightshift.domain.lifecycle.metrics import METRICS
from nightshift.domain.platform.broken_rules import bad_input, broken_rules
from nightshift.domain.platform.request import DecisionRequest, ImproveRequest
from nightshift.domain.platform.spec import ModelSpec

SHIPPED = yaml.safe_load(Path("model_specs/revenue_forecast.yaml").read_text(encoding="utf-8"))

*METRIC_NAMES, LAST_METRIC = METRICS


def problems(document: dict[str, Any]) -> list[str]:
    """The problems of a spec."""
    with pytest.raises(ValidationError) as caught:
        ModelSpec.model_validate(document)
    return [str(problem) for problem in broken_rules(caught.value, ModelSpec, whole="spec")]


def changed(path: str, value: object) -> dict[str, Any]:
    """The shipped forecast with one field of one section set."""
    section, _, field = path.partition(".")
    document: dict[str, Any] = SHIPPED | {section: SHIPPED.get(section, {}) | {field: value} if field else value}
    return document


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (changed("name", "A b"), ("name = 'A b'", "must be 2 to 63 of a-z, 0-9 and _, ")),
        (changed("training.seed", "x"), ("training.seed = 'x'", "must be a whole number")),
        (changed("contract.min_rows", 0), ("contract.min_rows = 0", "must be at least 1")),
        (changed("training.features", []), ("training.features = '...'", "must have at least 1 item")),
        (changed("playbok", {}), ("playbok = '...'", "is no field here; did you mean 'playbook'?")),
        (
            changed("training.time_colum", "timestamp"),
            ("training.time_colum = 'timestamp'", "is no field here; did you mean 'time_column'?"),
        ),
        (
            changed("evaluation.metrics", [{"name": "auc"}]),
            ("evaluation.metrics.0.name = 'auc'", f"must be {', '.join(map(repr, METRIC_NAMES))} or {LAST_METRIC!r}"),
        ),
        (changed("training.str", 1), ("training.str = 1", "is no field here")),
        (changed("training.target", "profit") | {"owner": 7}, ("owner = 7", "must be text")),
        (
            changed("contract.columns", [{"name": "a", "dtype": "int"}]),
            (
                "contract.columns.0.dtype = 'int'",
                "must be 'integer', 'number', 'string', 'boolean', 'date' or 'timestamp'",
            ),
        ),
    ],
)
def test_each_problem_once_in_plain_words(document: dict[str, Any], expected: tuple[str, str]) -> None:
    """No word of pydantic's, no branch of a union, no mistake that follows from another."""
    (problem,) = problems(document)
    place, _, rule = problem.partition(": ")
    assert (place, rule[: len(expected[1])]) == expected


def test_a_misspelt_field_is_not_a_missing_one_too() -> None:
    """Only what is to be mended is said."""
    document = {("evalution" if name == "evaluation" else name): value for name, value in SHIPPED.items()}
    (problem,) = problems(document)
    assert problem.startswith("evalution = ")
    assert problem.endswith("'evaluation'?")


def test_a_missing_field_has_no_value() -> None:
    """It must be there."""
    assert problems({name: value for name, value in SHIPPED.items() if name != "owner"}) == ["owner: must be there"]


def test_parts_that_disagree_are_all_said() -> None:
    """Not only the first one."""
    (problem,) = problems(changed("training", SHIPPED["training"] | {"target": "profit", "time_column": "hour"}))
    assert "training.target names 'profit'" in problem
    assert "training.time_column names 'hour'" in problem


def test_the_error_names_the_first_rule_and_counts_the_rest() -> None:
    """One sentence for whoever sent it: field, shortened value, rule, in no word of pydantic's."""
    with pytest.raises(ValidationError) as caught:
        DecisionRequest.model_validate({"decision": "x" * 200, "comment": " "})
    error = bad_input(caught.value, DecisionRequest, where="form")
    assert (error.fields["field"], len(str(error.fields["value"]))) == ("decision", 80)
    assert all(f"'{choice}'" in error.fields["rule"] for choice in ("approve", "reject", "improve"))
    assert error.fields["rule"].endswith("(1 more)")
    assert error.message.startswith("form: decision = 'xxx")


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        ("[]", "body", "must be an object"),
        ("{", "body", "must be JSON: "),
        ('{"coment": "x", "run": "r"}', "coment", "did you mean 'comment'?"),
        ('{"why": "x", "comment": "x"}', "why", "there are comment, run"),
        ('{"none": null, "comment": "x"}', "none", "there are comment, run"),
        ('{"comment": null}', "comment", "must be text"),
        ("{}", "comment", "must be there"),
    ],
)
def test_a_document_is_judged_by_its_own_fields(text: str, field: str, rule: str) -> None:
    """The document as a whole, a misspelt field, one that is not known, one that is empty, one that is missing."""
    with pytest.raises(ValidationError) as caught:
        ImproveRequest.model_validate_json(text)
    error = bad_input(caught.value, ImproveRequest)
    assert error.fields["field"] == field
    assert rule in error.fields["rule"]
