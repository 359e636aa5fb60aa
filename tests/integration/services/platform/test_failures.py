"""Failures at the edge of the activities: what may pass is raised, an unknown one twice, and all else is told.

The activities are registered as the app registers them, and called as the worker does, by their message's JSON.
"""

import asyncio
import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import azure.durable_functions as df
import pytest

from activities import registration
from activities.lifecycle.databricks_job import poll_job_status
from nightshift.domain.lifecycle.run import PollRequest
from nightshift.domain.platform.errors import (
    BadInputError,
    NightshiftError,
    NotLoadedError,
    ServiceRefusedError,
    ServiceUnavailableError,
)
from nightshift.domain.platform.loading import ImportHealth
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.step import Done, Failure
from nightshift.domain.watch.fault import MOST_TRIES, Fault, Faults
from nightshift.services.platform.activity import Activity, StartingActivity, activity, starting_activity
from nightshift.services.platform.failures import failure_of
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.support.responder import Replaced
from tests.unit.wiring.fresh_process import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[4]
AT = datetime(2026, 11, 29, tzinfo=UTC)

Register = Callable[[Activity[Any, Any] | StartingActivity[Any, Any]], Callable[..., Any]]


def _services(storage: str) -> LazyServices:
    return LazyServices(read_settings(ENVIRONMENT | {"NIGHTSHIFT_STORAGE_CONNECTION_STRING": storage}, ROOT))


def _request(model: str, run_id: int = 1) -> PollRequest:
    return PollRequest(model=model, run="r", run_id=run_id)


def _failing(error: Exception, name: str = "step") -> Activity[PollRequest, Done]:
    @activity(name)
    def body(_: Services, request: PollRequest) -> Done:
        raise error

    return body


class _Jobs:
    """Databricks, by a client with a mistake in it."""

    def status(self, _: int) -> None:
        raise TypeError("no such thing")


@pytest.fixture
def register(storage: str, monkeypatch: pytest.MonkeyPatch) -> Register:
    """Registers an activity and gives what the worker calls; each call opens services of its own, as a process does."""

    def registered(declaration: Activity[Any, Any] | StartingActivity[Any, Any]) -> Callable[..., Any]:
        monkeypatch.setattr(registration, "declared", lambda: {declaration.name: declaration})
        app = df.DFApp()
        app.register_functions(registration.blueprint(lambda: Replaced(_services(storage), jobs=_Jobs())))
        (function,) = app.get_functions()
        assert function.get_function_name() == declaration.name
        return cast("Callable[..., Any]", inspect.unwrap(function.get_user_function()))

    return registered


def _tries(call: Callable[[], Any], error: type[Exception]) -> list[object]:
    """What comes of a call that is made as often as an unknown failure is tried: the error's text, or the result."""
    seen: list[object] = []
    for _ in range(MOST_TRIES):
        try:
            seen.append(call())
        except error as raised:
            seen.append(str(raised))
    return seen


def _internal(step: str, message: str) -> dict[str, Any]:
    """The result of an activity that an unknown failure has ended."""
    return {"failure": Failure(step=step, code="internal_error", message=message).to_json()}


def _final(storage: str, model: str) -> list[tuple[str, int]]:
    """On-call's list: which steps of the model were given up, after how many tries."""
    return [(item.step, item.tries) for item in _services(storage).faults.final() if item.model == model]


def test_an_unknown_failure_is_raised_twice_and_then_final(register: Register, storage: str, model: str) -> None:
    """Each try in another process; the failure keeps the error's text, and on-call's list has it once."""
    poll, message = register(poll_job_status), _request(model).to_json()
    seen = _tries(lambda: poll(message), TypeError)
    assert seen == ["no such thing", "no such thing", _internal("poll_job_status", "TypeError: no such thing")]
    assert _final(storage, model) == [("poll_job_status", MOST_TRIES)]


def test_what_has_no_failure_is_raised_however_often_it_is_called(register: Register, model: str) -> None:
    """An alert that Service Bus refuses, because a role is not there yet, is tried as Durable tries."""

    @activity("step", retries_all=True)
    def body(_: Services, request: PollRequest) -> Done:
        raise ServiceRefusedError("Service Bus", "403", "the role")

    step, message = register(body), _request(model).to_json()
    for _ in range(MOST_TRIES + 1):
        with pytest.raises(ServiceRefusedError):
            step(message)


def test_who_has_no_failure() -> None:
    """Orchestrations could not go on without these, and wait for them as long as Durable tries."""
    found = {name for name, each in registration.declared().items() if each.retries_all}
    assert found == {"claim_uploads", "record_halt", "send_alert"}


