"""The time that a turn may take."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from datetime import timedelta

import pytest

from local_host.functions.errors import FunctionTimeoutError
from local_host.functions.timed_executor import TimedExecutor


class Clock:
    """Seconds, set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The executor's clock."""
    return Clock()


@pytest.fixture
def executor(clock: Clock) -> Iterator[TimedExecutor]:
    """One thread, and ten seconds for each call."""
    with ThreadPoolExecutor(1) as pool:
        yield TimedExecutor(pool, timedelta(seconds=10), clock)


def test_gives_what_a_call_gave_in_time(executor: TimedExecutor, clock: Clock) -> None:
    """Its result or its error; a call that has ended has no time limit any more."""

    def fails() -> None:
        raise ValueError("broken")

    assert executor.submit(divmod, 7, 2).result() == (3, 1)
    assert isinstance(executor.submit(fails).exception(), ValueError)
    executor.submit(int).result()
    clock.now = 11
    assert executor.timed_out is None


def test_tells_of_a_call_that_has_not_ended(executor: TimedExecutor, clock: Clock) -> None:
    """The oldest decides, and it stays so when it has ended; nothing counts that ends from then on."""
    go_on = threading.Event()
    held = executor.submit(go_on.wait)
    clock.now = 5
    younger = executor.submit(int)
    clock.now = 10
    assert executor.timed_out is None
    clock.now = 10.5
    assert isinstance(executor.timed_out, FunctionTimeoutError)
    go_on.set()
    for call in (held, younger):
        assert isinstance(call.exception(), CancelledError)
    assert executor.timed_out.seconds == 10


def test_a_call_that_nobody_asked_for_in_between_is_over_its_time_too(executor: TimedExecutor, clock: Clock) -> None:
    """It ended late, before anybody looked."""

    def late() -> int:
        clock.now = 11
        return 1

    assert isinstance(executor.submit(late).exception(), CancelledError)
    assert executor.timed_out is not None


def test_without_a_limit_a_call_takes_what_it_takes(clock: Clock) -> None:
    """functionTimeout -1."""
    with ThreadPoolExecutor(1) as pool:
        executor = TimedExecutor(pool, None, clock)

        def late() -> int:
            clock.now = 1e9
            return 1

        assert executor.submit(late).result() == 1
        assert executor.timed_out is None
