"""The search: seeded, on training rows only, and never worse on them than the spec's own parameters."""

import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from nightshift.cli.demo.data import synthetic_taxi
from nightshift.clients.platform.spec_files import load_spec
from nightshift.domain.improvement.actions.tune_hyperparameters import (
    SearchChoices,
    SearchDimension,
    SearchRange,
    TuneHyperparameters,
)
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.steps.setup import TrainingSetup
from nightshift.training.steps.split import Split, split
from nightshift.training.steps.tuning import Tuned, tune

MakeSpec = Callable[..., ModelSpec]
DETECTOR = Path(__file__).parents[4] / "model_specs/anomaly_detector.yaml"
ROUNDS = SearchRange(parameter="max_iter", low=5, high=60)
RATE = SearchRange(parameter="learning_rate", low=0.02, high=0.3, log=True)
LEAVES = SearchChoices(parameter="max_leaf_nodes", choices=(7.0, 31.0))


def search(
    spec: ModelSpec,
    rows: pd.DataFrame,
    *space: SearchDimension,
    trials: int = 5,
    seed: int = 3,
    inner: Split | None = None,
) -> Tuned:
    """Search on these training rows."""
    action = TuneHyperparameters(search_space=space, trials=trials, seed=seed)
    return tune(TrainingSetup(spec), action, rows, inner or split(rows, spec.evaluation.holdout))


def test_the_best_trial_is_taken(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """Its value is the least of the table, its parameters are the setup's, and counts are whole numbers."""
    tuned = search(make_spec(), sales, ROUNDS, RATE, LEAVES)
    best = tuned.trials.sort_values("value").iloc[0]
    parameters = tuned.setup.spec.training.parameters
    assert (tuned.best, {name: parameters[name] for name in ("max_iter", "max_leaf_nodes", "learning_rate")}) == (
        best["value"],
        {name: best[name] for name in ("max_iter", "max_leaf_nodes", "learning_rate")},
    )
    assert [type(parameters[name]) for name in ("max_iter", "max_leaf_nodes", "learning_rate")] == [int, int, float]


def test_the_table_starts_with_the_specs_own(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """Trial 0 is the baseline; one row follows for each trial."""
    tuned = search(make_spec(), sales, ROUNDS, trials=3)
    assert (tuned.trials["trial"].tolist(), tuned.trials.loc[0, "max_iter"], tuned.trials.loc[0, "value"]) == (
        [0, 1, 2, 3],
        40,
        tuned.baseline,
    )


def test_an_equal_seed_finds_the_same(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """Table by table; another seed tries others."""
    first, second, other = (search(make_spec(), sales, ROUNDS, RATE, seed=seed).trials for seed in (3, 3, 4))
    assert (first.equals(second), first.equals(other)) == (True, False)


def test_the_specs_own_parameters_stay_unless_beaten(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """A search among worse parameters changes nothing."""
    spec = make_spec()
    tuned = search(spec, sales, SearchRange(parameter="max_iter", low=1, high=2), trials=2)
    assert (tuned.setup.spec, tuned.best) == (spec, tuned.baseline)


def test_a_higher_metric_is_searched_upwards(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """R2 is maximised."""
    tuned = search(make_spec(evaluation={"metrics": [{"name": "r2"}]}), sales, ROUNDS)
    assert (tuned.metric, tuned.best) == ("r2", tuned.trials["value"].max())


def test_untracked_metrics_do_not_lead(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """The first tracked metric is what is searched by."""
    spec = make_spec(evaluation={"metrics": [{"name": "r2", "tracked": False}, {"name": "mae"}]})
    assert search(spec, sales, ROUNDS, trials=1).metric == "mae"


def test_a_refused_trial_is_in_the_table(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """One impossible choice fails with its reason, and the search goes on."""
    choices = SearchChoices(parameter="loss", choices=("poisson", "nonsense"))
    trials = search(make_spec(), sales, choices, trials=8).trials
    problems = {str(loss): problem[:10] for loss, problem in zip(trials["loss"], trials["problem"], strict=True)}
    assert problems == {"nan": "", "poisson": "", "nonsense": "training ="}


def test_a_search_that_only_fails_is_an_error(make_spec: MakeSpec, sales: pd.DataFrame) -> None:
    """The reason of the first trial is told."""
    with pytest.raises(BadInputError, match="every trial failed: .*nonsense"):
        search(make_spec(), sales, SearchChoices(parameter="loss", choices=("nonsense",)), trials=2)


@pytest.mark.parametrize(
    "dimension",
    [
        SearchRange(parameter="max_iter", low=1.5, high=9),
        SearchChoices(parameter="max_iter", choices=(True,)),
        SearchChoices(parameter="max_iter", choices=("many",)),
    ],
)
def test_counts_are_whole(make_spec: MakeSpec, sales: pd.DataFrame, dimension: SearchDimension) -> None:
    """Half an iteration is refused by name."""
    with pytest.raises(BadInputError, match=r"plan\.action\.search_space\.max_iter = .*whole number"):
        search(make_spec(), sales, dimension)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "dimension",
    [
        SearchRange(parameter="learning_rate", low=0.01, high=math.nextafter(0.01, 1), log=True),
        SearchRange(parameter="learning_rate", low=-1.7e308, high=1.7e308),
    ],
)
def test_a_range_that_cannot_be_sampled_is_bad_input(
    make_spec: MakeSpec, sales: pd.DataFrame, dimension: SearchDimension
) -> None:
    """The sampler's own error, whatever its kind; the bounds refuse such a plan before a job runs."""
    with pytest.raises(BadInputError, match=r"plan\.action\.search_space = .*cannot be sampled"):
        search(make_spec(), sales, dimension, trials=20)


def test_a_detectors_features_are_searched_too() -> None:
    """Other weeks and windows make other inputs, measured by F1 on the labelled newer part."""
    spec, rows = load_spec(DETECTOR), synthetic_taxi.history(5).iloc[:7000]
    tuned = search(
        spec,
        rows,
        SearchChoices(parameter="window_hours", choices=(6.0, 24.0)),
        SearchRange(parameter="profile_weeks", low=2, high=4),
        trials=3,
    )
    assert (tuned.metric, tuned.best >= tuned.baseline, len(tuned.trials)) == ("f1", True, 4)


def test_a_detector_without_labels_cannot_be_searched() -> None:
    """Where nothing newer is labelled 1, no trial could be told from another."""
    spec, rows = load_spec(DETECTOR), synthetic_taxi.history(5).iloc[:7000].assign(label=math.nan)
    with pytest.raises(BadInputError, match="1750 validation rows .*labelled 1"):
        search(spec, rows, SearchRange(parameter="contamination", low=0.01, high=0.2))
