"""What is registered under the names of orchestrators and activities: the wrapped functions, with their bindings."""

import json
from collections.abc import Callable
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

import activities.registration
import orchestrators.registration
from activities.registration import declared
from orchestrators.registration import ORCHESTRATORS

Register = Callable[[Callable[..., Any]], df.Blueprint]


def _activities(wrap: Callable[..., Any]) -> df.Blueprint:
    return activities.registration.blueprint(lambda: None, wrap)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    ("register", "kind", "names"),
    [
        (orchestrators.registration.blueprint, "orchestrationTrigger", set(ORCHESTRATORS)),
        (_activities, "activityTrigger", set(declared())),
    ],
    ids=["orchestrators", "activities"],
)
def test_each_is_wrapped_and_then_registered(register: Register, kind: str, names: set[str]) -> None:
    """The count of calls under way is around every one: a process must not end in the middle of a turn."""
    wrapped: list[Any] = []

    def wrap(call: Callable[..., Any]) -> Callable[..., Any]:
        wrapped.append(call)
        return call

    app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    app.register_functions(register(wrap))
    functions = app.get_functions()
    assert len(wrapped) == len(functions) == len(names)
    assert {function.get_function_name() for function in functions} == names
    bindings = [json.loads(raw) for function in functions for raw in function.get_raw_bindings()]
    assert {binding["type"] for binding in bindings} <= {kind, "durableClient"}


def test_an_orchestrator_is_bound_under_its_name() -> None:
    """Durable starts it by this name; the handle is the official one of its generator."""
    app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    app.register_functions(orchestrators.registration.blueprint())
    for function in app.get_functions():
        (binding,) = (json.loads(raw) for raw in function.get_raw_bindings())
        handle: Any = function.get_user_function()
        assert binding["orchestration"] in ORCHESTRATORS
        assert handle.orchestrator_function is ORCHESTRATORS[binding["orchestration"]]
