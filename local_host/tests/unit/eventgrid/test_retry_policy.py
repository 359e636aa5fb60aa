"""When deliveries are repeated and given up."""

from __future__ import annotations

import pytest

from local_host.eventgrid.retry_policy import RetryPolicy


def test_delays_double_up_to_the_longest() -> None:
    """1, 2, 4 seconds and so on, and 30 at most."""
    delays = [RetryPolicy().delay(attempts) for attempts in (1, 2, 3, 5, 6, 100)]
    assert delays == [1.0, 2.0, 4.0, 16.0, 30.0, 30.0]


@pytest.mark.parametrize(
    ("status", "attempts", "age", "reason"),
    [
        (500, 1, 0.0, None),
        (404, 29, 0.0, None),
        (None, 1, 0.0, None),
        (400, 1, 0.0, "UndeliverableDueToHttpStatus"),
        (413, 1, 0.0, "UndeliverableDueToHttpStatus"),
        (500, 30, 0.0, "MaxDeliveryAttemptsExceeded"),
        (503, 2, 86400.0, "TimeToLiveExceeded"),
    ],
)
def test_dead_letter_reasons(status: int | None, attempts: int, age: float, reason: str | None) -> None:
    """Event Grid's rules and words."""
    assert RetryPolicy().dead_letter_reason(status=status, attempts=attempts, age=age) == reason
