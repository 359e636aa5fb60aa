"""Extremes as text."""

import math

import pytest

from nightshift.validation.column_facts import extreme_text, is_finite
from nightshift.validation.stored_type import Kind


@pytest.mark.parametrize(
    ("kind", "extreme", "expected"),
    [
        ("integer", 7, "7"),
        ("double", 2.5, "2.5"),
        ("date", 1_338_508_800_000_000, "2012-06-01"),
        ("timestamp", 1_338_508_800_000_000, "2012-06-01T00:00:00Z"),
        ("timestamp", -1, "1969-12-31T23:59:59.999999Z"),
        ("timestamp", 10**18, "1000000000000000000 microseconds since 1970-01-01T00:00:00Z"),
        ("date", None, None),
    ],
)
def test_extreme_text(kind: Kind, extreme: int | None, expected: str | None) -> None:
    """Moments are ISO 8601 in UTC, as far as there is a calendar for them."""
    assert extreme_text(kind, extreme) == expected


@pytest.mark.parametrize(
    ("extremes", "expected"), [((1, 2), True), ((None, None), True), ((1.0, math.nan), False), ((-math.inf, 1), False)]
)
def test_is_finite(extremes: tuple[float | None, float | None], expected: bool) -> None:
    """NaN or infinity on either side shows."""
    assert is_finite(*extremes) is expected
