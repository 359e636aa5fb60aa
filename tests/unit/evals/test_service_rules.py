"""The scripted server refuses what the real one refuses, and takes what it takes."""

from typing import Any

import pytest

from evals.service_rules import first_violation, schema_faults
from nightshift.domain.improvement.actions.table import ACTIONS
from nightshift.domain.improvement.plan import Plan, plan_schema


def _asked(model: str, schema: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    form = {"type": "json_schema", "json_schema": {"name": "plan", "strict": True, "schema": schema or plan_schema()}}
    return {"model": model, "messages": [{"role": "system", "content": "x"}], "response_format": form, **more}


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        (_asked("gpt-5", max_tokens=10), "max_tokens"),
        (_asked("gpt-5", temperature=0), "temperature"),
        (_asked("o3-mini", top_p=1), "top_p"),
        (_asked("o3-mini", stop=["x"]), "stop"),
        (_asked("o3-mini", verbosity="low"), "verbosity"),
        (_asked("o4-mini", reasoning_effort="minimal"), "reasoning_effort"),
        (_asked("gpt-4o", reasoning_effort="low"), "reasoning_effort"),
        (_asked("gpt-4o", verbosity="low"), "verbosity"),
        (_asked("gpt-5.1", reasoning_effort="minimal"), "reasoning_effort"),
        (_asked("gpt-5.1", reasoning_effort="xhigh"), "reasoning_effort"),
        (_asked("gpt-5-mini", reasoning_effort="none"), "reasoning_effort"),
        (_asked("gpt-5.2-chat", reasoning_effort="low"), "reasoning_effort"),
        (_asked("gpt-5.2-chat", temperature=0), "temperature"),
        (_asked("gpt-5-pro"), "model"),
        (_asked("gpt-5.1-codex"), "model"),
        (_asked("gpt-4-turbo"), "response_format"),
        (_asked("gpt-5-chat"), "response_format"),
        (_asked("gpt-4o", messages=[{"role": "developer", "content": "x"}]), "messages[0].role"),
        (_asked("gpt-4o", messages=[{"role": "user", "content": ""}]), "messages"),
        (_asked("gpt-4o", schema=Plan.model_json_schema()), "response_format"),
        (_asked("gpt-4o", schema={"type": "object", "properties": {"a": {"type": "string"}}}), "response_format"),
    ],
)
def test_what_a_family_does_not_take_is_a_violation(asked: dict[str, Any], parameter: str) -> None:
    """The error names the parameter, as the services' errors do."""
    violation = first_violation(asked)
    assert violation is not None
    assert violation["param"] == parameter


@pytest.mark.parametrize(
    "asked",
    [
        _asked("gpt-4o", max_tokens=10, temperature=0),
        _asked("gpt-5.1", max_completion_tokens=10, reasoning_effort="none"),
        _asked("gpt-5.2", max_completion_tokens=10, reasoning_effort="xhigh"),
        _asked("gpt-5.2-chat", max_completion_tokens=10),
        _asked("gpt-5-mini", max_completion_tokens=10, reasoning_effort="minimal", verbosity="low"),
        _asked("o1", max_completion_tokens=10, messages=[{"role": "developer", "content": "x"}]),
    ],
)
def test_what_a_family_takes_is_none(asked: dict[str, Any]) -> None:
    """A request in the family's own terms passes."""
    assert first_violation(asked) is None


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _nested(levels: int) -> dict[str, Any]:
    return {"type": "string"} if levels == 0 else _object(inner=_nested(levels - 1))


KIND_A, KIND_B = {"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["b"]}


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        (_object(x={"type": "string", "default": "a"}), "'default' is not permitted"),
        (_object(x={"const": "a"}), "'const' is not permitted"),
        (_object(x={"type": "integer", "multipleOf": 2}), "'multipleOf' is not permitted"),
        ({**_object(), "minProperties": 1}, "'minProperties' is not permitted"),
        ({"anyOf": [_object()]}, "the root must be "),
        (_object(x={"anyOf": [_object(name=KIND_A, kind=KIND_A), _object(name={"type": "string"})]}), "first keys"),
        (_object(x={"anyOf": [_object(kind=KIND_A), _object(kind=KIND_A)]}), "first keys"),
        (_object(x={"anyOf": [_object(kind={"type": "string"}), _object(kind=KIND_A)]}), "first keys"),
        (_object(x={"$ref": "#/$defs/Missing"}), "names no definition"),
        (_object(x={"$ref": "#/$defs/A", "title": "A"}) | {"$defs": {"A": KIND_A}}, "must stand alone"),
        (_nested(6), "6 levels of nesting"),
        (_object(**{f"p{number}": {"type": "string"} for number in range(101)}), "101 properties"),
        (_object(x={"type": "string", "enum": [str(number) for number in range(501)]}), "501 values of enums"),
        (_object(x={"type": "string", "enum": ["v" * 15_000]}), "more than 15000 characters"),
    ],
)
def test_what_strict_mode_does_not_take_is_a_fault(schema: dict[str, Any], fault: str) -> None:
    """Keywords, the beginnings of options, depth and count."""
    assert any(fault in found for found in schema_faults(schema))


@pytest.mark.parametrize(
    "schema", [_nested(5), _object(x={"anyOf": [_object(kind=KIND_A, n=KIND_A), _object(kind=KIND_B)]}), plan_schema()]
)
def test_what_strict_mode_takes_is_none(schema: dict[str, Any]) -> None:
    """Options that their first key tells apart are taken: that is what ``kind`` is for."""
    assert list(schema_faults(schema)) == []


def test_kind_comes_first_in_each_option_of_the_plan() -> None:
    """With one value each; otherwise the service would refuse every question."""
    schema = plan_schema()
    options = [
        schema["$defs"][option["$ref"].removeprefix("#/$defs/")]
        for part in (schema, *schema["$defs"].values())
        for value in part["properties"].values()
        for option in (value.get("anyOf") or value.get("items", {}).get("anyOf") or ())
        if "$ref" in option
    ]
    assert len(options) > len(ACTIONS)
    for option in options:
        assert next(iter(option["properties"])) == option["required"][0] == "kind"
        assert len(option["properties"]["kind"]["enum"]) == 1


def test_a_plan_whose_options_begin_alike_would_be_refused() -> None:
    """The rule sees it: the two kinds of searched parameters with ``parameter`` in front of ``kind``."""
    schema = plan_schema()
    for name in ("SearchRange", "SearchChoices"):
        properties = schema["$defs"][name]["properties"]
        schema["$defs"][name]["properties"] = {"parameter": properties.pop("parameter"), **properties}
    violation = first_violation(_asked("gpt-4o", schema=schema))
    assert violation is not None
    assert "first keys" in violation["message"]
