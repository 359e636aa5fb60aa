"""What the running code belongs to: the id to search logs for, and the W3C trace context to hand on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

TRACEPARENT_PATTERN = r"^(|00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})$"
# The trace that a message belongs to, as the W3C header of that name says it; empty without one.
Traceparent = Annotated[str, Field(pattern=TRACEPARENT_PATTERN)]

# The id stands in log lines and in a header: nothing of it may end a line or look like a format.
_UNSAFE = re.compile(r"[^A-Za-z0-9_.:-]+")
_LONGEST = 128


@dataclass(frozen=True)
class Correlation:
    """What a call belongs to.

    Attributes:
        correlation_id: the run, the incident or another id that people can look up; for a call about none of them an
            id of its own.
        traceparent: of the span that the call is.
    """

    correlation_id: str = ""
    traceparent: str = ""


_CURRENT: ContextVar[Correlation] = ContextVar("nightshift_correlation", default=Correlation())  # noqa: B039 - frozen


def current() -> Correlation:
    """What the running code belongs to; empty outside a call."""
    return _CURRENT.get()


@contextmanager
def correlated(correlation_id: str, traceparent: str = "") -> Iterator[None]:
    """Let the code within belong to this id and span."""
    token = _CURRENT.set(Correlation(_safe(correlation_id), traceparent))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def correlate(correlation_id: str) -> None:
    """Name what the running call turns out to be about, such as the incident that an alert has become."""
    if correlation_id:
        _CURRENT.set(replace(_CURRENT.get(), correlation_id=_safe(correlation_id)))


def _safe(correlation_id: str) -> str:
    return _UNSAFE.sub("-", correlation_id)[:_LONGEST]
