"""The sweep of orders over all models: one that waits for a system that does not answer keeps no other waiting."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nightshift.domain.platform.ports import Services
from nightshift.domain.response.alert import PLATFORM
from nightshift.domain.watch.sweep import Swept
from nightshift.sweeps import orders as watch_orders

_MODELS = tuple(f"m{number:02d}" for number in range(20))


class _Marks:
    """Which models have a mark."""

    def __init__(self, models: Iterable[str]) -> None:
        self.models = list(models)

    def marked(self) -> tuple[str, ...]:
        return tuple(self.models)

    def begin_mark(self, model: str) -> None:
        self.models.append(model)


def _services(minute: int = 0, marks: _Marks | None = None, in_ledger: tuple[str, ...] = ()) -> Services:
    made = SimpleNamespace(
        sweeps=_Marks((*_MODELS, PLATFORM)) if marks is None else marks,
        specs=SimpleNamespace(names=lambda: _MODELS),
        ledger=SimpleNamespace(models=lambda: in_ledger),
        clock=lambda: datetime(2026, 1, 1, 0, minute, tzinfo=UTC),
    )
    return cast("Services", made)


async def _sweep(minute: int = 0) -> Swept:
    return await _sweep_of(_services(minute))


async def _sweep_of(services: Services) -> Swept:
    return await asyncio.wait_for(watch_orders.watch_orders(cast("Any", None), services), 30)


@pytest.mark.parametrize("marked", [(), _MODELS], ids=["nothing is marked", "the first look was killed"])
async def test_a_model_whose_spec_is_gone_is_looked_at_until_it_succeeds(
    monkeypatch: pytest.MonkeyPatch, marked: tuple[str, ...]
) -> None:
    """The ledger alone knows it; its first look fails, others succeed, and the second look comes to it again."""
    looked: list[str] = []

    async def watch(_: Any, __: Any, model: str) -> Swept:
        looked.append(model)
        if model == "gone":
            raise ValueError("its registry does not answer")
        return Swept(found=0)

    monkeypatch.setattr(watch_orders, "watch_model", watch)
    marks = _Marks(marked)
    await _sweep_of(_services(marks=marks, in_ledger=("gone", *_MODELS)))
    await _sweep_of(_services(marks=marks, in_ledger=()))
    assert looked.count("gone") == 2
    assert (len(marks.models), marks.models[-1]) == (len(_MODELS) + 2, PLATFORM)


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


async def test_a_sweep_that_takes_too_long_begins_with_no_further_model(monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert "platform: not swept in time" in first.problem
    assert begun < set(_MODELS)
    looked.clear()
    await _sweep(minute=10)
    assert set(looked) - begun