def test_calls_are_counted_apart(storage: str, model: str) -> None:
    """Another message is another call, and so is another step with the same message."""
    services = _services(storage)
    for number in range(2 * MOST_TRIES):
        for step in ("step", "other"):
            with pytest.raises(KeyError):
                failure_of(services, step, _request(model, number), KeyError("x"))
    assert _final(storage, model) == []


def test_a_call_that_recovers_is_no_fault(register: Register, storage: str, model: str) -> None:
    """What works is returned as it is, however often it has failed before."""
    errors = [ValueError("odd")] * (MOST_TRIES - 1)

    @activity("step")
    def body(_: Services, request: PollRequest) -> PollRequest:
        if errors:
            raise errors.pop()
        return request

    call, message = register(body), _request(model).to_json()
    assert _tries(lambda: call(message), ValueError) == ["odd", "odd", message]
    assert _final(storage, model) == []


def test_an_awaited_body_is_counted_alike(register: Register, storage: str, model: str) -> None:
    """The activities that start orchestrations."""

    @starting_activity("step")
    async def body(_: Services, client: df.DurableOrchestrationClient, request: PollRequest) -> Done:
        raise ValueError("odd")

    call, message = register(body), _request(model).to_json()
    seen = _tries(lambda: asyncio.run(call(message, None)), ValueError)
    assert seen == ["odd", "odd", _internal("step", "ValueError: odd")]
    assert _final(storage, model) == [("step", MOST_TRIES)]


def test_a_step_within_a_step_fails_as_the_outer_one(register: Register, storage: str, model: str) -> None:
    """An activity that another one calls fails that one, which is counted alone, with the inner error's text."""
    inner = _failing(TypeError("inner"), "inner")

    @activity("outer")
    def outer(services: Services, request: PollRequest) -> Done:
        return inner(services, request)

    call, message = register(outer), _request(model).to_json()
    assert _tries(lambda: call(message), TypeError) == ["inner", "inner", _internal("outer", "TypeError: inner")]
    assert _final(storage, model) == [("outer", MOST_TRIES)]


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (ServiceRefusedError("MLflow", "403", "ask"), {"service": "MLflow", "reason": "403", "hint": "ask"}),
        (BadInputError(field="x", value=(1, 2), rule="one"), {"field": "x", "value": "(1, 2)", "rule": "one"}),
    ],
)
def test_what_no_further_call_cures_is_the_failure_at_once(
    register: Register, storage: str, model: str, error: NightshiftError, fields: dict[str, Any]
) -> None:
    """With its code, its sentence and its fields as JSON holds them; it is no fault of ours."""
    call = register(_failing(error))
    failure = Failure(step="step", code=error.code, message=error.message, fields=fields)
    assert call(_request(model).to_json()) == {"failure": failure.to_json()}
    assert _final(storage, model) == []


@pytest.mark.parametrize("error", [ServiceUnavailableError("MLflow", "503"), OSError(28, "No space left on device")])
def test_what_may_pass_is_raised_however_often(register: Register, storage: str, model: str, error: Exception) -> None:
    """As it is, so that Durable calls again; its retries, and nothing here, say when it is enough."""
    call = register(_failing(error))
    for _ in range(2 * MOST_TRIES):
        with pytest.raises(type(error)) as raised:
            call(_request(model).to_json())
        assert raised.value is error
    assert _final(storage, model) == []


@pytest.mark.parametrize(
    "error",
    [
        ImportError("cannot import name 'x'"),
        AttributeError("partially initialized module 'mlflow' has no attribute 'version'"),
        type("_DeadlockError", (RuntimeError,), {})("deadlock detected by _ModuleLock('mlflow')"),
    ],
)
def test_a_broken_import_is_never_final(
    register: Register, storage: str, model: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is raised as what may pass, however often, and the process knows that it must end."""
    health, told = ImportHealth(), list[str]()
    health.on_broken(told.append)
    monkeypatch.setattr("nightshift.domain.platform.loading.IMPORTS", health)
    call = register(_failing(error))
    for _ in range(2 * MOST_TRIES):
        with pytest.raises(NotLoadedError):
            call(_request(model).to_json())
    assert _final(storage, model) == []
    assert told == [f"{type(error).__name__}: {error}"]


def test_a_fault_of_long_ago_does_not_count() -> None:
    """The same call, polled again an hour later, begins anew."""
    fault = Fault(step="s", model="m", call="c", message="x", at=AT)
    faults = Faults().counted(fault).counted(fault)
    later = faults.counted(fault.model_copy(update={"at": AT + timedelta(hours=1)}))
    assert (faults.recent[-1].tries, later.recent[-1].tries) == (MOST_TRIES - 1, 1)
