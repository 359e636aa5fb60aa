"""The scripted server refuses what the real one refuses, and takes what it takes."""

from typing import Any

import pytest

from domain.plan import Plan, plan_schema
from evals.service_rules import first_violation


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
        _asked("gpt-5-chat", max_tokens=10, temperature=0),
        _asked("gpt-5-mini", max_completion_tokens=10, reasoning_effort="minimal", verbosity="low"),
        _asked("o1", max_completion_tokens=10, messages=[{"role": "developer", "content": "x"}]),
    ],
)
def test_what_a_family_takes_is_none(asked: dict[str, Any]) -> None:
    """A request in the family's own terms passes."""
    assert first_violation(asked) is None
