"""The paired bootstrap: repeatable, centred, and honest about noise."""

import numpy as np
import pytest

from agents.lifecycle.bootstrap import paired_interval
from nightshift.domain.platform.spec import Bootstrap

SETTINGS = Bootstrap(resamples=1000, seed=3)


def _series(seed: int, rows: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    truth = generator.normal(100, 20, rows)
    return truth, truth + generator.normal(0, 10, rows), truth + generator.normal(0, 10, rows)


def test_the_same_settings_give_the_same_interval() -> None:
    """A decision can be computed again and comes out the same."""
    truth, champion, challenger = _series(1)
    first = paired_interval("rmse", truth, champion, challenger, SETTINGS)
    assert paired_interval("rmse", truth, champion, challenger, SETTINGS) == first


def test_identical_models_differ_by_exactly_nothing() -> None:
    """Pairing cancels what is common: the interval of a model against itself is zero wide."""
    truth, champion, _ = _series(1)
    interval = paired_interval("mae", truth, champion, champion, SETTINGS)
    assert interval is not None
    assert (interval.low, interval.high) == (0.0, 0.0)


def test_the_interval_matches_the_known_one_of_a_mean() -> None:
    """For MAE the interval is that of a mean of differences: mean +- 1.96 standard errors."""
    truth, champion, challenger = _series(2, rows=2000)
    interval = paired_interval("mae", truth, champion, challenger, Bootstrap(resamples=4000, seed=1))
    differences = np.abs(challenger - truth) - np.abs(champion - truth)
    error = differences.std(ddof=1) / np.sqrt(differences.size)
    assert interval is not None
    assert interval.low == pytest.approx(differences.mean() - 1.96 * error, abs=0.15 * error)
    assert interval.high == pytest.approx(differences.mean() + 1.96 * error, abs=0.15 * error)


def test_false_alarms_stay_near_the_promised_rate() -> None:
    """Among equally good models about one comparison in twenty excludes zero, not more."""
    excluded = 0
    for seed in range(200):
        truth, champion, challenger = _series(seed, rows=200)
        interval = paired_interval("rmse", truth, champion, challenger, Bootstrap(resamples=400, seed=seed))
        assert interval is not None
        excluded += interval.low > 0 or interval.high < 0
    assert excluded <= 20


def test_blocks_widen_the_interval_of_an_autocorrelated_series() -> None:
    """Neighbouring errors that go together carry less information than independent ones."""
    generator = np.random.default_rng(5)
    truth = generator.normal(100, 20, 960)
    champion = truth + np.repeat(generator.normal(0, 10, 40), 24)
    challenger = truth + np.repeat(generator.normal(0, 10, 40), 24)
    rows = paired_interval("mae", truth, champion, challenger, Bootstrap(resamples=1000, seed=1))
    blocks = paired_interval("mae", truth, champion, challenger, Bootstrap(resamples=1000, seed=1, block_rows=24))
    assert rows is not None
    assert blocks is not None
    assert blocks.high - blocks.low > 2 * (rows.high - rows.low)


def test_a_metric_that_is_mostly_undefined_has_no_interval() -> None:
    """With a single anomaly, many resamples hold none: no interval rather than a misleading one."""
    truth = np.zeros(50)
    truth[0] = 1
    assert paired_interval("recall", truth, truth, 1 - truth, SETTINGS) is None


def test_no_labelled_row_gives_no_interval() -> None:
    """Rows without truth are left out; if none is left there is nothing to compare."""
    truth = np.full(10, np.nan)
    assert paired_interval("rmse", truth, np.ones(10), np.ones(10), SETTINGS) is None
