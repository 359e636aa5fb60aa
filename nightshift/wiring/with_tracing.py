"""Each call of a trigger gets a span and a correlation id in log lines and answers; failed calls are counted.

Activities make their spans themselves (activities.registration), and an orchestrator must not have any.
"""

import asyncio
import logging
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

import azure.functions as func
from opentelemetry.trace import SpanKind, Status, StatusCode

from nightshift.domain.platform.correlation import correlated, current
from nightshift.domain.platform.loading import import_broke
from nightshift.domain.platform.telemetry import ATTRIBUTE_CORRELATION, ATTRIBUTE_STEP, CORRELATION_HEADER, TRACEPARENT
from nightshift.functions.registrar import CLIENT_BINDING, Trigger
from nightshift.services.platform.app_metrics import count_failed_call
from nightshift.services.platform.tracing import span, traceparent_of
from nightshift.triggers.problem import problem
from nightshift.wiring.threads import give_threads

logger = logging.getLogger(__name__)

# The parts of a path that name a record of ours. What a route for all other paths has caught names nothing.
_NAMING = frozenset({"run", "incident", "review", "letter"})
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{3,127}")


def with_tracing(name: str, call: Trigger) -> Trigger:
    """A trigger whose calls are traced.

    Raises:
        TypeError: it is not async.
    """
    if not iscoroutinefunction(call):
        raise TypeError(
            f"trigger {name}: must be async; a thread would lose the correlation id that the call has found"
        )

    @wraps(call)
    async def traced(*args: Any, **kwargs: Any) -> Any:
        give_threads(asyncio.get_running_loop())
        subject = next((value for binding, value in kwargs.items() if binding != CLIENT_BINDING), None)
        with _traced_call(name, subject) as ended:
            try:
                answer = await call(*args, **kwargs)
                if isinstance(answer, func.HttpResponse) and answer.status_code >= 500:
                    count_failed_call(name, f"http_{answer.status_code}")
            except Exception as error:
                broke = import_broke(error)
                count_failed_call(name, str(getattr(error, "code", type(error).__name__)))
                if not isinstance(subject, func.HttpRequest):
                    raise
                # The edge: the caller gets an id to ask about, and the log has the rest.
                logger.exception("request_failed function=%s", name)
                answer = (
                    problem(503, "not_loaded", "try again: the app is started anew")
                    if broke
                    else problem(500, "internal_error", f"{name} failed; its log lines carry this correlation id")
                )
            ended(answer)
            return answer

    return traced


@contextmanager
def _traced_call(name: str, subject: object) -> Iterator[Callable[[Any], None]]:
    correlation = _correlation_id(subject)
    attributes = {ATTRIBUTE_STEP: name}
    kind = SpanKind.SERVER if isinstance(subject, func.HttpRequest) else SpanKind.CONSUMER
    with (
        span(name, parent_trace=_traceparent(subject), kind=kind, attributes=attributes) as made,
        correlated(correlation, traceparent_of(made)),
    ):

        def ended(answer: Any) -> None:
            if isinstance(answer, func.HttpResponse):
                answer.headers[CORRELATION_HEADER] = current().correlation_id
                made.set_attribute("http.response.status_code", answer.status_code)
                if answer.status_code >= 500:
                    made.set_status(Status(StatusCode.ERROR, f"HTTP {answer.status_code}"))

        try:
            yield ended
        finally:
            made.set_attribute(ATTRIBUTE_CORRELATION, current().correlation_id)


def _correlation_id(subject: object) -> str:
    """The run, incident, review or dead letter that the path names; the id of the message or event; or a new one."""
    named: list[object] = []
    if isinstance(subject, func.HttpRequest):
        named = [value for name, value in subject.route_params.items() if name in _NAMING]
    elif isinstance(subject, func.ServiceBusMessage):
        named = [subject.message_id]
    elif isinstance(subject, func.EventGridEvent):
        named = [subject.id]
    found = next((text for text in map(str, named) if _ID.fullmatch(text)), None)
    return found or f"call-{uuid.uuid4().hex[:16]}"


def _traceparent(subject: object) -> str:
    source: Mapping[str, Any] = {}
    if isinstance(subject, func.HttpRequest):
        source = subject.headers
    elif isinstance(subject, func.ServiceBusMessage):
        source = subject.application_properties or {}
    return str(source.get(TRACEPARENT) or "")
