"""Real data of the anomaly detector: New York's taxi passengers per half hour, with five labelled anomalies.

Numenta Anomaly Benchmark (realKnownCause/nyc_taxi), from data of the NYC Taxi and Limousine Commission: 2014-07-01 to
2015-01-31. The labels are windows of about five days around the marathon, Thanksgiving, Christmas, New Year and a
snowstorm: wider than the unusual hours themselves, so recall per half hour cannot reach 1.
"""

import json
from pathlib import Path

import pandas as pd

FILE = "nab_nyc_taxi.csv"
WINDOWS = "nab_anomaly_windows.json"
LABEL = "real: NYC taxi passengers (Numenta Anomaly Benchmark)"


def history(folder: Path) -> pd.DataFrame:
    """All half hours, oldest first: ``timestamp``, ``passengers``, ``label`` (1 inside a labelled window)."""
    series = pd.read_csv(folder / FILE, parse_dates=["timestamp"]).rename(columns={"value": "passengers"})
    windows = json.loads((folder / WINDOWS).read_text(encoding="utf-8"))["nyc_taxi.csv"]
    label = pd.Series(0, index=series.index)
    for start, end in windows:
        label[series["timestamp"].between(pd.Timestamp(start), pd.Timestamp(end))] = 1
    return series.assign(label=label).sort_values("timestamp", ignore_index=True)
