"""How one model is trained: the spec's way, or changed by one action of a plan; the holdout is no part of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.actions.augment_data import AugmentData, Weighting
from nightshift.domain.improvement.actions.retrain_with_features import RetrainWithFeatures
from nightshift.domain.improvement.actions.tune_hyperparameters import TuneHyperparameters
from nightshift.domain.improvement.feature_group import FeatureGroup
from nightshift.domain.improvement.plan import PlanOrder
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.steps.fit import Values
from nightshift.training.steps.weighting import row_weights
from nightshift.training.steps.window import newest_days

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

    def choose(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, Values | None]:
        """The training rows that are fitted on, and how much each counts; None counts all alike.

        Raises:
            BadInputError: too few rows are left.
        """
        time_column = self.spec.training.time_column
        if self.window_days is not None:
            rows = newest_days(rows, time_column, self.window_days, self.spec.evaluation.holdout.min_rows)
        return rows, None if self.weighting is None else row_weights(rows[time_column], self.weighting)

    def with_parameters(self, parameters: Parameters) -> "TrainingSetup":
        """The same with some of the estimator's parameters replaced."""
        merged = {**self.spec.training.parameters, **parameters}
        training = self.spec.training.model_copy(update={"parameters": merged})
        return replace(self, spec=self.spec.model_copy(update={"training": training}))


def setup_of(spec: ModelSpec, order: PlanOrder | None) -> TrainingSetup:
    """The setup that an order asks for; a search starts from the spec's own.

    Raises:
        BadInputError: the action makes no sense for this kind of model, or is none that this release can carry out.
    """
    if order is None:
        return TrainingSetup(spec)
    action = order.action
    if spec.kind == "anomaly_detection" and action.not_for_detectors:
        rule = action.not_for_detectors
        raise BadInputError(field="plan.action.kind", value=action.kind, rule=rule, where=spec.name)
    match action:
        case RetrainWithFeatures():
            return TrainingSetup(spec, groups=order.feature_groups)
        case AugmentData():
            return TrainingSetup(spec, weighting=action.weighting)
        case AdjustTrainingWindow():
            return TrainingSetup(spec, window_days=action.days)
        case TuneHyperparameters():
            return TrainingSetup(spec)
    raise BadInputError(field="plan.action.kind", value=action.kind, rule="training has no way to carry it out")
