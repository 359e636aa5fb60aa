"""Which plans differ by nothing that matters."""

import math
from typing import Any

import pytest
from pydantic import TypeAdapter

from nightshift.domain.improvement.actions.table import Action, alike

_ACTION: TypeAdapter[Action] = TypeAdapter(Action)
RATE = {"kind": "range", "parameter": "rate", "low": 0.01, "high": 0.3, "log": True}
ALPHA = {"kind": "range", "parameter": "alpha", "low": 0.0, "high": 1.0, "log": False}
DEPTH = {"kind": "choices", "parameter": "depth", "choices": [2.0, 4.0]}
LOSS = {"kind": "choices", "parameter": "loss", "choices": ["poisson"]}


def _search(*space: dict[str, Any], trials: int = 20, seed: int = 1) -> Action:
    return _ACTION.validate_python(
        {"kind": "tune_hyperparameters", "search_space": list(space), "trials": trials, "seed": seed}
    )


def _window(days: int) -> Action:
    return _ACTION.validate_python({"kind": "adjust_training_window", "days": days})


def _weights(**weighting: Any) -> Action:
    return _ACTION.validate_python({"kind": "augment_data", "weighting": weighting})


def _groups(*names: str) -> Action:
    return _ACTION.validate_python({"kind": "retrain_with_features", "feature_groups": list(names)})


STEP = {"kind": "step", "recent_days": 30, "weight": 4.0}


@pytest.mark.parametrize(
    ("action", "tried"),
    [
        (_search(RATE, seed=2), _search(RATE)),
        (_search(RATE, trials=19), _search(RATE)),
        (_search(RATE, trials=29), _search(RATE)),
        (_search(RATE, trials=1), _search(RATE)),
        (_search(RATE, ALPHA), _search(ALPHA, RATE)),
        (_search(RATE | {"low": math.nextafter(0.01, 1)}), _search(RATE)),
        (_search(ALPHA | {"low": -0.0}), _search(ALPHA)),
        (_search(ALPHA | {"low": 1e-12, "high": 0.995}), _search(ALPHA)),
        (_search(DEPTH | {"choices": [4.0, 2.0, 2.0]}), _search(DEPTH)),
        (_search(DEPTH | {"choices": [2.0, math.nextafter(4.0, 5)]}), _search(DEPTH)),
        (_window(366), _window(365)),
        (_weights(kind="exponential", half_life_days=181), _weights(kind="exponential", half_life_days=180)),
        (_weights(**STEP | {"recent_days": 31, "weight": 4.1}), _weights(**STEP)),
        (_groups("b", "a", "a"), _groups("a", "b")),
    ],
)
def test_what_selects_nearly_the_same_was_tried(action: Action, tried: Action) -> None:
    """Another seed, fewer trials, rounding, order, a day more."""
    assert alike(action, tried)


@pytest.mark.parametrize(
    ("action", "tried"),
    [
        (_search(RATE, trials=30), _search(RATE)),
        (_search(RATE | {"high": 0.2}), _search(RATE)),
        (_search(RATE | {"low": 0.02}), _search(RATE)),
        (_search(RATE | {"log": False}), _search(RATE)),
        (_search(RATE, DEPTH), _search(RATE)),
        (_search(DEPTH | {"parameter": "rate"}), _search(RATE)),
        (_search(DEPTH | {"choices": [2.0, 5.0]}), _search(DEPTH)),
        (_search(DEPTH | {"choices": [2.0, 4.0, 8.0]}), _search(DEPTH)),
        (_search(LOSS | {"choices": ["squared_error"]}), _search(LOSS)),
        (_search(LOSS | {"choices": [True]}), _search(LOSS | {"choices": [1.0]})),
        (_window(300), _window(365)),
        (_weights(kind="exponential", half_life_days=30), _weights(kind="exponential", half_life_days=180)),
        (_weights(kind="exponential", half_life_days=30), _weights(**STEP)),
        (_weights(**STEP | {"weight": 8.0}), _weights(**STEP)),
        (_groups("a"), _groups("a", "b")),
        (_window(30), _weights(kind="exponential", half_life_days=30)),
    ],
)
def test_what_may_come_out_otherwise_was_not(action: Action, tried: Action) -> None:
    """Another space, more trials, other rows, other features."""
    assert not alike(action, tried)
