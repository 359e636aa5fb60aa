"""How one model is trained: the spec's way, or changed by one action of a plan; the holdout is no part of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from nightshift.domain.improvement.feature_group import FeatureGroup
from nightshift.domain.improvement.plan import AdjustTrainingWindow, AugmentData, PlanOrder, Weighting
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import ModelSpec

Parameters = Mapping[str, int | float | str | bool]


@dataclass(frozen=True)
class TrainingSetup:
    """What is fitted on which of the training rows.

    Attributes:
        spec: with the estimator's parameters to use.
        groups: groups of derived features beside the spec's own.
        weighting: how rows count by age; None counts all alike.
        window_days: how many of the newest days are fitted on; None takes all.
    """

    spec: ModelSpec
    groups: Mapping[str, FeatureGroup] = field(default_factory=dict)
    weighting: Weighting | None = None
    window_days: int | None = None

    def with_parameters(self, parameters: Parameters) -> "TrainingSetup":
        """The same with some of the estimator's parameters replaced."""
        merged = {**self.spec.training.parameters, **parameters}
        training = self.spec.training.model_copy(update={"parameters": merged})
        return replace(self, spec=self.spec.model_copy(update={"training": training}))


def setup_of(spec: ModelSpec, order: PlanOrder | None) -> TrainingSetup:
    """The setup that an order asks for; a search starts from the spec's own.

    Raises:
        BadInputError: the action makes no sense for this kind of model.
    """
    if order is None:
        return TrainingSetup(spec)
    action = order.action
    if isinstance(action, AugmentData):
        if spec.kind == "anomaly_detection":
            raise BadInputError(
                field="plan.action.kind",
                value=action.kind,
                rule="a robust covariance takes no weights; adjust_training_window narrows a detector to recent rows",
                where=spec.name,
            )
        return TrainingSetup(spec, weighting=action.weighting)
    if isinstance(action, AdjustTrainingWindow):
        return TrainingSetup(spec, window_days=action.days)
    return TrainingSetup(spec, groups=order.feature_groups)
