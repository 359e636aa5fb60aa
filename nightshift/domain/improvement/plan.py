"""A plan of the improvement loop: one bounded action, and why it should help."""

from typing import Any, Final

from pydantic import Field, ValidationError, model_validator

from nightshift.domain.improvement.actions.action import Name
from nightshift.domain.improvement.actions.table import Action
from nightshift.domain.improvement.feature_group import FeatureGroup
from nightshift.domain.platform.broken_rules import broken_rules
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.identity import digest
from nightshift.domain.platform.message import Message

# On the MLflow run and the model version of a training: the fingerprint of the plan that it carried out.
TAG_PLAN: Final = "nightshift.plan"
# A longer order reaches the job as the address of a blob: Databricks limits the parameters of a job run.
LARGEST_INLINE_ORDER: Final = 8_000
LONGEST_RATIONALE: Final = 2_000
LONGEST_EFFECT: Final = 500

# What both families of models take in a strict response schema; every other keyword is checked after the answer.
_SCHEMA_KEYWORDS = frozenset({"type", "description", "enum", "required", "additionalProperties", "$ref"})


class Plan(Message):
    """What a planner proposes; whether it may be done is for ``PlanBounds.check`` to say.

    Attributes:
        rationale: why this action, from which evidence; at most 2,000 characters.
        expected_effect: what should get better, and by how much; at most 500 characters.
    """

    action: Action
    rationale: str = Field(min_length=1, max_length=LONGEST_RATIONALE)
    expected_effect: str = Field(min_length=1, max_length=LONGEST_EFFECT)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the action alone: equal for plans that differ in words or in the order of names."""
        return digest(self.action.to_json())


class PlanOrder(Message):
    """The job parameter ``plan``: the action, with what its feature groups mean (agents.improvement.executor)."""

    action: Action
    feature_groups: dict[Name, FeatureGroup] = {}

    @model_validator(mode="after")
    def _every_group_is_defined(self) -> "PlanOrder":
        wanted = self.action.group_names
        if sorted(wanted) != sorted(self.feature_groups):
            msg = f"feature_groups defines {sorted(self.feature_groups)}, but the action needs {sorted(wanted)}"
            raise ValueError(msg)
        return self

    @property
    def fingerprint(self) -> str:
        """The same as that of the plan."""
        return digest(self.action.to_json())


def read_order(text: str) -> PlanOrder:
    """Read the job parameter's JSON.

    Raises:
        BadInputError: it is not an order; names every field that breaks a rule.
    """
    try:
        return PlanOrder.model_validate_json(text)
    except ValidationError as error:
        found = broken_rules(error, PlanOrder, whole="order")
        rule = f"must be an order of a plan, as JSON or as the address of a blob: {'; '.join(map(str, found[:5]))}"
        raise BadInputError(field="plan", value=text[:200], rule=rule) from error


def plan_schema() -> dict[str, Any]:
    """JSON schema of ``Plan`` for structured output in strict mode.

    Strict mode wants every property required and none further, knows ``anyOf`` but not ``oneOf``, and on Azure none of
    the keywords of lengths and bounds; those stay in the descriptions, and the answer is validated after it came.
    Source: Azure OpenAI, "Structured outputs", supported schemas and limitations.
    """
    schema = Plan.model_json_schema()
    strict = _strict(schema)
    strict["$defs"] = {name: _strict(part) for name, part in schema["$defs"].items()}
    return strict


def _strict(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in part:
        return {"$ref": part["$ref"]}
    made = {key: value for key, value in part.items() if key in _SCHEMA_KEYWORDS}
    if "const" in part:
        made["enum"] = [part["const"]]
    if "properties" in part:
        made["properties"] = {name: _strict(value) for name, value in part["properties"].items()}
        made["required"] = list(part["properties"])
        made["additionalProperties"] = False
    if "items" in part:
        made["items"] = _strict(part["items"])
    options = part.get("oneOf") or part.get("anyOf")
    if options:
        made["anyOf"] = [_strict(option) for option in options]
    return made
