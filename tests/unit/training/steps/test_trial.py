"""Fitting a setup and measuring it on newer rows."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from nightshift.domain.improvement.actions.augment_data import ExponentialWeighting
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.steps.features import build_features, recipe_of
from nightshift.training.steps.fit import fit
from nightshift.training.steps.setup import TrainingSetup
from nightshift.training.steps.split import Split, split
from nightshift.training.steps.trial import fit_setup, measure

MakeSpec = Callable[..., ModelSpec]


@pytest.fixture
def raised(sales: pd.DataFrame) -> pd.DataFrame:
    """Sales that have been three times as high since hour 400 of 600."""
    return sales.assign(sales=sales["sales"] * np.where(sales.index < 400, 1, 3))


def error_of(setup: TrainingSetup, rows: pd.DataFrame, inner: Split) -> float:
    """RMSE on the newer part."""
    recipe = recipe_of(setup.spec, setup.groups)
    return measure(setup, inner, build_features(rows, recipe), recipe)["rmse"]


def test_a_window_fits_on_the_newest_days(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """Ten days of hours are 240 rows, the newest."""
    setup = TrainingSetup(make_spec(), window_days=10)
    recipe = recipe_of(setup.spec)
    fitted = fit_setup(setup, sales, build_features(sales, recipe), recipe)
    assert fitted.rows.index.tolist() == list(range(360, 600))


def test_a_window_can_be_too_narrow(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """The holdout's least size is what a model must be fitted on too."""
    setup = TrainingSetup(make_spec(), window_days=1)
    recipe = recipe_of(setup.spec)
    with pytest.raises(BadInputError, match="leaves 24 of 600 training rows; at least 50"):
        fit_setup(setup, sales, build_features(sales, recipe), recipe)


def test_window_and_weights_follow_a_change(make_spec: MakeSpec, raised: pd.DataFrame) -> None:
    """After a jump of the level, both are better on the newest rows than all rows alike.

    Leaves are large enough to hold new rows: one of old rows alone predicts their level, however little they count.
    """
    spec = make_spec({"parameters": {"max_iter": 40, "min_samples_leaf": 60}})
    inner = split(raised, spec.evaluation.holdout)
    alike, window, weighted = (
        error_of(setup, raised, inner)
        for setup in (
            TrainingSetup(spec),
            TrainingSetup(spec, window_days=3),
            TrainingSetup(spec, weighting=ExponentialWeighting(half_life_days=1)),
        )
    )
    assert (window < alike / 2, weighted < alike / 2) == (True, True)


def test_every_setup_is_measured_on_the_same_rows(make_spec: MakeSpec, raised: pd.DataFrame) -> None:
    """A window narrows what is fitted on, and never what is measured on."""
    spec = make_spec()
    inner = split(raised, spec.evaluation.holdout)
    seen = []
    for setup in (TrainingSetup(spec), TrainingSetup(spec, window_days=3)):
        changed = inner.holdout.assign(sales=inner.holdout["sales"] + 1000)
        other = Split(train=inner.train, holdout=changed)
        seen.append(error_of(setup, raised, other) - error_of(setup, raised, inner) > 500)
    assert seen == [True, True]


def test_a_detector_refuses_weights(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """Weights that would be ignored are an error."""
    spec = make_spec({"features": ["temp"], "time_features": []}).model_copy(update={"kind": "anomaly_detection"})
    recipe = recipe_of(spec)
    with pytest.raises(BadInputError, match="cannot weight its rows"):
        fit(build_features(sales, recipe), sales["sales"], recipe, spec, np.ones(len(sales)))
