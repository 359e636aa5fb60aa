"""Service Bus queue triggers, by the real SDK over AMQP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from azure.functions.meta import Datum
from starlette.routing import BaseRoute

from local_host.functions.app_settings import resolve_settings
from local_host.functions.bindings import GENERIC
from local_host.functions.errors import FunctionLoadError
from local_host.functions.index import IndexedFunction
from local_host.functions.triggers.servicebus_options import ServiceBusOptions, read_service_bus_options
from local_host.functions.triggers.source import SourceSetting

if TYPE_CHECKING:
    from local_host.functions.triggers.servicebus_pump import QueuePump, QueueTrigger

# Where the host looks when a trigger names no connection, and the prefix under which it also looks.
_DEFAULT_CONNECTION, _PREFIX = "AzureWebJobsServiceBus", "AzureWebJobs"
_IDENTITY_SUFFIXES = ("__fullyQualifiedNamespace", ":fullyQualifiedNamespace")


class ServiceBusSource:
    """Runs a pump for each function. Topics, sessions and batches (cardinality many) are refused at load."""

    def __init__(self, setting: SourceSetting) -> None:
        options = read_service_bus_options(setting.host_json.document)
        self._pumps: dict[str, QueuePump] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        if setting.functions:
            # The SDK is loaded only for an app that needs it; its log tells every change of state of every link.
            from local_host.functions.triggers.servicebus_pump import QueuePump

            logging.getLogger("azure.servicebus").setLevel(logging.WARNING)
        for function in setting.functions:
            trigger = _trigger(function, options, setting.environment)
            self._pumps[function.name] = QueuePump(trigger, setting.invoker)

    def routes(self) -> Sequence[BaseRoute]:
        """None: messages do not come over HTTP."""
        return ()

    async def start(self) -> None:
        """Begins to receive. A broker that is not there yet is waited for."""
        for name, pump in self._pumps.items():
            self._tasks[name] = asyncio.create_task(pump.run(), name=f"servicebus {name}")

    async def stop(self) -> None:
        """Takes no further message, waits for the functions under way and settles their messages."""
        for pump in self._pumps.values():
            pump.stop()
        for outcome in await asyncio.gather(*self._tasks.values(), return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def run_now(self, function: str, text: str) -> None:
        """Invokes a function with `text` as the body of a message that is in no queue."""
        none = Datum("{}", "json")
        await self._pumps[function].invoke(text.encode(), {"UserProperties": none, "ApplicationProperties": none})


def _trigger(function: IndexedFunction, options: ServiceBusOptions, environment: Mapping[str, str]) -> QueueTrigger:
    from local_host.functions.triggers.servicebus_pump import QueueTrigger

    settings = function.trigger.settings

    def refuse(rule: str) -> FunctionLoadError:
        return FunctionLoadError(function.name, rule, parameter=function.trigger.name)

    if str(settings.get("cardinality") or "one").lower() != "one":
        raise refuse("cardinality 'many' is not supported by the local host: take one message at a time")
    if settings.get("isSessionsEnabled"):
        raise refuse("isSessionsEnabled is not supported by the local host: its broker has no message sessions")
    if settings.get("queueName") is None:
        raise refuse("topics and subscriptions are not supported by the local host: receive from a queue")
    try:
        queue = resolve_settings(str(settings["queueName"]), environment)
        connection = _connection_string(str(settings.get("connection") or _DEFAULT_CONNECTION), environment)
    except (LookupError, ValueError) as error:
        raise refuse(str(error.args[0])) from error
    if not queue:
        raise refuse("queue_name is '': it must name a queue")
    auto_complete = settings.get("autoCompleteMessages")
    if auto_complete is not None:
        options = replace(options, auto_complete=bool(auto_complete))
    bound = function.signature.inputs[function.trigger.name]
    as_text = bound.binding_type == GENERIC and bound.python_type is str
    return QueueTrigger(function, connection, queue, as_text, options)


def _connection_string(name: str, environment: Mapping[str, str]) -> str:
    """The setting's value; LookupError if it is absent, ValueError if it is none. The value, a secret, is not named."""
    name = resolve_settings(name, environment)
    for candidate in (name, _PREFIX + name):
        if candidate in environment:
            _parse(candidate, environment[candidate])
            return environment[candidate]
        for suffix in _IDENTITY_SUFFIXES:
            if candidate + suffix in environment:
                raise ValueError(
                    f"app setting {candidate + suffix!r} asks for an identity-based connection, which the local host"
                    f" cannot make: set {name!r} to a connection string instead"
                )
    raise LookupError(f"app setting {name!r}, the trigger's connection, is not set")


def _parse(name: str, value: str) -> None:
    from azure.servicebus import parse_connection_string

    try:
        parse_connection_string(value)
    except ValueError as error:
        raise ValueError(f"app setting {name!r} is no Service Bus connection string: {error}") from error
