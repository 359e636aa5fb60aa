"""The population stability index of two sets of weeks, and how unusual it is among all ways to tell them apart."""

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Final

import numpy as np
import numpy.typing as npt

# Relabellings that are tried at most; a sample has the smallest p of 1/2000.
_MOST: Final = 2_000
# Sums of the same figures in another order differ in the last digits.
_SAME: Final = 1e-12


@dataclass(frozen=True)
class Permuted:
    """The index, and the share of relabellings, the true one among them, with at least this index."""

    psi: float
    p: float


def permute_weeks(
    counts: npt.NDArray[np.float64], live: npt.NDArray[np.bool_], ordered: npt.NDArray[np.bool_]
) -> Permuted:
    """Compare the live weeks with the others.

    Rows of neighbouring hours and days are alike, so a test that takes them for independent finds drift in all of them;
    whole weeks stay together here. All relabellings are tried if there are at most 2,000, else a seeded sample.

    Args:
        counts: rows by week and bin, shape (weeks, bins).
        live: which weeks are live, shape (weeks,).
        ordered: which bins are ranges of numbers, shape (bins,), see ``psi``.
    """
    labels = _relabellings(len(live), int(live.sum()), live)
    now = labels @ counts
    found = psi(counts.sum(axis=0) - now, now, ordered)
    observed = float(psi(counts[~live].sum(axis=0), counts[live].sum(axis=0), ordered))
    return Permuted(observed, float(np.mean(found >= observed - _SAME)))


def psi(
    reference: npt.NDArray[np.float64], live: npt.NDArray[np.float64], ordered: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """The index of counts, shape (..., bins); of each pair of rows one.

    A value that one side alone has makes the index infinite. It is left out: that it is new or gone is another finding.
    A range of numbers that one side leaves empty counts there as half a row.

    Source: the index is sum((p - q) * ln(p / q)) over bins, with p and q the shares of both samples.
    """
    shared = ordered | ((reference > 0) & (live > 0))
    seen = (reference > 0) | (live > 0)
    kept = shared & seen
    q, p = (np.where(kept, np.maximum(counts, 0.5), 0.0) for counts in (reference, live))
    p, q = (part / np.maximum(part.sum(axis=-1, keepdims=True), 1.0) for part in (p, q))
    safe_p, safe_q = np.where(kept, p, 1.0), np.where(kept, q, 1.0)
    result: npt.NDArray[np.float64] = np.sum((safe_p - safe_q) * np.log(safe_p / safe_q), axis=-1)
    return result


def _relabellings(weeks: int, live: int, observed: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Which weeks are called live, shape (relabellings, weeks); the true labels are among them."""
    if comb(weeks, live) <= _MOST:
        chosen = np.array(list(combinations(range(weeks), live)))
    else:
        generator = np.random.default_rng(0)
        chosen = generator.permuted(np.tile(np.arange(weeks), (_MOST - 1, 1)), axis=1)[:, :live]
    labels = np.zeros((len(chosen), weeks))
    np.put_along_axis(labels, chosen, 1.0, axis=1)
    return labels if len(labels) == comb(weeks, live) else np.vstack([observed, labels])
