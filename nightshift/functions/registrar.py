"""Register the app's triggers: our own wrapping comes first, and azure-functions gets the result."""

from collections.abc import Awaitable, Callable
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.errors import NightshiftError
from nightshift.functions.authorization import Call, Handler, with_authorization
from nightshift.functions.route import Route

Trigger = Callable[..., Awaitable[Any]]
Wrap = Callable[[str, Trigger], Trigger]
ShowFailure = Callable[[func.HttpRequest, NightshiftError], func.HttpResponse]

# Name of the parameter by which a trigger gets the durable client.
CLIENT_BINDING = "client"


class Functions:
    """The triggers of an app, registered one by one.

    Args:
        wrap: what is put around every trigger: ``(name, trigger) -> trigger``.
        works: whether messages, events and timers are taken; if not, only HTTP functions are registered.

    Attributes:
        routes: those registered so far.
    """

    def __init__(self, app: df.DFApp, wrap: Wrap = lambda _, trigger: trigger, *, works: bool = True) -> None:
        self._app = app
        self._wrap = wrap
        self._works = works
        self.routes: list[Route] = []

    def http(self, route: Route, handler: Handler, failed: ShowFailure) -> None:
        """Register an HTTP function; whoever may not call it does not reach the handler.

        Args:
            failed: makes the answer to a named failure, such as a caller without the role.
        """
        trigger = _trigger(route, _answered(with_authorization(route, handler), failed))
        methods = list(route.methods) or None
        self.routes.append(route)
        self._app.route(route=route.path, methods=methods, auth_level=func.AuthLevel.ANONYMOUS)(
            self._prepared(route.name, trigger, durable=route.durable)
        )

    def service_bus(self, name: str, queue: str, trigger: Trigger) -> None:
        """Register a trigger ``(message, client)`` for the messages of a queue."""
        if self._works:
            register = self._app.service_bus_queue_trigger(
                arg_name="message", queue_name=queue, connection="NIGHTSHIFT_SERVICEBUS"
            )
            register(self._prepared(name, trigger, durable=True))

    def event_grid(self, name: str, trigger: Trigger) -> None:
        """Register a trigger ``(event, client)`` for the events of Event Grid."""
        if self._works:
            self._app.event_grid_trigger(arg_name="event")(self._prepared(name, trigger, durable=True))

    def timer(self, name: str, schedule: str, trigger: Trigger, *, durable: bool = True) -> None:
        """Register a trigger ``(timer, client)``, or ``(timer)`` without a durable client, for an NCRONTAB schedule."""
        if self._works:
            self._app.timer_trigger(arg_name="timer", schedule=schedule)(self._prepared(name, trigger, durable=durable))

    def _prepared(self, name: str, trigger: Trigger, *, durable: bool) -> Any:
        wrapped = self._wrap(name, trigger)
        # azure-functions takes a function's name for the name of the Azure function.
        wrapped.__name__ = name
        return self._app.durable_client_input(client_name=CLIENT_BINDING)(wrapped) if durable else wrapped


def _trigger(route: Route, call: Call) -> Trigger:
    """The call with the parameters that the worker compares with the function's bindings."""
    if not route.durable:

        async def trigger(req: func.HttpRequest) -> func.HttpResponse:
            return await call(req, None)

        return trigger

    async def durable_trigger(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        return await call(req, client)

    return durable_trigger


def _answered(call: Call, failed: ShowFailure) -> Call:
    async def answer(request: func.HttpRequest, client: df.DurableOrchestrationClient | None) -> func.HttpResponse:
        try:
            return await call(request, client)
        except NightshiftError as error:
            return failed(request, error)

    return answer
