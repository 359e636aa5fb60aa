"""Weights of training rows by their age."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from nightshift.domain.improvement.actions.augment_data import StepWeighting, Weighting

DAY = pd.Timedelta(days=1)


def row_weights(times: "pd.Series[pd.Timestamp]", weighting: Weighting) -> npt.NDArray[np.float64]:
    """Weight of each row by its age against the newest one; shape (rows,), mean 1, so that the penalties stay in scale.

    Step: the rows younger than ``recent_days`` days get ``weight`` times the weight of the others. Exponential:
    ``0.5 ** (age / half_life_days)``.
    """
    age = np.asarray((times.max() - times) / DAY, dtype=np.float64)
    if isinstance(weighting, StepWeighting):
        weights = np.where(age < weighting.recent_days, weighting.weight, 1.0)
    else:
        weights = 0.5 ** (age / weighting.half_life_days)
    scaled: npt.NDArray[np.float64] = weights / weights.mean()
    return scaled
