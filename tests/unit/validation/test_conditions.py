"""Bounds in the precision of what is stored, and closed sets as parameters."""

import math
from typing import Any

import pytest

from nightshift.domain.uploads.contract import Column
from nightshift.validation.conditions import bounds, not_allowed
from nightshift.validation.stored_type import Kind
from nightshift.validation.table import BoundColumn


@pytest.mark.parametrize(
    ("kind", "minimum", "maximum", "expected"),
    [
        ("integer", 0.5, 9.5, (1, 9)),
        ("integer", -0.5, 1e300, (0, 2**127 - 1)),
        ("integer", -math.inf, None, (-(2**127) + 1, None)),
        ("double", 0.1, None, (0.1, None)),
        ("single", 0.1, 1e300, (0.10000000149011612, math.inf)),
        ("decimal", None, 0.1, (None, 0.1)),
    ],
)
def test_bounds(kind: Kind, minimum: float | None, maximum: float | None, expected: tuple[Any, Any]) -> None:
    """Whole for integers, rounded for FLOAT, as given otherwise."""
    assert bounds(Column(name="x", dtype="number", minimum=minimum, maximum=maximum), kind) == expected


@pytest.mark.parametrize(
    ("kind", "allowed", "expected"),
    [
        ("string", ("a", 1, True, 1.5), ["a", "1", "true", "1.5"]),
        ("integer", (1, "2", 3.0, "x", 4.5, True, str(2**70)), [1, 2, 3, 2**70]),
        ("double", ("1e3", "x"), [1000.0]),
        ("boolean", (True, "false", 1, "yes"), [True, False, True]),
    ],
)
def test_allowed_values_take_the_kind(kind: Kind, allowed: tuple[Any, ...], expected: list[Any]) -> None:
    """Values that the column could never hold are left out; the others travel as parameters."""
    column = BoundColumn("x", 3, Column(name="x", dtype="string", allowed_values=allowed), "text", kind)
    condition = not_allowed(column)
    assert condition is not None
    assert list(condition.parameters.values()) == expected
    assert all(f"${name}" in condition.sql for name in condition.parameters)


def test_no_set_no_condition() -> None:
    """Without allowed values there is nothing to ask."""
    column = BoundColumn("x", 0, Column(name="x", dtype="string"), "text", "string")
    assert not_allowed(column) is None
