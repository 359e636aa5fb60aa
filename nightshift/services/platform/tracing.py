"""Spans: each call of a trigger or an activity is one, in the trace that its message carries.

Orchestrators have none, because replay would make them again; they only hand the trace on
(orchestrators.platform.calls).
Without an SDK (wiring.telemetry) all of this costs next to nothing and records nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from nightshift.domain.platform.correlation import correlated
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.step import Failure
from nightshift.domain.platform.telemetry import (
    ATTRIBUTE_CORRELATION,
    ATTRIBUTE_INCIDENT,
    ATTRIBUTE_MODEL,
    ATTRIBUTE_OUTCOME,
    ATTRIBUTE_REVIEW,
    ATTRIBUTE_RUN,
    ATTRIBUTE_STEP,
    SCOPE,
    TRACEPARENT,
)
from nightshift.services.platform.app_metrics import count_failed_call


@contextmanager
def span(
    name: str,
    *,
    parent_trace: str,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, str],
    linked: Iterable[str] = (),
) -> Iterator[Span]:
    """A span that becomes the current one; an exception that leaves it is recorded.

    Args:
        parent_trace: traceparent of the message. A host span in the same trace becomes the parent, so that calls nest
            as they ran; one in another trace is linked.
        kind: used where the host has no span of its own for the call, otherwise the span is internal to that one.
        linked: traceparents of what else the call is about.
    """
    host = trace.get_current_span().get_span_context()
    parent = span_context(parent_trace)
    links = [context for context in map(span_context, linked) if context.trace_id != parent.trace_id]
    within = None
    if parent.is_valid and parent.trace_id != host.trace_id:
        within = trace.set_span_in_context(NonRecordingSpan(parent))
        links.append(host)
    with trace.get_tracer(SCOPE).start_as_current_span(
        name,
        context=within,
        kind=SpanKind.INTERNAL if host.is_valid else kind,
        attributes={key: value for key, value in attributes.items() if value},
        links=[Link(context) for context in links if context.is_valid],
    ) as made:
        yield made


def span_context(traceparent: str) -> SpanContext:
    """The span that a traceparent names; an invalid one for text that is none."""
    found = TraceContextTextMapPropagator().extract({TRACEPARENT: traceparent}, Context())
    return trace.get_current_span(found).get_span_context()


def traceparent_of(made: Span) -> str:
    """The traceparent that continues a span; empty for one that is not recorded anywhere."""
    context = made.get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


@contextmanager
def step(name: str, message: Message, parent_trace: str) -> Iterator[Callable[[Message], None]]:
    """One call of an activity: its span, and the correlation id of its log lines.

    Gives a function that takes the activity's result, or its failure, which is an error of the span.
    """
    fields = ("run", "incident_id", "review_id", "model")
    run, incident, review, model = (str(getattr(message, field, "") or "") for field in fields)
    correlation = run or incident or review or model or name
    attributes = {
        ATTRIBUTE_STEP: name,
        ATTRIBUTE_CORRELATION: correlation,
        ATTRIBUTE_RUN: run,
        ATTRIBUTE_MODEL: model,
        ATTRIBUTE_INCIDENT: incident,
        ATTRIBUTE_REVIEW: review,
    }
    uploads = [str(getattr(upload, "trace", "")) for upload in getattr(message, "uploads", ())]
    with (
        span(name, parent_trace=parent_trace, attributes=attributes, linked=uploads) as made,
        correlated(correlation, traceparent_of(made)),
    ):
        try:
            yield lambda result: _ended(made, result)
        except Exception as error:
            count_failed_call(name, str(getattr(error, "code", type(error).__name__)))
            raise


def _ended(made: Span, result: Message) -> None:
    if isinstance(result, Failure):
        made.set_attribute(ATTRIBUTE_OUTCOME, result.code)
        made.set_status(Status(StatusCode.ERROR, result.message))
        return
    action = getattr(result, "action", None)
    named = (getattr(result, "outcome", None), getattr(action, "state", None), getattr(result, "state", None))
    outcome = next((value for value in named if isinstance(value, str) and value), "done")
    made.set_attribute(ATTRIBUTE_OUTCOME, str(outcome))
