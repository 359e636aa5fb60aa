"""From an order to what is fitted."""

from collections.abc import Callable

import pytest

from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.actions.augment_data import AugmentData, ExponentialWeighting
from nightshift.domain.improvement.actions.retrain_with_features import RetrainWithFeatures
from nightshift.domain.improvement.actions.table import ACTIONS, PlanBounds
from nightshift.domain.improvement.actions.tune_hyperparameters import NumberBounds, SearchRange, TuneHyperparameters
from nightshift.domain.improvement.feature_group import Calendar, FeatureGroup
from nightshift.domain.improvement.plan import PlanOrder
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.steps.setup import TrainingSetup, setup_of

MakeSpec = Callable[..., ModelSpec]
CALENDAR = Calendar(features=("month",))


def test_without_an_order_the_spec_counts(make_spec: MakeSpec) -> None:
    """Nothing is changed."""
    spec = make_spec()
    assert setup_of(spec, None) == TrainingSetup(spec)


def test_each_action_changes_one_thing(make_spec: MakeSpec) -> None:
    """Groups, weighting or window; a search begins with the spec's own parameters."""
    spec = make_spec()
    halving = ExponentialWeighting(half_life_days=30)
    space = (SearchRange(parameter="max_iter", low=10, high=50),)
    setups = [
        setup_of(spec, order)
        for order in (
            PlanOrder(action=RetrainWithFeatures(feature_groups=("cal",)), feature_groups={"cal": CALENDAR}),
            PlanOrder(action=AugmentData(weighting=halving)),
            PlanOrder(action=AdjustTrainingWindow(days=30)),
            PlanOrder(action=TuneHyperparameters(search_space=space, trials=1, seed=1)),
        )
    ]
    assert setups == [
        TrainingSetup(spec, groups={"cal": CALENDAR}),
        TrainingSetup(spec, weighting=halving),
        TrainingSetup(spec, window_days=30),
        TrainingSetup(spec),
    ]


def test_parameters_are_replaced_by_name(make_spec: MakeSpec) -> None:
    """The others stay, and so does the spec that was given."""
    setup = TrainingSetup(make_spec())
    changed = setup.with_parameters({"max_iter": 7})
    assert (changed.spec.training.parameters, setup.spec.training.parameters["max_iter"]) == (
        {"max_iter": 7, "min_samples_leaf": 5},
        40,
    )


def test_a_detector_is_not_weighted(make_spec: MakeSpec) -> None:
    """The error says what to do instead."""
    spec = make_spec().model_copy(update={"kind": "anomaly_detection"})
    order = PlanOrder(action=AugmentData(weighting=ExponentialWeighting(half_life_days=30)))
    with pytest.raises(BadInputError, match="takes no weights; adjust_training_window"):
        setup_of(spec, order)


@pytest.mark.parametrize("kind", ACTIONS)
def test_training_can_carry_out_every_action(make_spec: MakeSpec, kind: str) -> None:
    """A row of the table without its case in training would train the spec's own way and call it a plan."""
    groups: dict[str, FeatureGroup] = {"cal": CALENDAR}
    bounds = PlanBounds(feature_groups=groups, parameters={"max_iter": NumberBounds(minimum=10, maximum=50)})
    action = ACTIONS[kind].moderate(bounds, days_there=2000.0)
    assert action is not None
    order = PlanOrder(action=action, feature_groups={name: groups[name] for name in action.group_names})
    assert setup_of(make_spec(), order).spec == make_spec()
    detector = make_spec().model_copy(update={"kind": "anomaly_detection"})
    if action.not_for_detectors:
        with pytest.raises(BadInputError, match=action.not_for_detectors):
            setup_of(detector, order)
