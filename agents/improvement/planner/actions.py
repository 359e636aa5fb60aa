"""How the rules build an action from the bounds: moderate values, and None where the bounds have nothing to offer."""

from collections.abc import Callable, Collection

from nightshift.domain.improvement.feature_group import (
    Calendar,
    FeatureGroup,
    Interaction,
    Lags,
    RollingMeans,
    columns_of,
)
from nightshift.domain.improvement.plan import (
    AdjustTrainingWindow,
    AugmentData,
    ExponentialWeighting,
    RetrainWithFeatures,
    SearchChoices,
    SearchDimension,
    SearchRange,
    StepWeighting,
    TuneHyperparameters,
)
from nightshift.domain.improvement.plan_bounds import ChoiceBounds, DayBounds, ParameterBounds, PlanBounds

# Of every search: equal evidence gives an equal plan, and so finds it tried.
SEED = 20_240_101
MONTH = 30
_MOST_DIMENSIONS = 12
_MOST_GROUPS = 12
_MOST_CHOICES = 20
# A range that spans more than this ratio is searched by its logarithm.
_WIDE = 10


def forget(bounds: PlanBounds, *, slowly: bool) -> AugmentData | None:
    """Let a row's weight halve in about half the longest half-life allowed, or fast: in a twelfth of it."""
    if "augment_data" not in bounds.actions:
        return None
    days = bounds.half_life_days
    half_life = _whole_months(days.maximum // (2 if slowly else 12), days)
    return AugmentData(weighting=ExponentialWeighting(half_life_days=half_life))


def emphasise(bounds: PlanBounds) -> AugmentData | None:
    """Let the newest days weigh a middling multiple."""
    if "augment_data" not in bounds.actions:
        return None
    weight = (1 + bounds.max_weight) / 2
    return AugmentData(weighting=StepWeighting(recent_days=bounds.recent_days.maximum, weight=weight))


def shorter_window(bounds: PlanBounds, days_there: float) -> AdjustTrainingWindow | None:
    """Train on about the newest quarter of what may be used or is there; None if that is all there is."""
    if "adjust_training_window" not in bounds.actions:
        return None
    usable = min(bounds.window_days.maximum, int(days_there))
    days = _whole_months(usable // 4, bounds.window_days)
    return AdjustTrainingWindow(days=days) if days < days_there else None


def search(bounds: PlanBounds) -> TuneHyperparameters | None:
    """Search all parameters over all that is allowed."""
    if "tune_hyperparameters" not in bounds.actions:
        return None
    space = [_dimension(name, bounds.parameters[name]) for name in sorted(bounds.parameters)]
    return TuneHyperparameters(search_space=tuple(space[:_MOST_DIMENSIONS]), trials=bounds.max_trials, seed=SEED)


def past_of(bounds: PlanBounds, column: str) -> RetrainWithFeatures | None:
    """The groups that look at earlier values of a column."""
    return _groups(bounds, lambda group: isinstance(group, Lags | RollingMeans) and group.column == column)


def interactions(bounds: PlanBounds, columns: Collection[str]) -> RetrainWithFeatures | None:
    """The interactions that hold one of the columns; if there is none, all of them."""
    touching = _groups(
        bounds, lambda group: isinstance(group, Interaction) and bool(set(columns_of(group)) & set(columns))
    )
    return touching or _groups(bounds, lambda group: isinstance(group, Interaction))


def calendars(bounds: PlanBounds) -> RetrainWithFeatures | None:
    """The groups of parts of the time."""
    return _groups(bounds, lambda group: isinstance(group, Calendar))


def all_groups(bounds: PlanBounds) -> RetrainWithFeatures | None:
    """Every group."""
    return _groups(bounds, lambda _: True)


def _groups(bounds: PlanBounds, wanted: Callable[[FeatureGroup], bool]) -> RetrainWithFeatures | None:
    if "retrain_with_features" not in bounds.actions:
        return None
    names = sorted(name for name, group in bounds.feature_groups.items() if wanted(group))
    return RetrainWithFeatures(feature_groups=tuple(names[:_MOST_GROUPS])) if names else None


def _dimension(name: str, bounds: ParameterBounds) -> SearchDimension:
    if isinstance(bounds, ChoiceBounds):
        return SearchChoices(parameter=name, choices=bounds.allowed[:_MOST_CHOICES])
    if bounds.minimum == bounds.maximum:
        return SearchChoices(parameter=name, choices=(bounds.minimum,))
    wide = bounds.minimum > 0 and bounds.maximum / bounds.minimum > _WIDE
    return SearchRange(parameter=name, low=bounds.minimum, high=bounds.maximum, log=wide)


def _whole_months(days: int, bounds: DayBounds) -> int:
    rounded = days - days % MONTH if days >= MONTH else days
    return min(max(rounded, bounds.minimum), bounds.maximum)
