"""The actions that a plan may choose from, and what a spec allows of them; a further one is named here."""

from typing import TYPE_CHECKING, Annotated, Literal, Union

from pydantic import Field, model_validator

from nightshift.domain.improvement.actions.action import PlannedAction, violation
from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow, WindowBounds
from nightshift.domain.improvement.actions.augment_data import AugmentData, WeightingBounds
from nightshift.domain.improvement.actions.retrain_with_features import FeatureBounds, RetrainWithFeatures
from nightshift.domain.improvement.actions.tune_hyperparameters import SearchBounds, TuneHyperparameters
from nightshift.domain.platform.message import Message

ACTIONS: dict[str, type[PlannedAction]] = {
    action.model_fields["kind"].default: action
    for action in (RetrainWithFeatures, TuneHyperparameters, AugmentData, AdjustTrainingWindow)
}
if TYPE_CHECKING:
    Action = PlannedAction
    ActionKind = str
else:
    Action = Annotated[Union[*ACTIONS.values()], Field(discriminator="kind")]
    ActionKind = Literal[*ACTIONS]


class _Allowed(Message):
    actions: tuple[ActionKind, ...] = ()


# The fields of the last class come first in a spec's JSON.
class PlanBounds(WindowBounds, WeightingBounds, SearchBounds, FeatureBounds, _Allowed):
    """The allowlist of a spec; whatever it does not name is forbidden.

    Attributes:
        actions: kinds of actions that may be tried; empty allows none.
        feature_groups: the groups that ``retrain_with_features`` may choose from.
        parameters: the parameters that ``tune_hyperparameters`` may search, and where.
        max_trials: of one search.
        recent_days, max_weight: of a step weighting.
        half_life_days: of an exponential weighting.
        window_days: of ``adjust_training_window``.
    """

    @model_validator(mode="after")
    def _allowed_actions_have_choices(self) -> "PlanBounds":
        for kind, action in ACTIONS.items():
            if kind in self.actions and (gap := action.gap(self)):
                raise ValueError(gap)
        return self

    def check(self, action: Action) -> tuple[str, ...]:
        """Every rule that an action breaks, as ``field = value: rule``; empty if it may be carried out."""
        if action.kind not in self.actions:
            return (violation("kind", action.kind, f"the spec allows {', '.join(self.actions) or 'no action'}"),)
        return action.violations(self)


def alike(action: PlannedAction, tried: PlannedAction) -> bool:
    """Whether an action is one that was tried, but for what cannot change its result by much."""
    return type(action) is type(tried) and action.is_like(tried)
