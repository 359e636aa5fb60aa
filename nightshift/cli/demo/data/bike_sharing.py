"""Real data of the revenue forecast: Washington's bike-sharing hours, with revenue derived from the rides.

Fanaee-T and Gama (2013), Bike Sharing, UCI Machine Learning Repository, CC BY 4.0: 17,379 hours of 2011 and 2012. The
data counts rides, not money. Revenue is derived: each casual ride counts 3.00, each registered ride 1.25, both prices
assumed here once and for all.
"""

from pathlib import Path

import pandas as pd

FILE = "bike_sharing_hour.csv"
LABEL = "real: bike-sharing hours (UCI), revenue derived from rides"
CASUAL_PRICE = 3.00
REGISTERED_PRICE = 1.25
COLUMNS = (
    "timestamp",
    "season",
    "holiday",
    "weekday",
    "workingday",
    "weathersit",
    "temp",
    "atemp",
    "hum",
    "windspeed",
    "revenue",
)


def history(folder: Path) -> pd.DataFrame:
    """All hours with rides, oldest first; hours without a ride are not in the data."""
    hours = pd.read_csv(folder / FILE, parse_dates=["dteday"])
    hours["timestamp"] = hours["dteday"] + pd.to_timedelta(hours["hr"], unit="h")
    hours["revenue"] = (CASUAL_PRICE * hours["casual"] + REGISTERED_PRICE * hours["registered"]).round(2)
    return hours.sort_values("timestamp", ignore_index=True)[list(COLUMNS)]
