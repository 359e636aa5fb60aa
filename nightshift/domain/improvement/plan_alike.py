"""Whether two actions differ by anything that matters: what a round tried need not be tried with another seed."""

import math
from typing import Final

from nightshift.domain.improvement.plan import (
    Action,
    AdjustTrainingWindow,
    AugmentData,
    Choice,
    ExponentialWeighting,
    RetrainWithFeatures,
    SearchChoices,
    SearchDimension,
    SearchRange,
    StepWeighting,
    TuneHyperparameters,
    Weighting,
)

# Days and weights: closer than this share of the larger one, they select nearly the same rows.
_SHARE: Final = 0.05
# Ends of a range: closer than this share of the range's width, on the scale on which it is searched.
_OF_WIDTH: Final = 0.01
# A search is another one if it has at least this many times the trials of the one before.
_MORE_TRIALS: Final = 1.5


def alike(action: Action, tried: Action) -> bool:
    """Whether an action is one that was tried, but for what cannot change its result by much.

    - ``retrain_with_features``: the same groups.
    - ``adjust_training_window`` and ``augment_data``: the same kind, days and weights within 5 %.
    - ``tune_hyperparameters``: the same parameters, ends of ranges within 1 % of their width, choices equal but for
      rounding, fewer than 1.5 times the trials. The seed counts for nothing.
    """
    match action, tried:
        case RetrainWithFeatures(), RetrainWithFeatures():
            return action.feature_groups == tried.feature_groups
        case AdjustTrainingWindow(), AdjustTrainingWindow():
            return _close(action.days, tried.days)
        case AugmentData(), AugmentData():
            return _weighted_alike(action.weighting, tried.weighting)
        case TuneHyperparameters(), TuneHyperparameters():
            return action.trials < _MORE_TRIALS * tried.trials and _searched_alike(
                action.search_space, tried.search_space
            )
    return False


def _weighted_alike(weighting: Weighting, tried: Weighting) -> bool:
    match weighting, tried:
        case StepWeighting(), StepWeighting():
            return _close(weighting.recent_days, tried.recent_days) and _close(weighting.weight, tried.weight)
        case ExponentialWeighting(), ExponentialWeighting():
            return _close(weighting.half_life_days, tried.half_life_days)
    return False


def _searched_alike(space: tuple[SearchDimension, ...], tried: tuple[SearchDimension, ...]) -> bool:
    # Both are in the order of their parameters.
    return len(space) == len(tried) and all(
        item.parameter == other.parameter and _dimension_alike(item, other)
        for item, other in zip(space, tried, strict=True)
    )


def _dimension_alike(dimension: SearchDimension, tried: SearchDimension) -> bool:
    match dimension, tried:
        case SearchRange(), SearchRange():
            return dimension.log == tried.log and _range_alike(dimension, tried)
        case SearchChoices(), SearchChoices():
            return len(dimension.choices) == len(tried.choices) and all(
                _same_choice(one, other) for one, other in zip(dimension.choices, tried.choices, strict=True)
            )
    return False


def _range_alike(dimension: SearchRange, tried: SearchRange) -> bool:
    low, high, tried_low, tried_high = (
        math.log(end) if tried.log else end for end in (dimension.low, dimension.high, tried.low, tried.high)
    )
    allowed = _OF_WIDTH * (tried_high - tried_low)
    return abs(low - tried_low) <= allowed and abs(high - tried_high) <= allowed


def _same_choice(one: Choice, other: Choice) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-12)
    return type(one) is type(other) and one == other


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= _SHARE * max(one, other)
