"""The orchestration of the sample app, in virtual time."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from local_host.testing.virtual_engine import VirtualEngine, app_functions

APP = Path(__file__).parent


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[VirtualEngine]:
    """The app's own orchestrations; in place of its activity `pack` a function of the test."""
    functions = app_functions(APP, activities={"pack": lambda number: f"crate {number}"})
    engine = VirtualEngine(tmp_path / "hub.db", functions)
    await engine.start()
    yield engine
    await engine.stop()


async def test_an_order_that_nobody_pays_expires_after_three_days(engine: VirtualEngine) -> None:
    """Not before; and nothing is packed."""
    order = await engine.start_instance("fulfil_order", '{"order": "7", "amount": 2}')
    await engine.advance(timedelta(days=2, hours=23))
    assert not (await engine.get_status(order)).runtime_status.is_final
    ended = await engine.wait_for_completion(order)
    assert ended.output == '{"order": "7", "state": "expired"}'
    assert ended.last_updated_time - ended.created_time == timedelta(days=3)
    assert engine.count("pack") == 0


async def test_an_order_is_packed_when_it_is_paid(engine: VirtualEngine) -> None:
    """On the second day: two boxes, and the wait is over."""
    order = await engine.start_instance("fulfil_order", '{"order": "7", "amount": 2}')
    await engine.advance(timedelta(days=2))
    await engine.raise_event(order, "paid", '"by transfer"')
    ended = await engine.wait_for_completion(order)
    assert ended.last_updated_time - ended.created_time == timedelta(days=2)
    assert engine.calls == [("pack", 0), ("pack", 1)]
