"""The state of a model when what it is read from does not answer."""

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from domain.decision import ChampionMove
from domain.errors import ServiceUnavailableError
from domain.ports import Services
from review_page import model_state
from review_page.model_state import ModelStates
from review_page.views import ModelState
from tests.unit.review_page.examples import NOW


class Away:
    """A registry that does not answer: at once, or only after it is let go."""

    def __init__(self, hold: threading.Event | None = None) -> None:
        self._hold = hold

    def version_of(self, model: str, alias: str) -> str:
        """No answer."""
        if self._hold is not None:
            self._hold.wait(30)
        raise ServiceUnavailableError("MLflow", "it is away")


class NoRuns:
    """A durable client that knows no run."""

    async def get_status(self, run: str) -> None:
        """Nothing is known."""


class Removed:
    """A registry in which nobody holds the alias."""

    def version_of(self, model: str, alias: str) -> None:
        """Nobody."""

    def experiment_of(self, model: str) -> None:
        """None is known."""


def _services(registry: Away | Removed) -> Services:
    move = ChampionMove(
        model="m", sequence=1, version="7", previous=None, run="r", decided_by="d", at=NOW, state="done"
    )
    made = SimpleNamespace(
        specs=SimpleNamespace(names=lambda: ("m",), get=lambda model: None),
        champions=SimpleNamespace(moves=lambda model: (move,)),
        uploads=SimpleNamespace(begun_run=lambda model: "lifecycle-m-1"),
        registry=registry,
    )
    return cast("Services", made)


async def test_mlflow_is_away() -> None:
    """The champion comes from the champion book, and the page says what is not checked."""
    (found,) = await ModelStates().read(cast("Any", NoRuns()), _services(Away()))
    assert found.state == ModelState("m", champion="7", since=NOW, trouble=found.state.trouble)
    assert "rollback not checked: MLflow" in found.state.trouble


async def test_an_alias_that_is_gone_is_not_shown_as_a_champion() -> None:
    """The record knows who held it last; MLflow has answered, so nobody is champion now."""
    (found,) = await ModelStates().read(cast("Any", NoRuns()), _services(Removed()))
    assert (found.state.champion, found.state.since) == (None, None)
    assert found.state.trouble.startswith("the champion alias is gone from MLflow; version 7 held it last")


async def test_mlflow_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it for long."""
    monkeypatch.setattr(model_state, "REGISTRY_SECONDS", 0.05)
    hold = threading.Event()
    (found,) = await ModelStates().read(cast("Any", NoRuns()), _services(Away(hold)))
    hold.set()
    assert (found.state.champion, found.state.trouble) == (
        "7",
        "MLflow does not answer: champion as recorded, rollback not checked",
    )
