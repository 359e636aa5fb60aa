"""A seeded search of the estimator's parameters, on training rows alone.

Optuna's tree-structured Parzen estimator (Bergstra et al., Algorithms for Hyper-Parameter Optimization, 2011), one
trial after the other: equal rows, space and seed give equal trials.
"""

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from nightshift.domain.improvement.actions.tune_hyperparameters import SearchDimension, SearchRange, TuneHyperparameters
from nightshift.domain.lifecycle.metrics import METRICS
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.steps.features import build_features, recipe_of
from nightshift.training.steps.setup import TrainingSetup
from nightshift.training.steps.split import Split
from nightshift.training.steps.trial import measure

if TYPE_CHECKING:
    import optuna

logger = logging.getLogger(__name__)

# Parameters that count something; a search draws whole numbers for them.
WHOLE = frozenset(
    {
        "max_iter",
        "max_leaf_nodes",
        "max_depth",
        "min_samples_leaf",
        "max_bins",
        "min_labelled_rows",
        "profile_weeks",
        "window_hours",
    }
)


Parameter = int | float | str | bool


@dataclass(frozen=True)
class Trial:
    """One set of parameters and the metric on the validation rows; NaN with a problem where there is none."""

    number: int
    parameters: dict[str, Parameter]
    value: float
    problem: str


@dataclass(frozen=True)
class Tuned:
    """The outcome of a search.

    Attributes:
        setup: with the best parameters found; the spec's own where no trial was better.
        metric: the one that was searched by: the first tracked metric of the policy.
        baseline, best: its value for the spec's own parameters, and for those chosen; NaN where undefined.
        trials: a row each: ``trial`` (0 is the spec's own), a column per parameter, ``value``, ``problem``.
    """

    setup: TrainingSetup
    metric: str
    baseline: float
    best: float
    trials: pd.DataFrame


def tune(setup: TrainingSetup, action: TuneHyperparameters, rows: pd.DataFrame, inner: Split) -> Tuned:
    """Search, fitting on the older part of the training rows and measuring on the newer.

    Args:
        rows: all training rows; ``inner`` divides them by time.

    Raises:
        BadInputError: a range of a counting parameter is not whole or cannot be sampled, the metric cannot be measured
            on the newer part, or every trial was refused.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    metric = next(metric.name for metric in setup.spec.evaluation.metrics if metric.tracked)
    _check(action, setup.spec, inner.holdout)
    measured = _Measured(metric, rows, inner)
    own = setup.spec.training.parameters
    searched = [item.parameter for item in action.search_space]
    baseline = Trial(0, {name: own[name] for name in searched if name in own}, measured.value(setup), "")
    study = optuna.create_study(
        direction="maximize" if METRICS[metric].higher_is_better else "minimize",
        sampler=optuna.samplers.TPESampler(seed=action.seed),
    )
    trials = [baseline]
    for number in range(1, action.trials + 1):
        asked, parameters = _ask(study, action)
        trial = _try(number, parameters, setup, measured)
        trials.append(trial)
        if math.isnan(trial.value):
            study.tell(asked, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(asked, trial.value)
    best = _best(trials, metric)
    logger.info(
        "tuning_finished model=%s metric=%s baseline=%.6g best=%.6g",
        setup.spec.name,
        metric,
        baseline.value,
        best.value,
    )
    return Tuned(
        setup=setup.with_parameters(best.parameters) if best.number else setup,
        metric=metric,
        baseline=baseline.value,
        best=best.value,
        trials=pd.DataFrame(
            {"trial": trial.number, **trial.parameters, "value": trial.value, "problem": trial.problem}
            for trial in trials
        ),
    )


def _ask(study: "optuna.Study", action: TuneHyperparameters) -> tuple["optuna.Trial", dict[str, Parameter]]:
    from optuna.exceptions import OptunaError

    try:
        asked = study.ask()
        return asked, {item.parameter: _draw(asked, item) for item in action.search_space}
    except (OptunaError, ValueError, ArithmeticError) as error:
        space = ", ".join(item.parameter for item in action.search_space)
        rule = f"cannot be sampled: {error}"
        raise BadInputError(field="plan.action.search_space", value=space, rule=rule) from error


def _try(number: int, parameters: dict[str, Parameter], setup: TrainingSetup, measured: "_Measured") -> Trial:
    try:
        value, problem = measured.value(setup.with_parameters(parameters)), ""
    except BadInputError as error:
        # What the estimator refuses is a failed trial; the table says why.
        value, problem = math.nan, error.message
    return Trial(number, parameters, value, problem or ("the metric is undefined" if math.isnan(value) else ""))


def _best(trials: list[Trial], metric: str) -> Trial:
    """The best trial; of equal ones the earliest, so that the spec's own parameters stay unless they are beaten."""
    done = [trial for trial in trials[1:] if not math.isnan(trial.value)]
    if not done:
        raise BadInputError(
            field="plan.action", value="tune_hyperparameters", rule=f"every trial failed: {trials[1].problem}"
        )
    sign = -1 if METRICS[metric].higher_is_better else 1
    return min((trial for trial in trials if not math.isnan(trial.value)), key=lambda trial: sign * trial.value)


class _Measured:
    """The objective; inputs are made again only when a parameter changes their recipe."""

    def __init__(self, metric: str, rows: pd.DataFrame, inner: Split) -> None:
        self._metric, self._rows, self._inner = metric, rows, inner
        self._inputs: dict[str, pd.DataFrame] = {}

    def value(self, setup: TrainingSetup) -> float:
        recipe = recipe_of(setup.spec, setup.groups)
        key = recipe.model_dump_json()
        if key not in self._inputs:
            self._inputs = {key: build_features(self._rows, recipe)}
        return measure(setup, self._inner, self._inputs[key], recipe).get(self._metric, math.nan)


def _check(action: TuneHyperparameters, spec: ModelSpec, validation: pd.DataFrame) -> None:
    for dimension in action.search_space:
        ends = (dimension.low, dimension.high) if isinstance(dimension, SearchRange) else dimension.choices
        odd = [value for value in ends if not isinstance(value, float) or not value.is_integer()]
        if dimension.parameter in WHOLE and odd:
            raise BadInputError(
                field=f"plan.action.search_space.{dimension.parameter}", value=odd[0], rule="must be a whole number"
            )
    if spec.kind == "anomaly_detection" and not validation[spec.training.target].eq(1).any():
        raise BadInputError(
            field="plan.action.kind",
            value=action.kind,
            rule=f"none of the {len(validation)} validation rows is labelled 1, so no trial can be told from another",
            where=spec.name,
        )


def _draw(trial: "optuna.Trial", dimension: SearchDimension) -> Parameter:
    name = dimension.parameter
    if isinstance(dimension, SearchRange):
        if name in WHOLE:
            return trial.suggest_int(name, int(dimension.low), int(dimension.high), log=dimension.log)
        return trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log)
    value = dimension.choices[trial.suggest_categorical(name, list(range(len(dimension.choices))))]
    return int(value) if name in WHOLE else value
