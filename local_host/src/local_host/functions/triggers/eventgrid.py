"""Event Grid triggers: the webhook that Event Grid delivers to, with its validation handshakes."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from azure.functions.meta import Datum
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from local_host.functions.errors import InvocationFailedError
from local_host.functions.index import IndexedFunction
from local_host.functions.triggers.source import SourceSetting

logger = logging.getLogger(__name__)

_TIME = re.compile(r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?(?P<zone>Z?)")
WEBHOOK_PATHS = ("/runtime/webhooks/eventgrid", "/runtime/webhooks/EventGrid")


class EventGridSource:
    """Invokes a function once for each event of a delivered batch.

    Takes the Event Grid schema and CloudEvents 1.0 (structured JSON, single or batched), each with the header
    `aeg-event-type: Notification`, and the function's name in its own case. A delivery is acknowledged
    with 202 only if every invocation succeeded; otherwise 500, and the sender repeats the whole batch, as in Azure.
    """

    def __init__(self, setting: SourceSetting) -> None:
        self._invoker = setting.invoker
        # Unlike elsewhere in the host, the extension's own list of functions minds case.
        self._functions = {function.name: function for function in setting.functions}

    def routes(self) -> Sequence[BaseRoute]:
        """The webhook."""
        return [Route(path, self._handle, methods=["POST", "OPTIONS"]) for path in WEBHOOK_PATHS]

    async def start(self) -> None:
        """Nothing to start: events come by the webhook."""

    async def stop(self) -> None:
        """Nothing to stop: the server ends the requests."""

    async def run_now(self, function: str, text: str) -> None:
        """Invokes a function with `text`, the JSON of one event."""
        event = json.loads(text)
        if problem := _problem(event):
            raise ValueError(problem)
        await self._deliver(self._functions[function], event)

    async def _handle(self, request: Request) -> Response:
        name = request.query_params.get("functionName", "")
        function = self._functions.get(name)
        if function is None:
            return PlainTextResponse(f"there is no Event Grid function {name!r}", status_code=404)
        if request.method == "OPTIONS":
            return _allow_origin(request)
        try:
            document = json.loads(await request.body())
        except ValueError as error:
            return PlainTextResponse(f"the body is not JSON: {error}", status_code=400)
        events = document if isinstance(document, list) else [document]
        return await self._answer(function, request.headers.get("aeg-event-type", "").lower(), events)

    async def _answer(self, function: IndexedFunction, kind: str, events: list[Any]) -> Response:
        if kind == "subscriptionvalidation":
            return _validate_subscription(function, events)
        if kind == "unsubscribe":
            logger.info("eventgrid_unsubscribed function=%s", function.name)
            return Response(status_code=202)
        if kind != "notification":
            return PlainTextResponse(f"aeg-event-type {kind!r} is not known", status_code=400)
        for position, event in enumerate(events):
            if problem := _problem(event):
                return PlainTextResponse(f"event {position}: {problem}", status_code=400)
        return await self._notify(function, events)

    async def _notify(self, function: IndexedFunction, events: list[Mapping[str, Any]]) -> Response:
        outcomes = await asyncio.gather(*(self._deliver(function, event) for event in events), return_exceptions=True)
        failed = 0
        for event, outcome in zip(events, outcomes, strict=True):
            if isinstance(outcome, InvocationFailedError):
                failed += 1
                logger.warning("event_failed function=%s event_id=%s", function.name, event["id"])
            elif isinstance(outcome, BaseException):
                raise outcome
        return Response(status_code=500 if failed else 202)

    async def _deliver(self, function: IndexedFunction, event: Mapping[str, Any]) -> None:
        await self._invoker.invoke(function, Datum(json.dumps(_rewritten(event)), "json"))


def _rewritten(value: Any) -> Any:
    """The event as the extension hands it on: it reads the JSON with Newtonsoft, which takes texts for times.

    What looks like a time is written anew: no zeros at the end of a fraction, at most seven digits of one.
    """
    if isinstance(value, dict):
        return {name: _rewritten(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_rewritten(item) for item in value]
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    fraction = (found["fraction"] or "")[:7].rstrip("0")
    return found["time"] + (f".{fraction}" if fraction else "") + found["zone"]


def _problem(event: object) -> str | None:
    """Why this is not an event of either schema; None if it is one."""
    if not isinstance(event, dict):
        return "it must be a JSON object"
    required = ("id", "source", "type") if "specversion" in event else ("id", "eventType", "subject")
    schema = "CloudEvents 1.0" if "specversion" in event else "Event Grid"
    if "specversion" in event and event["specversion"] != "1.0":
        return f"specversion {event['specversion']!r} must be '1.0'"
    missing = [key for key in required if not isinstance(event.get(key), str)]
    return f"the {schema} schema needs {', '.join(missing)} as text" if missing else None


def _allow_origin(request: Request) -> Response:
    """Answers the CloudEvents webhook handshake."""
    origin = request.headers.get("webhook-request-origin")
    if origin is None:
        return PlainTextResponse("OPTIONS needs the header WebHook-Request-Origin", status_code=400)
    headers = {"WebHook-Allowed-Origin": origin}
    if (rate := request.headers.get("webhook-request-rate")) is not None:
        headers["WebHook-Allowed-Rate"] = rate
    return Response(status_code=200, headers=headers)


def _validate_subscription(function: IndexedFunction, events: list[Any]) -> Response:
    """Answers the Event Grid schema's subscription handshake."""
    data = events[0].get("data") if events and isinstance(events[0], dict) else None
    code = data.get("validationCode") if isinstance(data, dict) else None
    if not isinstance(code, str):
        return PlainTextResponse("a SubscriptionValidation event needs data.validationCode", status_code=400)
    logger.info("eventgrid_subscription_validated function=%s", function.name)
    return JSONResponse({"validationResponse": code})
