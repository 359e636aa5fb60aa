"""The list of models when what it is read from is slow or away."""

import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.champions.registry import RegisteredVersion
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.platform.names import TAG_QUARANTINE
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.view import ModelView
from nightshift.services.champions import model_views as module
from nightshift.services.champions.model_views import model_view, model_views
from tests.support.incident_examples import AT

MODELS = tuple(f"m{number:02d}" for number in range(58))


class Registry:
    """A registry that does not answer about some models, or only after it is let go; counts who asks at once."""

    def __init__(self, away: tuple[str, ...] = (), held: dict[str, threading.Event] | None = None) -> None:
        self._away = away
        self._held = held or {}
        self._lock = threading.Lock()
        self._asking = 0
        self.most = 0

    def versions(self, model: str) -> tuple[RegisteredVersion, ...]:
        """Version 1, the champion, of which the one before is in quarantine."""
        with self._lock:
            self._asking += 1
            self.most = max(self.most, self._asking)
        try:
            if model in self._held:
                self._held[model].wait(30)
            if model in self._away:
                raise ServiceUnavailableError("MLflow", "no answer within 15 s")
            quarantined = {TAG_QUARANTINE: "i1"} if model == "m02" else {}
            return (
                RegisteredVersion(version="2", aliases=("champion",), created_at=AT, run_id="r", tags={}),
                RegisteredVersion(version="1", aliases=(), created_at=AT, run_id="r", tags=quarantined),
            )
        finally:
            with self._lock:
                self._asking -= 1


def _services(registry: Registry) -> Services:
    def moves(model: str) -> tuple[AliasChange, ...]:
        known: dict[str, Any] = {"model": model, "run": "r", "decided_by": "d", "at": AT, "state": "done"}
        return (
            AliasChange(sequence=1, version="1", previous=None, **known),
            AliasChange(sequence=2, version="2", previous="1", **known),
        )

    made = SimpleNamespace(
        specs=SimpleNamespace(names=lambda: MODELS, get=lambda model: SimpleNamespace(description=f"about {model}")),
        champions=SimpleNamespace(moves=moves),
        registry=registry,
    )
    return cast("Services", made)


def test_of_a_model_that_is_away_the_record_is_shown() -> None:
    """It says so for itself; the others are as they are, in their order, and only some are read at once."""
    registry = Registry(away=("m07",))
    found = model_views(_services(registry), None)
    assert tuple(view.model for view in found) == MODELS
    (away,) = [view for view in found if view.trouble]
    assert (away.model, away.champion, away.champion_since, away.description) == ("m07", "2", AT, "about m07")
    assert away.rollback_target is None
    assert "MLflow is not available" in away.trouble
    assert away.trouble.endswith("within 15 s")
    assert registry.most <= 8
    with pytest.raises(ServiceUnavailableError):
        model_view(_services(registry), "m07", None)


def test_what_a_rollback_goes_to() -> None:
    """The champion before, unless it is in quarantine."""
    services = _services(Registry())
    found = [model_view(services, model, None) for model in ("m01", "m02")]
    assert [(view.champion, view.rollback_target) for view in found] == [("2", "1"), ("2", None)]


def test_a_view_of_a_time_knows_the_versions_of_that_time() -> None:
    """Champion, rollback target and versions are of one moment."""
    services, hour = _services(Registry()), timedelta(hours=1)
    now, before = model_view(services, "m01", AT + hour), model_view(services, "m01", AT - hour)
    assert [item.version for item in now.versions] == ["2", "1"]
    assert (before.champion, before.rollback_target, before.versions) == (None, None, ())


def test_a_rollback_target_is_of_the_same_time_as_its_champion() -> None:
    """What became champion again later was not then the way back from the one of that time."""
    hour = timedelta(hours=1)
    known: dict[str, Any] = {"model": "m01", "run": "r", "decided_by": "d", "state": "done"}
    moves = (
        AliasChange(sequence=1, version="2", previous=None, at=AT, **known),
        AliasChange(sequence=2, version="1", previous="2", at=AT + hour, **known),
        AliasChange(sequence=3, version="2", previous="1", at=AT + 2 * hour, **known),
    )
    services = cast("SimpleNamespace", _services(Registry()))
    services.champions.moves = lambda _: moves
    found = [model_view(cast("Services", services), "m01", AT + number * hour) for number in (0.5, 1.5, 2.5)]
    assert [(view.champion, view.rollback_target) for view in found] == [("2", None), ("1", "2"), ("2", "1")]


def test_a_slow_model_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was not read in time, which is not that MLflow does not answer."""
    monkeypatch.setattr(module, "LIST_SECONDS", 1.0)
    hold = threading.Event()
    found = model_views(_services(Registry(held={"m00": hold})), None)
    hold.set()
    ((late, trouble),) = [(view.model, view.trouble) for view in found if view.trouble]
    assert (late, trouble.rpartition(": ")[2]) == ("m00", "not read in time")


def test_a_view_of_an_older_release_has_no_trouble() -> None:
    """The field came later."""
    written = model_view(_services(Registry()), "m01", None).to_json()
    del written["trouble"]
    assert ModelView.from_json(written).trouble == ""
