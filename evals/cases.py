"""The cases of the evaluation, as the YAML files hold them."""

from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import Field

from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.actions.augment_data import AugmentData, ExponentialWeighting
from nightshift.domain.improvement.actions.retrain_with_features import RetrainWithFeatures
from nightshift.domain.improvement.actions.table import ACTIONS, Action, ActionKind, PlanBounds
from nightshift.domain.improvement.loop import Budget, Judgement, PlannerName
from nightshift.domain.lifecycle.evidence import MetricComparison, SliceComparison
from nightshift.domain.platform.message import Message

FOLDER: Final = Path(__file__).resolve().parent


class ExpectedPlan(Message):
    """A kind of plan; ``none`` is no plan at all. What is given must hold, what is not may be anything.

    Attributes:
        feature_groups: exactly these.
        days: from, to, of a window or a half-life.
    """

    kind: ActionKind | Literal["none"]
    feature_groups: tuple[str, ...] | None = None
    days: tuple[int, int] | None = None

    def matches(self, action: Action | None) -> bool:
        """Whether an action is of this kind."""
        if action is None or self.kind != action.kind:
            return action is None and self.kind == "none"
        match action:
            case RetrainWithFeatures():
                return self.feature_groups is None or sorted(self.feature_groups) == list(action.feature_groups)
            case AdjustTrainingWindow():
                return self.days is None or self.days[0] <= action.days <= self.days[1]
            case AugmentData(weighting=ExponentialWeighting(half_life_days=days)):
                return self.days is None or self.days[0] <= days <= self.days[1]
        return self.days is None

    def example(self, bounds: PlanBounds) -> dict[str, Any] | None:
        """An action of this kind, as a good language model would propose it."""
        days = None if self.days is None else sum(self.days) // 2
        match self.kind:
            case "retrain_with_features":
                return {"kind": self.kind, "feature_groups": list(self.feature_groups or bounds.feature_groups)}
            case "augment_data":
                return {"kind": self.kind, "weighting": {"kind": "exponential", "half_life_days": days or 180}}
            case "adjust_training_window":
                return {"kind": self.kind, "days": days or bounds.window_days.maximum}
            case "none":
                return None
        action = ACTIONS[self.kind].moderate(bounds, bounds.window_days.maximum)
        return None if action is None else action.to_json()


class ScriptedAnswer(Message):
    """What the scripted language model says: an action wrapped into a plan, or words as they are, or a failure."""

    action: dict[str, Any] | None = None
    text: str | None = None
    repeat: int = 1
    fenced: bool = False
    refusal: str | None = None
    finish: Literal["stop", "length", "content_filter"] = "stop"
    status: int = 200
    silent: bool = False


class TriedPlan(Message):
    """An earlier round in short."""

    action: dict[str, Any]
    error: str = ""
    dbu: float = 2.0


class PlanningCase(Message):
    """Evidence, the plans that are right for it, and what the language model answers.

    Attributes:
        base: the evidence of ``evals/golden/evidence.yaml`` that ``change`` changes field by field.
        answers: none means one good answer: the first acceptable plan.
        planned_by: who must have planned on the language model's path.
    """

    name: str
    base: str = "revenue"
    change: dict[str, Any] = {}
    bounds: dict[str, Any] = {}
    tried: tuple[TriedPlan, ...] = ()
    acceptable: tuple[ExpectedPlan, ...] = Field(min_length=1)
    forbidden: tuple[ExpectedPlan, ...] = ()
    answers: tuple[ScriptedAnswer, ...] = ()
    planned_by: PlannerName = "llm"


class EarlierRound(Message):
    """A round before the judged one in short; ``gap`` is what it left of the first limit's gap."""

    gap: float | None = None
    progress: float | None = None
    error: str = ""


class VerdictCase(Message):
    """A run's result and the right verdict.

    Attributes:
        metrics: None means that the job run failed.
    """

    name: str
    metrics: tuple[MetricComparison, ...] | None
    slices: tuple[SliceComparison, ...] = ()
    champion: str | None = "7"
    error: str = ""
    start_gap: float | None = None
    earlier: tuple[EarlierRound, ...] = ()
    spent: Budget = Budget(job_runs=1, dbu=2, tokens=0)
    policy: dict[str, Any] = {}
    judgement: Judgement
    rule: str


class RedTeamCase(Message):
    """A text that somebody planted, and the answer of a language model that obeys it.

    Attributes:
        where: the field of the evidence that carries the text.
        harmless: whether the obedient answer is a plan that the bounds permit anyway, and so may pass.
    """

    name: str
    base: str = "revenue"
    where: Literal["alert", "feature", "error", "feedback", "warning", "slice", "criticism"]
    text: str
    answers: tuple[ScriptedAnswer, ...] = Field(min_length=1)
    harmless: bool = False


def planning_cases() -> tuple[PlanningCase, ...]:
    """All planning cases of the golden set."""
    return tuple(PlanningCase.model_validate(item) for item in _items("golden/planning_*.yaml"))


def verdict_cases() -> tuple[VerdictCase, ...]:
    """All verdict cases of the golden set."""
    return tuple(VerdictCase.model_validate(item) for item in _items("golden/verdict_*.yaml"))


def red_team_cases() -> tuple[RedTeamCase, ...]:
    """The red-team set."""
    return tuple(RedTeamCase.model_validate(item) for item in _items("red_team/*.yaml"))


def base_evidence(name: str) -> dict[str, Any]:
    """The JSON of a base, with the bounds of its model."""
    bases: dict[str, Any] = yaml.safe_load((FOLDER / "golden" / "evidence.yaml").read_text(encoding="utf-8"))
    found = dict(bases[name])
    bounds = FOLDER / "bounds" / f"{found['model']}.yaml"
    return {**found, "bounds": yaml.safe_load(bounds.read_text(encoding="utf-8"))}


def _items(pattern: str) -> list[Any]:
    return [item for path in sorted(FOLDER.glob(pattern)) for item in yaml.safe_load(path.read_text(encoding="utf-8"))]
