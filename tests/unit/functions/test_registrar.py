"""Triggers are wrapped, and then registered; azure-functions sees the result alone."""

import inspect
import json
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from nightshift.functions.authorization import Incoming
from nightshift.functions.registrar import Functions, Trigger
from nightshift.functions.route import Route
from nightshift.triggers.problem import as_problem
from tests.unit.triggers.api.requests import principal, request

ROUTE = Route("show_run", "api/runs/{run}", ("GET",), roles=("Reader",), durable=True)


async def _answer(incoming: Incoming) -> func.HttpResponse:
    return func.HttpResponse(incoming.request.route_params["run"])


async def _message(message: func.ServiceBusMessage, client: df.DurableOrchestrationClient) -> None:
    """Take nothing."""


async def _timer(timer: func.TimerRequest) -> None:
    """Do nothing."""


def _app(*, works: bool = True) -> tuple[dict[str, Any], list[str]]:
    """One trigger of each kind, and the names that were wrapped."""
    wrapped: list[str] = []

    def wrap(name: str, trigger: Trigger) -> Trigger:
        wrapped.append(name)
        return trigger

    app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    functions = Functions(app, wrap, works=works)
    functions.http(ROUTE, _answer, as_problem)
    functions.service_bus("on_alerts", "alerts", _message)
    functions.event_grid("on_blob_created", _message)
    functions.timer("sweep", "0 * * * * *", _timer, durable=False)
    assert functions.routes == [ROUTE]
    return {str(function.get_function_name()): function for function in app.get_functions()}, wrapped


def test_every_trigger_is_wrapped_once_and_has_its_name() -> None:
    """Whatever its kind."""
    functions, wrapped = _app()
    assert list(functions) == wrapped == ["show_run", "on_alerts", "on_blob_created", "sweep"]


def test_the_bindings_say_what_was_declared() -> None:
    """Trigger, route, methods, queue, schedule, and a durable client where one is wanted."""
    functions, _ = _app()
    bindings = {
        name: {binding["type"]: binding for binding in map(json.loads, function.get_raw_bindings())}
        for name, function in functions.items()
    }
    assert (bindings["show_run"]["httpTrigger"]["route"], bindings["show_run"]["httpTrigger"]["methods"]) == (
        "api/runs/{run}",
        ["GET"],
    )
    assert bindings["on_alerts"]["serviceBusTrigger"]["queueName"] == "alerts"
    assert bindings["sweep"]["timerTrigger"]["schedule"] == "0 * * * * *"
    assert {name for name, kinds in bindings.items() if "durableClient" in kinds} == set(functions) - {"sweep"}


def test_the_worker_finds_the_parameters_of_the_bindings() -> None:
    """It refuses a function whose parameters are others than its bindings."""
    functions, _ = _app()
    parameters = {
        name: list(inspect.signature(item.get_user_function()).parameters) for name, item in functions.items()
    }
    assert parameters == {
        "show_run": ["req", "client"],
        "on_alerts": ["message", "client"],
        "on_blob_created": ["message", "client"],
        "sweep": ["timer"],
    }


def test_an_app_that_takes_no_work_has_http_functions_alone() -> None:
    """Messages and timers wait in their queues until its settings are right (ADR 34)."""
    assert list(_app(works=False)[0]) == ["show_run"]


@pytest.mark.parametrize(("headers", "status"), [(principal("Reader"), 200), (principal(), 403), ({}, 401)])
async def test_no_handler_is_registered_without_its_authorization(headers: dict[str, str], status: int) -> None:
    """There is no way to register one: the route must say who may, and its failure is shown as the caller wants."""
    functions, _ = _app()
    call = inspect.unwrap(functions["show_run"].get_user_function())
    answer = await call(request(headers=headers, route={"run": "r1"}), None)
    assert answer.status_code == status
