"""The machine's clock and the one of tests."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from local_host.clock import SYSTEM_CLOCK, Clock
from local_host.testing.virtual_clock import VirtualClock


def test_the_machines_clock_goes_by_itself() -> None:
    """A past time has come; one to come takes as long as it takes."""
    now = SYSTEM_CLOCK.now()
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)
    assert SYSTEM_CLOCK.seconds_until(now - timedelta(days=1)) == 0
    assert 0 < SYSTEM_CLOCK.seconds_until(now + timedelta(hours=1)) <= 3600


def test_a_virtual_clock_does_not() -> None:
    """A time to come may be there at any moment, however far it is, and has come when the clock is there."""
    clock = VirtualClock()
    due = clock.now() + timedelta(hours=24)
    assert 0 < clock.seconds_until(due) < 1
    clock.move(timedelta(hours=24))
    assert (clock.now(), clock.seconds_until(due)) == (due, 0.0)


@pytest.mark.parametrize("clock", [SYSTEM_CLOCK, VirtualClock()])
async def test_a_sleep_until_a_past_time_is_none(clock: Clock) -> None:
    """Both return at once."""
    await asyncio.wait_for(clock.sleep_until(clock.now()), 30)


async def test_sleepers_wake_in_their_time() -> None:
    """Moved past both, both wake; moved to the first, only that."""
    clock, woken = VirtualClock(), list[str]()

    async def sleep(name: str, hours: int) -> None:
        await clock.sleep_until(clock.now() + timedelta(hours=hours))
        woken.append(name)

    async with asyncio.TaskGroup() as sleepers:
        for name, hours in (("late", 2), ("early", 1)):
            sleepers.create_task(sleep(name, hours))
        await asyncio.sleep(0)
        for expected in (["early"], ["early", "late"]):
            clock.move(timedelta(hours=1))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert woken == expected
