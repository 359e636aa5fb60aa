"""A principal decides as often as a person can."""

import pytest

from nightshift.services.reviews.decision_rate import DECISIONS, WINDOW_SECONDS, DecisionRate, TooManyDecisionsError


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_window_slides() -> None:
    """As many as are allowed, then a refusal that says how long to wait, then again."""
    clock = _Clock()
    rate = DecisionRate(clock)
    for _ in range(DECISIONS):
        rate.count("ann")
    clock.now += 10
    with pytest.raises(TooManyDecisionsError) as caught:
        rate.count("Ann")
    assert (caught.value.retry_after, caught.value.code) == (51, "too_many_decisions")
    clock.now += WINDOW_SECONDS - 10
    rate.count("ann")


def test_each_principal_has_a_window() -> None:
    """What one does is not counted against another."""
    rate = DecisionRate(_Clock())
    for _ in range(DECISIONS):
        rate.count("ann")
    rate.count("bob")


def test_memory_is_bounded() -> None:
    """A flood of names forgets the oldest."""
    rate = DecisionRate(_Clock())
    for _ in range(DECISIONS):
        rate.count("ann")
    for number in range(1_000):
        rate.count(f"name-{number}")
    rate.count("ann")
