"""The sweep of orders over all models: one that waits for a system that does not answer keeps no other waiting."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from activities import watch_orders
from domain.ports import Services
from domain.sweep import Swept

_MODELS = tuple(f"m{number:02d}" for number in range(20))


def _services(minute: int = 0) -> Services:
    made = SimpleNamespace(
        sweeps=SimpleNamespace(marked=lambda: _MODELS),
        specs=SimpleNamespace(names=lambda: _MODELS),
        clock=lambda: datetime(2026, 1, 1, 0, minute, tzinfo=UTC),
    )
    return cast("Services", made)


async def _sweep(minute: int = 0) -> Swept:
    return await asyncio.wait_for(watch_orders.watch_orders(cast("Any", None), _services(minute)), 30)


async def test_a_model_that_waits_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first goes on only when the last has been looked at; one that fails is named."""
    last = asyncio.Event()

    async def watch(_: Any, __: Any, model: str) -> Swept:
        if model == _MODELS[0]:
            await last.wait()
        if model == _MODELS[-1]:
            last.set()
        if model == _MODELS[1]:
            raise ValueError("broken")
        return Swept(found=1)

    monkeypatch.setattr(watch_orders, "watch_model", watch)
    assert await _sweep() == Swept(found=len(_MODELS), problem="m01: ValueError: broken")


async def test_a_look_that_takes_too_long_begins_with_no_further_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which it has not looked at; the next minute begins with another model."""
    looked: list[str] = []

    async def watch(_: Any, __: Any, model: str) -> Swept:
        looked.append(model)
        await asyncio.sleep(0.3)
        return Swept(found=0)

    monkeypatch.setattr(watch_orders, "watch_model", watch)
    monkeypatch.setattr(watch_orders, "_BEGINS", timedelta(seconds=0.2))
    first = await _sweep()
    begun = set(looked)
    assert "platform: not looked at in time" in first.problem
    assert begun < set(_MODELS)
    looked.clear()
    await _sweep(minute=10)
    assert set(looked) - begun
