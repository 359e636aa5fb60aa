"""Orchestrators in virtual time: those of the sample app, with its own waits."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest

from local_host.durable.errors import InstanceNotFoundError
from local_host.durable.functions import DurableFunctions
from local_host.durable.instance import RuntimeStatus
from local_host.testing.virtual_engine import StandstillError, VirtualEngine, app_functions

APP = Path(__file__).parents[2] / "sample_app"


async def pack(number: int) -> str:
    """In place of the app's own activity."""
    return f"crate {number}"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[VirtualEngine]:
    """The sample app's orchestrations."""
    engine = VirtualEngine(tmp_path / "hub.db", app_functions(APP, activities={"pack": pack}))
    await engine.start()
    yield engine
    await engine.stop()


async def order(engine: VirtualEngine) -> str:
    """An order of two boxes."""
    return await engine.start_instance("fulfil_order", '{"order": "7", "amount": 2}', "7")


async def test_a_timer_fires_at_its_time_and_not_before(engine: VirtualEngine) -> None:
    """To the microsecond; an advance ends at its own time, whether something is due there or not."""
    begun = engine.clock.now()
    await order(engine)
    await engine.advance(timedelta(days=3) - timedelta(microseconds=1))
    assert (await engine.get_status("7")).runtime_status == RuntimeStatus.RUNNING
    await engine.advance(timedelta(days=4))
    ended = await engine.get_status("7")
    assert (ended.runtime_status, ended.last_updated_time) == (RuntimeStatus.COMPLETED, begun + timedelta(days=3))
    assert engine.clock.now() == begun + timedelta(days=7) - timedelta(microseconds=1)


async def test_settle_lets_no_time_pass(engine: VirtualEngine) -> None:
    """What is under way ends, what waits goes on waiting."""
    begun = engine.clock.now()
    await order(engine)
    await engine.raise_event("7", "paid", "1")
    await engine.settle()
    assert (await engine.get_status("7")).runtime_status == RuntimeStatus.COMPLETED
    assert engine.clock.now() == begun


async def test_an_engine_that_is_started_again_goes_on_at_its_time(tmp_path: Path) -> None:
    """What became due meanwhile happens."""
    first = VirtualEngine(tmp_path / "hub.db", app_functions(APP))
    await first.start()
    await order(first)
    await first.settle()
    await first.stop()
    second = VirtualEngine(tmp_path / "hub.db", app_functions(APP))
    second.clock.move(timedelta(days=4))
    await second.start()
    await second.settle()
    assert (await second.get_status("7")).runtime_status == RuntimeStatus.COMPLETED
    await second.stop()


def functions_of(orchestrator: Any, **activities: Any) -> DurableFunctions:
    """One orchestrator under its own name."""
    return DurableFunctions({orchestrator.__name__: df.Orchestrator.create(orchestrator)}, activities)


async def test_what_never_ends_by_itself_is_an_error(tmp_path: Path) -> None:
    """A test that waits for it must not hang; one that does not exist is unknown."""

    def waits(context: Any) -> Any:
        yield context.wait_for_external_event("go")

    engine = VirtualEngine(tmp_path / "hub.db", functions_of(waits))
    await engine.start()
    await engine.start_instance("waits", None, "one")
    with pytest.raises(StandstillError, match="one is Running, and waits for an event: no timer will fire"):
        await engine.wait_for_completion("one")
    with pytest.raises(InstanceNotFoundError):
        await engine.wait_for_completion("absent")
    await engine.stop()


async def test_retries_take_their_time(tmp_path: Path) -> None:
    """Twenty attempts, fifteen seconds apart, are run in no time."""

    def tries(context: Any) -> Any:
        return (yield context.call_activity_with_retry("fails", df.RetryOptions(15_000, 20), 1))

    async def fails(_: str | None) -> str | None:
        raise RuntimeError("ValueError: no")

    engine = VirtualEngine(tmp_path / "hub.db", functions_of(tries, fails=fails))
    begun = engine.clock.now()
    await engine.start()
    await engine.start_instance("tries", None, "one")
    assert (await engine.wait_for_completion("one")).runtime_status == RuntimeStatus.FAILED
    assert engine.count("fails") == 20
    assert engine.clock.now() - begun == timedelta(seconds=15 * 19)
    await engine.stop()


def test_a_misspelt_activity_is_named() -> None:
    """The app's own would else run in its place."""
    with pytest.raises(KeyError, match="the app has no activity pck; it has pack"):
        app_functions(APP, activities={"pck": pack})
