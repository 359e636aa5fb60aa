"""What a function receives as `context: func.Context`."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from azure.functions import Context


@dataclass(frozen=True)
class Trace:
    """W3C trace context of an invocation."""

    trace_parent: str
    trace_state: str
    attributes: Mapping[str, str]

    @classmethod
    def continuing(cls, trace_parent: str | None, trace_state: str | None) -> Trace:
        """The caller's trace, or a new one where the caller sent none."""
        fresh = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
        return cls(trace_parent or fresh, trace_state or "", {})

    @property
    def Traceparent(self) -> str:  # noqa: N802 - the older name, which the worker still has
        """The same as `trace_parent`."""
        return self.trace_parent

    @property
    def Tracestate(self) -> str:  # noqa: N802
        """The same as `trace_state`."""
        return self.trace_state

    @property
    def Attributes(self) -> Mapping[str, str]:  # noqa: N802
        """The same as `attributes`."""
        return self.attributes


class InvocationContext(Context):
    """The ids and the place of one invocation."""

    def __init__(
        self, function_name: str, function_directory: str, invocation_id: str, trace: Trace, local: threading.local
    ) -> None:
        self._function_name = function_name
        self._function_directory = function_directory
        self._invocation_id = invocation_id
        self._trace = trace
        self._local = local

    @property
    def invocation_id(self) -> str:
        return self._invocation_id

    @property
    def function_name(self) -> str:
        return self._function_name

    @property
    def function_directory(self) -> str:
        return self._function_directory

    @property
    def trace_context(self) -> Trace:  # type: ignore[override]
        return self._trace

    @property
    def thread_local_storage(self) -> threading.local:  # type: ignore[override]
        return self._local

    @property
    def retry_context(self) -> None:  # type: ignore[override]
        """None: function-level retry policies are refused at load."""
        return


CURRENT_INVOCATION: ContextVar[InvocationContext | None] = ContextVar("current_invocation", default=None)
"""The invocation that the running code belongs to; log lines take their ids from it."""
