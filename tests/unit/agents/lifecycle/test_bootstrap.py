"""The paired bootstrap: repeatable, centred, and honest about noise."""

import numpy as np
import pytest

from agents.lifecycle.bootstrap import paired_interval
from nightshift.domain.lifecycle.metrics import value
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


def _row_by_row(
    name: str, truth: np.ndarray, champion: np.ndarray, challenger: np.ndarray, settings: Bootstrap
) -> tuple[float, float]:
    """The same bootstrap as the book has it: draw blocks that go round, measure both models on the drawn rows."""
    rows = truth.size
    block = min(settings.block_rows, rows)
    starts = np.random.default_rng(settings.seed).integers(0, rows, size=(settings.resamples, -(-rows // block)))
    found = []
    for resample in starts:
        drawn = [(start + step) % rows for start in resample for step in range(block)][:rows]
        ours, theirs = value(name, truth[drawn], challenger[drawn]), value(name, truth[drawn], champion[drawn])
        assert ours is not None
        assert theirs is not None
        found.append(ours - theirs)
    tail = (1 - settings.confidence) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return float(low), float(high)


@pytest.mark.parametrize("block", [1, 3, 10, 11])
@pytest.mark.parametrize("name", ["rmse", "mae", "r2"])
def test_the_interval_is_that_of_drawing_row_by_row(name: str, block: int) -> None:
    """Ten rows, in blocks that do and do not divide them, and one that is longer than all of them."""
    truth, champion, challenger = _series(4, rows=10)
    settings = Bootstrap(resamples=200, seed=5, confidence=0.9, block_rows=block)
    found = paired_interval(name, truth, champion, challenger, settings)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(_row_by_row(name, truth, champion, challenger, settings))


def test_rows_without_truth_are_left_out_where_the_metric_needs_it() -> None:
    """The interval is that of the rows that have one; a rate of flags is drawn from all of them."""
    truth, champion, challenger = _series(4, rows=20)
    known = np.arange(20) % 4 > 0
    labelled = paired_interval("mae", truth[known], champion[known], challenger[known], SETTINGS)
    assert paired_interval("mae", np.where(known, truth, np.nan), champion, challenger, SETTINGS) == labelled
    flagged = paired_interval("anomaly_rate", np.full(20, np.nan), np.zeros(20), np.ones(20), SETTINGS)
    assert flagged is not None
    assert (flagged.low, flagged.high) == (1.0, 1.0)


def test_a_single_row_has_an_interval_without_width() -> None:
    """Each resample is that row: champion off by 3, challenger by 1, and so 2 less."""
    found = paired_interval("mae", np.array([5.0]), np.array([8.0]), np.array([6.0]), SETTINGS)
    assert found is not None
    assert (found.low, found.high) == (-2.0, -2.0)


@pytest.mark.parametrize(("seed", "defined"), [(39, 190), (6, 189)])
def test_an_interval_needs_the_metric_in_95_of_100_resamples(seed: int, defined: int) -> None:
    """Three anomalies among twenty rows are missed by ten of 200 resamples, or by eleven: 190 of 200 is just enough."""
    truth = np.zeros(20)
    truth[:3] = 1
    starts = np.random.default_rng(seed).integers(0, 20, size=(200, 20))
    assert sum(bool(truth[drawn].any()) for drawn in starts) == defined
    found = paired_interval("recall", truth, truth, 1 - truth, Bootstrap(resamples=200, seed=seed))
    assert (found is not None) == (defined == 190)


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


def test_many_rows_are_drawn_part_by_part() -> None:
    """Of 40,000 rows 200 resamples are drawn at once: 250 take two parts. Every error of the challenger is larger by
    one, whichever rows are drawn, also in the last part.
    """
    truth = np.zeros(40_000)
    found = paired_interval("mae", truth, truth + 1, truth + 2, Bootstrap(resamples=250, confidence=0.9998))
    assert found is not None
    assert (found.low, found.high) == (1.0, 1.0)
