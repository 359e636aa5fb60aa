"""The population stability index, and its test by relabelled weeks; worked examples with an independent check."""

import numpy as np
import numpy.typing as npt
import pytest

from nightshift.training.steps.week_permutation import permute_weeks, psi

Counts = npt.NDArray[np.float64]
REFERENCE, CURRENT = np.array([120.0, 90, 110, 80, 100]), np.array([30.0, 15, 25, 10, 20])
# Two of six blocks are live, and have moved.
BLOCKS = np.array([[10.0, 6, 4], [9, 7, 4], [11, 5, 4], [10, 7, 3], [4, 6, 10], [5, 5, 10]])
LIVE = np.array([False, False, False, False, True, True])


def _ranges(bins: int) -> npt.NDArray[np.bool_]:
    return np.ones(bins, dtype=np.bool_)


def test_equal_shares_have_not_moved() -> None:
    """However many rows there are."""
    assert psi(REFERENCE, REFERENCE / 4, _ranges(5)) == 0


def test_the_index_is_the_sum_of_both_divergences() -> None:
    """Checked as KL(p||q) + KL(q||p)."""
    assert psi(REFERENCE, CURRENT, _ranges(5)) == pytest.approx(0.05089347868271191, abs=1e-12)


@pytest.mark.parametrize("ordered", [True, False])
def test_all_relabellings_are_counted_if_there_are_few(ordered: bool) -> None:
    """One of 15 labellings has this index: the true one, which counts."""
    found = permute_weeks(BLOCKS, LIVE, np.full(3, ordered))
    assert found.psi == pytest.approx(0.5308925094576723, abs=1e-12)
    assert found.p == pytest.approx(1 / 15)


def test_weeks_that_differ_among_themselves_are_no_drift() -> None:
    """One block of the reference is like the live ones: more labellings reach the index."""
    mixed = BLOCKS.copy()
    mixed[0] = [4, 6, 10]
    assert permute_weeks(mixed, LIVE, _ranges(3)).p > 0.05


def test_many_weeks_are_sampled_the_same_each_time() -> None:
    """30 weeks of which 13 are live have 119,759,850 labellings; 2,000 of them are tried, the true one included."""
    generator = np.random.default_rng(5)
    counts = generator.multinomial(168, [0.1] * 10, size=30).astype(np.float64)
    live = np.arange(30) >= 17
    still, again = (permute_weeks(counts, live, _ranges(10)) for _ in range(2))
    assert still == again
    assert still.p > 0.05
    counts[live] = generator.multinomial(168, [0.03] * 5 + [0.17] * 5, size=13)
    assert permute_weeks(counts, live, _ranges(10)).p == pytest.approx(1 / 2000)


def test_a_value_of_one_side_alone_is_left_out() -> None:
    """Its term would be infinite, or a constant that somebody has chosen; the shared values are compared alone."""
    shared = psi(np.array([60.0, 40]), np.array([30.0, 30]), np.zeros(2, dtype=np.bool_))
    found = psi(np.array([60.0, 40, 0]), np.array([30.0, 30, 40]), np.zeros(3, dtype=np.bool_))
    assert found == pytest.approx(float(shared))


def test_an_empty_range_of_numbers_counts_as_half_a_row() -> None:
    """What has left its range has moved, by more the more rows there are."""
    few = psi(np.array([20.0, 20]), np.array([0.0, 10]), _ranges(2))
    many = psi(np.array([2000.0, 2000]), np.array([0.0, 1000]), _ranges(2))
    assert 0.25 < few < many
    p = 0.5 / 10.5
    assert few == pytest.approx((p - 0.5) * np.log(p / 0.5) + (1 - p - 0.5) * np.log((1 - p) / 0.5))


def test_nothing_shared_is_no_index() -> None:
    """All values are new: that is another finding."""
    assert psi(np.array([5.0, 0]), np.array([0.0, 5]), np.zeros(2, dtype=np.bool_)) == 0
