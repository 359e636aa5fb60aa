"""Generated data of the anomaly detector: a seasonal series with injected anomalies, labelled exactly.

The process, per half hour from 2014-07-01 to 2015-01-31: passengers = 15,000 x profile of the half hour x factor of the
weekday x noise (3 %, correlated over about three hours). From mid-August on, each of five equal spans holds one anomaly
at a random place: one to two days in which the passengers fall to 45-65 % or rise to 145-170 %.
"""

from itertools import pairwise

import numpy as np
import pandas as pd

LABEL = "synthetic: taxi passengers with injected anomalies"
ANOMALIES = 5
_WEEKDAYS = np.array([0.92, 0.97, 1.0, 1.04, 1.1, 1.12, 0.95])  # Monday first


def history(seed: int) -> pd.DataFrame:
    """All half hours, oldest first: ``timestamp``, ``passengers``, ``label``; equal seeds give equal rows."""
    random = np.random.default_rng(seed)
    times = pd.date_range("2014-07-01", "2015-01-31 23:30", freq="30min")
    hour = times.hour.to_numpy() + times.minute.to_numpy() / 60
    profile = 1 - 0.55 * np.cos(2 * np.pi * (hour - 4.5) / 24) - 0.2 * np.cos(4 * np.pi * (hour - 7) / 24)
    noise = np.empty(len(times))
    noise[0] = 0.0
    steps = random.normal(0, 0.03 * np.sqrt(1 - 0.85**2), len(times))
    for row in range(1, len(times)):
        noise[row] = 0.85 * noise[row - 1] + steps[row]
    factor = np.ones(len(times))
    label = np.zeros(len(times), dtype=int)
    begin = int((times < pd.Timestamp("2014-08-15")).sum())
    spans = np.linspace(begin, len(times), ANOMALIES + 1).astype(int)
    for start, end in pairwise(spans.tolist()):
        length = int(random.integers(48, 97))
        first = int(random.integers(start, end - length))
        factor[first : first + length] = (
            random.uniform(0.45, 0.65) if random.random() < 0.6 else random.uniform(1.45, 1.7)
        )
        label[first : first + length] = 1
    passengers = 15_000 * profile * _WEEKDAYS[times.day_of_week.to_numpy()] * np.exp(noise) * factor
    return pd.DataFrame({"timestamp": times, "passengers": passengers.round(), "label": label})
