"""Every activity of this package, found by its declaration; a new one is a file."""

import asyncio
import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import azure.durable_functions as df

import activities
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.ports import Services
from nightshift.services.platform.activity import Activity, StartingActivity
from nightshift.services.platform.failures import failure_of
from nightshift.services.platform.tracing import step

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


def declared() -> dict[str, Activity[Any, Any] | StartingActivity[Any, Any]]:
    """The activities by their names in Durable.

    Raises:
        ValueError: two have the same name.
    """
    found: dict[str, Activity[Any, Any] | StartingActivity[Any, Any]] = {}
    for module in pkgutil.walk_packages(activities.__path__, f"{activities.__name__}."):
        if module.ispkg or module.name == __name__:
            continue
        for item in vars(importlib.import_module(module.name)).values():
            if isinstance(item, Activity | StartingActivity) and found.setdefault(item.name, item) is not item:
                raise ValueError(f"two activities have the name {item.name!r}")
    return dict(sorted(found.items()))


def blueprint(services: Callable[[], Services], wrap: Wrap = lambda call: call) -> df.Blueprint:
    """Register every activity; ``services`` is called when an activity runs, not before.

    Args:
        wrap: what is put around every activity before it is registered.
    """
    result = df.Blueprint()
    for declaration in declared().values():
        if isinstance(declaration, Activity):
            _register(result, declaration, services, wrap)
        else:
            _register_starting(result, declaration, services, wrap)
    return result


def _register(target: df.Blueprint, activity: Activity[Any, Any], services: Callable[[], Services], wrap: Wrap) -> None:
    # The worker takes no parameterised annotation here: plain dict is the JSON object on both sides.
    def call(message: dict) -> dict:  # type: ignore[type-arg]
        request, parent_trace = _read(activity.request, message)
        with step(activity.name, request, parent_trace) as ended:
            bound = services()
            try:
                result = activity(bound, request)
            except Exception as error:
                if activity.retries_all:
                    raise
                failure = failure_of(bound, activity.name, request, error, activity.cost)
                ended(failure)
                return {"failure": failure.to_json()}
            ended(result)
        return result.to_json()  # type: ignore[no-any-return]

    call.__name__ = activity.name
    target.activity_trigger(input_name="message")(wrap(call))


def _register_starting(
    target: df.Blueprint, activity: StartingActivity[Any, Any], services: Callable[[], Services], wrap: Wrap
) -> None:
    async def call(message: dict, client: df.DurableOrchestrationClient) -> dict:  # type: ignore[type-arg]
        request, parent_trace = _read(activity.request, message)
        with step(activity.name, request, parent_trace) as ended:
            bound = services()
            try:
                result = await activity(bound, client, request)
            except Exception as error:  # noqa: BLE001 - the edge, as above
                failure = await asyncio.to_thread(failure_of, bound, activity.name, request, error)
                ended(failure)
                return {"failure": failure.to_json()}
            ended(result)
        return result.to_json()  # type: ignore[no-any-return]

    call.__name__ = activity.name
    target.activity_trigger(input_name="message")(target.durable_client_input(client_name="client")(wrap(call)))


def _read(kind: type[Message], message: dict[str, Any]) -> tuple[Message, str]:
    """An activity's message, and the trace that the orchestrator put beside its fields."""
    fields = {name: value for name, value in message.items() if name != "trace"}
    return kind.from_json(fields), str(message.get("trace", ""))
