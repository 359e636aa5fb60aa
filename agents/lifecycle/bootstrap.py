"""The paired bootstrap: is the difference of two models on the same rows beyond noise?

Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 (percentile interval) and 8.6 (moving blocks,
here circular: Politis and Romano, 1992). Rows are drawn once per resample for both models, so that what makes a row
hard for both cancels out.
"""

import numpy as np
import numpy.typing as npt

from nightshift.domain.lifecycle.evidence import Interval
from nightshift.domain.lifecycle.metrics import METRICS
from nightshift.domain.platform.spec import Bootstrap

Array = npt.NDArray[np.float64]

# Rows gathered at once: bounds the memory of a resampling chunk to about 64 MB of indices.
_CHUNK_ROWS = 8_000_000


def paired_interval(
    name: str, truth: Array, champion: Array, challenger: Array, settings: Bootstrap
) -> Interval | None:
    """Percentile interval of challenger minus champion for one metric.

    Args:
        name: a key of ``METRICS``.
        truth, champion, challenger: shape (n,), in order of time when blocks are drawn.
        settings: resamples, confidence, block length and seed; equal settings give an equal interval.

    Returns:
        The interval in the unit of the metric; None if the metric is undefined in over 5 % of the resamples.
    """
    metric = METRICS[name]
    if metric.needs_truth:
        known = ~np.isnan(truth)
        truth, champion, challenger = truth[known], champion[known], challenger[known]
    rows = truth.size
    if rows == 0:
        return None
    ours, theirs = metric.per_row(truth, challenger), metric.per_row(truth, champion)
    width = ours.shape[1]
    both = np.concatenate([ours, theirs], axis=1)
    generator = np.random.default_rng(settings.seed)
    differences = np.empty(settings.resamples)
    done = 0
    while done < settings.resamples:
        count = min(settings.resamples - done, max(1, _CHUNK_ROWS // rows))
        means = _resampled_means(both, generator, count, min(settings.block_rows, rows))
        differences[done : done + count] = metric.of_means(means[:, :width]) - metric.of_means(means[:, width:])
        done += count
    defined = differences[np.isfinite(differences)]
    if defined.size < 0.95 * settings.resamples:
        return None
    tail = (1 - settings.confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(low=float(low), high=float(high))


def _resampled_means(statistics: Array, generator: np.random.Generator, count: int, block: int) -> Array:
    """Means of ``count`` resamples, shape (count, k), by how often each row was drawn."""
    rows = statistics.shape[0]
    blocks = -(-rows // block)
    starts = generator.integers(0, rows, size=(count, blocks))
    drawn = ((starts[:, :, None] + np.arange(block)) % rows).reshape(count, -1)[:, :rows]
    flat = drawn + np.arange(count)[:, None] * rows
    weights = np.bincount(flat.ravel(), minlength=count * rows).reshape(count, rows).astype(np.float64)
    means: Array = (weights @ statistics) / rows
    return means
