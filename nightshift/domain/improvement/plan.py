"""A plan of the improvement loop: one bounded action, and why it should help."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

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

ActionKind = Literal["retrain_with_features", "tune_hyperparameters", "augment_data", "adjust_training_window"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Number = Annotated[float, Field(allow_inf_nan=False)]
Choice = bool | Annotated[float, Field(allow_inf_nan=False)] | Annotated[str, Field(min_length=1, max_length=100)]
Days = Annotated[int, Field(ge=1, le=3660)]

# What both families of models take in a strict response schema; every other keyword is checked after the answer.
_SCHEMA_KEYWORDS = frozenset({"type", "description", "enum", "required", "additionalProperties", "$ref"})


class RetrainWithFeatures(Message):
    """Train with groups of derived features beside the spec's own.

    Attributes:
        feature_groups: names of groups that the spec declares; 1 to 12.
    """

    kind: Literal["retrain_with_features"] = "retrain_with_features"
    feature_groups: tuple[Name, ...] = Field(min_length=1, max_length=12)

    @field_validator("feature_groups")
    @classmethod
    def _once_and_in_order(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(names)))


class SearchRange(Message):
    """An interval in which a numeric parameter is searched, ends included; ``log`` searches its logarithm."""

    kind: Literal["range"] = "range"
    parameter: Name
    low: Number
    high: Number
    log: bool = False

    @model_validator(mode="after")
    def _low_comes_first(self) -> "SearchRange":
        if self.low >= self.high:
            msg = f"{self.parameter}: low = {self.low:g} must be below high = {self.high:g}"
            raise ValueError(msg)
        if self.log and self.low <= 0:
            msg = f"{self.parameter}: low = {self.low:g} must be above 0 where log is true"
            raise ValueError(msg)
        return self


class SearchChoices(Message):
    """A closed set of values in which a parameter is searched; 1 to 20."""

    kind: Literal["choices"] = "choices"
    parameter: Name
    choices: tuple[Choice, ...] = Field(min_length=1, max_length=20)

    @field_validator("choices")
    @classmethod
    def _once_and_in_order(cls, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        # A boolean is its own kind of value, and not the number 1.
        return tuple(choice for _, choice in sorted({(type(choice).__name__, choice) for choice in choices}))


SearchDimension = Annotated[SearchRange | SearchChoices, Field(discriminator="kind")]


class TuneHyperparameters(Message):
    """Search the estimator's parameters on the training rows; the best by the first tracked metric is trained.

    Attributes:
        search_space: one entry for each parameter (a list, because a strict response schema knows no free keys).
        trials: 1 to 100.
        seed: of the sampler; an equal plan on equal rows finds equal parameters.
    """

    kind: Literal["tune_hyperparameters"] = "tune_hyperparameters"
    search_space: tuple[SearchDimension, ...] = Field(min_length=1, max_length=12)
    trials: int = Field(ge=1, le=100)
    seed: int = Field(ge=0, le=2**32 - 1)

    @field_validator("search_space")
    @classmethod
    def _each_parameter_once(cls, space: tuple[SearchDimension, ...]) -> tuple[SearchDimension, ...]:
        names = [dimension.parameter for dimension in space]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            msg = f"parameters named twice: {', '.join(repeated)}"
            raise ValueError(msg)
        return tuple(sorted(space, key=lambda dimension: dimension.parameter))


class StepWeighting(Message):
    """Rows of the newest ``recent_days`` days of the training rows count ``weight`` times as much as older ones."""

    kind: Literal["step"] = "step"
    recent_days: Days
    weight: float = Field(gt=1, le=100)


class ExponentialWeighting(Message):
    """A row counts half as much as one that is ``half_life_days`` newer."""

    kind: Literal["exponential"] = "exponential"
    half_life_days: Days


Weighting = Annotated[StepWeighting | ExponentialWeighting, Field(discriminator="kind")]


class AugmentData(Message):
    """Let recent rows count more than old ones."""

    kind: Literal["augment_data"] = "augment_data"
    weighting: Weighting


class AdjustTrainingWindow(Message):
    """Train on the newest ``days`` days of the training rows only; the holdout stays what it is."""

    kind: Literal["adjust_training_window"] = "adjust_training_window"
    days: Days


Action = Annotated[
    RetrainWithFeatures | TuneHyperparameters | AugmentData | AdjustTrainingWindow, Field(discriminator="kind")
]


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
        wanted = self.action.feature_groups if isinstance(self.action, RetrainWithFeatures) else ()
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
