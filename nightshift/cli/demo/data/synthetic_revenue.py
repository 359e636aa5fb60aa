"""Generated data of the revenue forecast, for machines without the real files and for known truth.

The process, hour by hour through 2011 and 2012:

- temperature is a yearly and a daily wave plus weather that changes over days; humidity and wind likewise; one latent
  process per day decides between clear, mist, rain and storm;
- expected registered rides = 90 x commute profile of the hour (two peaks on working days, one on others) x demand;
- expected casual rides = 22 x leisure profile of the hour (2.2 times that on days off) x warmth x demand;
- demand = growth x season x warmth x weather (clear 1, mist 0.9, rain 0.5, storm 0.25); growth is 10 % a year and a
  step of 45 % when the network was extended in January 2012 (a logistic rise, most of it within six weeks);
- rides are negative binomial around their expectation times a shock of the day (6 %);
- revenue = 3.00 per casual ride + 1.25 per registered ride.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from nightshift.cli.demo.data.bike_sharing import CASUAL_PRICE, COLUMNS, REGISTERED_PRICE

LABEL = "synthetic: revenue of a bike rental"
GROWTH_PER_YEAR = 1.10
EXTENSION = 1.45
EXTENSION_DAY = pd.Timestamp("2012-01-05")
EXTENSION_DAYS = 8.0
_WEATHER = np.array([1.0, 0.9, 0.5, 0.25])
_HOLIDAYS = frozenset({(1, 1), (1, 17), (2, 21), (5, 30), (7, 4), (9, 5), (10, 10), (11, 11), (11, 24), (12, 25)})
_COMMUTE = np.array([4, 2, 1, 1, 1, 3, 12, 34, 60, 30, 16, 18, 23, 22, 21, 25, 40, 75, 70, 46, 33, 24, 17, 10]) / 25
_OFF = np.array([9, 6, 4, 2, 1, 1, 4, 8, 13, 21, 30, 36, 41, 41, 40, 40, 38, 35, 31, 26, 20, 17, 14, 10]) / 25
_LEISURE = np.array([3, 2, 1, 1, 1, 1, 3, 5, 10, 18, 27, 34, 39, 42, 43, 43, 41, 37, 32, 25, 18, 14, 11, 8]) / 22

Array = npt.NDArray[np.float64]


def history(seed: int) -> pd.DataFrame:
    """All hours of 2011 and 2012, oldest first; equal seeds give equal rows."""
    random = np.random.default_rng(seed)
    hours = _calendar_and_weather(random)
    casual, registered = _expected_rides(hours)
    shock = np.repeat(np.exp(random.normal(0, 0.06, len(hours) // 24)), 24)
    revenue = CASUAL_PRICE * _rides(random, casual * shock) + REGISTERED_PRICE * _rides(random, registered * shock)
    return hours.assign(revenue=revenue.round(2))[list(COLUMNS)]


def expected_revenue(hours: pd.DataFrame) -> Array:
    """The truth behind generated rows: expected revenue of each, before any noise; shape (rows,)."""
    casual, registered = _expected_rides(hours)
    return CASUAL_PRICE * casual + REGISTERED_PRICE * registered


def _expected_rides(hours: pd.DataFrame) -> tuple[Array, Array]:
    times = hours["timestamp"]
    hour = times.dt.hour.to_numpy()
    years = ((times - pd.Timestamp("2011-01-01")) / pd.Timedelta(days=365.25)).to_numpy(dtype="float64")
    since = ((times - EXTENSION_DAY) / pd.Timedelta(days=1)).to_numpy(dtype="float64")
    growth = GROWTH_PER_YEAR**years * (1 + (EXTENSION - 1) / (1 + np.exp(-since / EXTENSION_DAYS)))
    works = hours["workingday"].to_numpy() == 1
    warmth = np.clip(0.35 + 1.3 * hours["temp"].to_numpy(), 0.4, 1.3)
    season = np.array([0.85, 1.0, 1.05, 0.95])[hours["season"].to_numpy() - 1]
    weather = _WEATHER[hours["weathersit"].to_numpy() - 1]
    demand = growth * season * warmth * weather
    casual = 22 * _LEISURE[hour] * np.where(works, 1.0, 2.2) * warmth * demand
    registered = 90 * np.where(works, _COMMUTE[hour], _OFF[hour]) * demand
    return casual, registered


def _rides(random: np.random.Generator, expected: Array) -> Array:
    spread = 25.0
    return random.poisson(random.gamma(spread, expected / spread)).astype(np.float64)


def _calendar_and_weather(random: np.random.Generator) -> pd.DataFrame:
    times = pd.date_range("2011-01-01", "2012-12-31 23:00", freq="h")
    days = len(times) // 24
    holiday = np.array([(time.month, time.day) in _HOLIDAYS for time in times], dtype=int)
    weekday = (times.day_of_week.to_numpy() + 1) % 7  # 0 is Sunday, as in the real data
    wave = -np.cos(2 * np.pi * (times.day_of_year.to_numpy() - 20) / 365.25)
    daily = -np.cos(2 * np.pi * (times.hour.to_numpy() - 4) / 24)
    fronts = np.repeat(_drift(random, days, 0.7), 24)
    temp = np.clip(0.5 + 0.18 * wave + 0.06 * daily + 0.10 * fronts, 0.02, 1)
    sky = np.repeat(_drift(random, days, 0.3), 24)
    weathersit = np.select([sky < 0.45, sky < 1.35, sky < 3.2], [1, 2, 3], default=4)
    hum = np.clip(0.62 - 0.08 * daily + 0.12 * sky + random.normal(0, 0.05, len(times)), 0.1, 1)
    wind = np.clip(random.gamma(3.0, 0.063, len(times)), 0, 0.85)
    return pd.DataFrame(
        {
            "timestamp": times,
            "season": ((times.day_of_year.to_numpy() + 10) % 366 // 91.6).astype(int) + 1,
            "holiday": holiday,
            "weekday": weekday,
            "workingday": ((holiday == 0) & (weekday != 0) & (weekday != 6)).astype(int),
            "weathersit": weathersit,
            "temp": temp.round(4),
            "atemp": np.clip(temp - 0.1 * wind, 0, 1).round(4),
            "hum": hum.round(4),
            "windspeed": wind.round(4),
        }
    )


def _drift(random: np.random.Generator, steps: int, memory: float) -> Array:
    """A stationary first-order autoregressive series of unit variance; shape (steps,)."""
    noise = random.normal(0, np.sqrt(1 - memory**2), steps)
    values = np.empty(steps)
    values[0] = random.normal()
    for step in range(1, steps):
        values[step] = memory * values[step - 1] + noise[step]
    return values
