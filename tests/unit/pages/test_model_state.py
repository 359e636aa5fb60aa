"""The state of a model when what it is read from does not answer."""

import asyncio
import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import azure.durable_functions as df
import pytest

from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.platform.ports import Services
from nightshift.pages import model_state
from nightshift.pages.model_state import NOT_READ, ModelStates
from nightshift.pages.views import ModelState
from tests.unit.pages.examples import NOW, run_summary

RUN = "lifecycle-m-1"


class Registry:
    """A registry whose models answer after they are let go, if they are held; counts what it is asked."""

    def __init__(
        self, held: dict[str, threading.Event] | None = None, *, away: bool = False, holder: str | None = "7"
    ) -> None:
        self._held = {} if held is None else held
        self._away = away
        self._holder = holder
        self.asked: list[str] = []

    def version_of(self, model: str, alias: str) -> str | None:
        """Who holds the alias."""
        self.asked.append(model)
        if model in self._held:
            self._held[model].wait(30)
        if self._away:
            raise ServiceUnavailableError("MLflow", "it is away")
        return self._holder

    def version(self, model: str, version: str) -> None:
        """It is no longer there."""

    def experiment_of(self, model: str) -> str:
        """One for all."""
        return "1"


class Runs:
    """A durable client that knows how a run ended, or knows no run; counts what it is asked."""

    def __init__(self, output: dict[str, str] | None = None) -> None:
        self._output = output
        self.asked = 0

    async def get_status(self, run: str) -> Any:
        """The run, completed."""
        self.asked += 1
        if self._output is None:
            return SimpleNamespace(runtime_status=None)
        return SimpleNamespace(
            instance_id=run,
            runtime_status=df.OrchestrationRuntimeStatus.Completed,
            output=self._output,
            input_={"model": "m"},
            custom_status=None,
            created_time=NOW - timedelta(hours=1),
            last_updated_time=NOW,
        )


def _move(sequence: int = 1) -> AliasChange:
    return AliasChange(
        model="m",
        sequence=sequence,
        version="7",
        previous=None,
        run="r",
        decided_by="d",
        kind="promotion",
        at=NOW,
        state="done",
    )


def _services(registry: Registry, models: tuple[str, ...] = ("m",), last: str | None = None) -> Services:
    made = SimpleNamespace(
        specs=SimpleNamespace(names=lambda: models, get=lambda model: None),
        champions=SimpleNamespace(moves=lambda model: (_move(),)),
        # No run goes on: the queue is idle.
        uploads=SimpleNamespace(begun_run=lambda model: None, last_run=lambda model: last),
        registry=registry,
        links=SimpleNamespace(mlflow="http://mlflow.example"),
    )
    return cast("Services", made)


async def _read(states: ModelStates, services: Services, runs: Runs | None = None) -> dict[str, ModelState]:
    found = await states.read(cast("Any", runs or Runs()), services)
    return {item.state.model: item.state for item in found}


async def test_mlflow_is_away() -> None:
    """The champion comes from the alias history, and the page says what is not checked."""
    found = (await _read(ModelStates(), _services(Registry(away=True))))["m"]
    assert found == ModelState("m", champion="7", since=NOW, trouble=found.trouble, checked=False)
    assert "rollback not checked: MLflow" in found.trouble


async def test_an_alias_that_is_gone_is_not_shown_as_a_champion() -> None:
    """The record knows who held it last; MLflow has answered, so nobody is champion now."""
    found = (await _read(ModelStates(), _services(Registry(holder=None))))["m"]
    assert (found.champion, found.since, found.checked) == (None, None, True)
    assert "gone from MLflow; version 7 " in found.trouble


async def test_one_slow_model_changes_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so for itself, never that MLflow does not answer; its answer is there for the next page, asked once."""
    monkeypatch.setattr(model_state, "REGISTRY_SECONDS", 3.0)
    models = tuple(f"m{number:02d}" for number in range(58))
    hold = threading.Event()
    registry, states = Registry({"m00": hold}), ModelStates()
    services = _services(registry, models)
    found = await _read(states, services)
    assert (found["m00"].trouble, found["m00"].champion, found["m00"].checked) == (NOT_READ, "7", False)
    assert {state.trouble for name, state in found.items() if name != "m00"} == {""}
    assert (await _read(states, services))["m00"].trouble == NOT_READ
    hold.set()
    await states._asked["m00"].answer
    assert (await _read(states, services))["m00"].trouble == ""
    assert sorted(registry.asked) == list(models)


async def test_the_answer_before_is_shown_until_there_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page waits for MLflow only if it has nothing to show; what is too old is not shown."""
    monkeypatch.setattr(model_state, "REGISTRY_SECONDS", 0.2)
    monkeypatch.setattr(model_state, "KEPT_SECONDS", -1.0)
    held: dict[str, threading.Event] = {}
    registry, states = Registry(held), ModelStates()
    services = _services(registry)
    first = await _read(states, services)
    hold = held["m"] = threading.Event()
    assert [await _read(states, services) for _ in range(3)] == [first] * 3
    async with asyncio.timeout(30):
        while len(registry.asked) < 2:  # its thread has yet to run
            await asyncio.sleep(0.01)
    assert registry.asked == ["m", "m"]
    monkeypatch.setattr(model_state, "SHOWN_SECONDS", -1.0)
    assert (await _read(states, services))["m"].trouble == NOT_READ
    hold.set()


async def test_a_move_of_the_champion_is_seen_at_once() -> None:
    """What MLflow said before the move does not count any more."""
    registry, states = Registry(), ModelStates()
    services = _services(registry)
    await _read(states, services)
    cast("Any", services).champions.moves = lambda model: (_move(), _move(2))
    await _read(states, services)
    assert registry.asked == ["m", "m"]


async def test_the_last_run_is_shown_when_none_goes_on() -> None:
    """With its outcome and time; how a run ended is asked for once."""
    runs, states = Runs({"outcome": "rejected", "reason": "worse"}), ModelStates()
    for _ in range(2):
        last = (await _read(states, _services(Registry(), last=RUN), runs))["m"].last_run
        assert last == run_summary(outcome="rejected", reason="worse")
    assert runs.asked == 1


async def test_a_run_that_is_no_longer_kept_is_named() -> None:
    """Durable's history of it is gone, which does not mean that there was none."""
    found = (await _read(ModelStates(), _services(Registry(), last=RUN), Runs()))["m"]
    assert (found.last_run, found.unknown_run) == (None, RUN)
