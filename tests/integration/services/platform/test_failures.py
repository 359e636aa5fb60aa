"""Unknown failures of steps: tried again in whatever process, and final at the third time."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nightshift.domain.lifecycle.run import PollRequest
from nightshift.domain.platform.errors import NotLoadedError
from nightshift.domain.platform.loading import ImportHealth
from nightshift.domain.platform.step import Failure
from nightshift.domain.watch.fault import MOST_TRIES, Fault, Faults
from nightshift.services.platform.failures import guarded, tried, tried_async
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.unit.wiring.fresh_process import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[4]
AT = datetime(2026, 11, 29, tzinfo=UTC)


def _services(storage: str) -> LazyServices:
    return LazyServices(read_settings(ENVIRONMENT | {"NIGHTSHIFT_STORAGE_CONNECTION_STRING": storage}, ROOT))


def _request(model: str, run_id: int = 1) -> PollRequest:
    return PollRequest(model=model, run="r", run_id=run_id)


def _failing(error: Exception) -> Failure:
    def body() -> Failure:
        raise error

    return guarded("poll_job_status", "r", "m", body, lambda failure: failure)


def test_an_unknown_failure_is_raised_twice_and_then_final(storage: str, model: str) -> None:
    """Each try in another process; the result keeps the error's text, and on-call's list has it once."""
    seen: list[object] = []
    for _ in range(MOST_TRIES):
        services = _services(storage)
        try:
            seen.append(
                tried(services, "poll_job_status", _request(model), lambda: _failing(TypeError("no such thing")))
            )
        except TypeError as error:
            seen.append(str(error))
    final = Failure(step="poll_job_status", code="internal_error", message="TypeError: no such thing")
    assert seen == ["no such thing", "no such thing", final]
    assert [(item.model, item.tries) for item in _services(storage).faults.final() if item.model == model] == [
        (model, MOST_TRIES)
    ]


def test_calls_are_counted_apart_and_a_call_that_recovers_is_no_fault(storage: str, model: str) -> None:
    """Another message is another call; what works is returned as it is."""
    services = _services(storage)
    for number in range(2 * MOST_TRIES):
        with pytest.raises(KeyError):
            tried(services, "step", _request(model, number), lambda: _failing(KeyError("x")))
    good = Failure(step="s", code="c", message="m")
    assert tried(services, "step", _request(model), lambda: good) == good
    assert [item for item in services.faults.final() if item.model == model] == []


def test_an_awaited_body_is_counted_alike(storage: str, model: str) -> None:
    """The activities that start orchestrations."""
    services = _services(storage)

    async def body() -> Failure:
        return _failing(ValueError("odd"))

    seen = []
    for _ in range(MOST_TRIES):
        try:
            seen.append(asyncio.run(tried_async(services, "step", _request(model), body())).code)
        except ValueError as error:
            seen.append(str(error))
    assert seen == ["odd", "odd", "internal_error"]


def test_a_step_within_a_step_fails_as_the_outer_one(storage: str, model: str) -> None:
    """A notification that fails for an unknown reason fails the step that sends it, with the inner error's text."""

    def outer() -> Failure:
        return guarded("outer", "r", model, lambda: _failing(TypeError("inner")), lambda failure: failure)

    services = _services(storage)
    for _ in range(MOST_TRIES - 1):
        with pytest.raises(TypeError, match="inner"):
            tried(services, "outer", _request(model), outer)
    assert tried(services, "outer", _request(model), outer) == Failure(
        step="outer", code="internal_error", message="TypeError: inner"
    )


@pytest.mark.parametrize(
    "error",
    [
        ImportError("cannot import name 'x'"),
        AttributeError("partially initialized module 'mlflow' has no attribute 'version'"),
        type("_DeadlockError", (RuntimeError,), {})("deadlock detected by _ModuleLock('mlflow')"),
    ],
)
def test_a_broken_import_is_never_final(
    storage: str, model: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is raised as what may pass, however often, and the process knows that it must end."""
    health, told = ImportHealth(), list[str]()
    health.on_broken(told.append)
    monkeypatch.setattr("nightshift.domain.platform.loading.IMPORTS", health)
    services = _services(storage)
    for _ in range(2 * MOST_TRIES):
        with pytest.raises(NotLoadedError):
            tried(services, "step", _request(model), lambda: _failing(error))
    assert [item for item in services.faults.final() if item.model == model] == []
    assert told == [f"{type(error).__name__}: {error}"]


def test_a_fault_of_long_ago_does_not_count() -> None:
    """The same call, polled again an hour later, begins anew."""
    fault = Fault(step="s", model="m", call="c", message="x", at=AT)
    faults = Faults().counted(fault).counted(fault)
    later = faults.counted(fault.model_copy(update={"at": AT + timedelta(hours=1)}))
    assert (faults.recent[-1].tries, later.recent[-1].tries) == (MOST_TRIES - 1, 1)
