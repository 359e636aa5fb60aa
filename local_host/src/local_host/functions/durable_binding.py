"""Joins the index to the durable engine: orchestrators, activities and the durable client binding."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from azure.functions.meta import Datum

from local_host.durable.client_links import client_binding
from local_host.durable.functions import DurableFunctions
from local_host.durable.settings import DurableSettings
from local_host.functions.errors import ActivityFailedError, AppLoadError, FunctionLoadError, InvocationFailedError
from local_host.functions.index import IndexedFunction
from local_host.functions.invoker import Invoker
from local_host.functions.triggers.catalog import ACTIVITY, DURABLE_TRIGGERS, ORCHESTRATION

_NAME_SETTINGS = {ORCHESTRATION: "orchestration", ACTIVITY: "activity"}

Activity = Callable[[str | None], Awaitable[str | None]]


def durable_functions(index: Sequence[IndexedFunction], invoker: Invoker) -> DurableFunctions:
    """What the engine runs, by durable name; AppLoadError if two functions of a kind share a name.

    Orchestrators are the SDK's own handles, which the engine calls with their JSON document.
    """
    found: dict[str, dict[str, Any]] = {kind: {} for kind in DURABLE_TRIGGERS}
    refused: list[FunctionLoadError] = []
    for function in index:
        kind = function.trigger.type
        if kind not in DURABLE_TRIGGERS:
            continue
        # The trigger may give the function another durable name than its own.
        name = function.trigger.settings.get(_NAME_SETTINGS[kind]) or function.name
        if name.lower() in (known.lower() for known in found[kind]):
            refused.append(FunctionLoadError(function.name, f"another function has the {kind} name {name!r}"))
        found[kind][name] = activity(function, invoker) if kind == ACTIVITY else function.call
    if refused:
        raise AppLoadError.of(refused)
    return DurableFunctions(orchestrators=found[ORCHESTRATION], activities=found[ACTIVITY])


def activity(function: IndexedFunction, invoker: Invoker) -> Activity:
    """The activity as the engine calls it: JSON text in and out; ActivityFailedError is "<type>: <message>"."""

    async def run(payload: str | None) -> str | None:
        try:
            result = await invoker.invoke(function, Datum("null" if payload is None else payload, "json"))
        except InvocationFailedError as failure:
            raise ActivityFailedError(f"{type(failure.error).__name__}: {failure.error}") from failure.error
        return None if result.returned is None else str(result.returned.value)

    return run


class DurableClientPayload:
    """Fills `durableClient` inputs: the JSON from which the SDK makes its DurableOrchestrationClient."""

    def __init__(self, base_url: str, settings: DurableSettings) -> None:
        self._datum = Datum(client_binding(base_url, settings), "string")

    def __call__(self, function: IndexedFunction, parameter: str) -> Datum:
        """The payload; the same for every function, because the host runs one task hub."""
        return self._datum


def check_task_hubs(index: Sequence[IndexedFunction], settings: DurableSettings) -> None:
    """Refuses a durable client that asks for another task hub than this host runs."""
    refused = [
        FunctionLoadError(
            function.name,
            f"its durable client asks for task hub {hub!r}, but this host runs {settings.hub_name!r}",
            parameter=parameter,
        )
        for function in index
        for parameter in function.other_inputs
        if (hub := function.binding(parameter).get("taskHub")) not in (None, "", settings.hub_name)
    ]
    if refused:
        raise AppLoadError.of(refused)
