"""Specs and tables for the tests of the training steps."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from nightshift.domain.platform.spec import ModelSpec

HOURS = 600


@pytest.fixture
def make_spec() -> Callable[..., ModelSpec]:
    """A small forecast spec; keywords replace parts of ``training`` and ``evaluation``."""

    def make(training: dict[str, object] | None = None, evaluation: dict[str, object] | None = None) -> ModelSpec:
        return ModelSpec.model_validate(
            {
                "name": "sales",
                "kind": "regression",
                "description": "d",
                "owner": "o",
                "source": {},
                "contract": {
                    "key": ["timestamp"],
                    "columns": [
                        {"name": "timestamp", "dtype": "timestamp"},
                        {"name": "store", "dtype": "string", "nullable": True},
                        {"name": "temp", "dtype": "number", "nullable": True},
                        {"name": "open", "dtype": "boolean"},
                        {"name": "sales", "dtype": "number"},
                    ],
                },
                "training": {
                    "target": "sales",
                    "time_column": "timestamp",
                    "features": ["store", "temp", "open"],
                    "time_features": ["hour", "month"],
                    "parameters": {"max_iter": 40, "min_samples_leaf": 5},
                    **(training or {}),
                },
                "evaluation": {
                    "metrics": [{"name": "rmse"}],
                    "holdout": {"newest_fraction": 0.2, "min_rows": 50},
                    **(evaluation or {}),
                },
            }
        )

    return make


@pytest.fixture
def sales() -> pd.DataFrame:
    """600 hours of two stores' sales with a known rule: 10 + 5 x (store b) + 20 x temp + hour."""
    random = np.random.default_rng(3)
    times = pd.date_range("2024-01-01", periods=HOURS, freq="h")
    store = random.choice(["a", "b"], HOURS)
    temp = random.random(HOURS)
    return pd.DataFrame(
        {
            "timestamp": times,
            "store": store,
            "temp": temp,
            "open": pd.array([True] * HOURS, dtype="boolean"),
            "sales": 10 + 5.0 * (store == "b") + 20 * temp + times.hour,
        }
    )
