"""Runs functions: decodes their inputs, calls them, encodes what they give."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from azure.functions.meta import Datum

from local_host.functions.bindings import decode, encode
from local_host.functions.errors import FunctionTimeoutError, InvocationFailedError
from local_host.functions.index import IndexedFunction
from local_host.functions.invocation_context import CURRENT_INVOCATION, InvocationContext, Trace

logger = logging.getLogger(__name__)

_NO_METADATA: Mapping[str, Datum] = MappingProxyType({})


@dataclass(frozen=True)
class InvocationResult:
    """What a function gave: its return value and its `Out` parameters, each as its converter encoded it."""

    invocation_id: str
    returned: Datum | None
    outputs: Mapping[str, Datum] = field(default_factory=dict)


class OutParameter:
    """What a function receives as `azure.functions.Out`."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, value: Any) -> None:
        self._value = value

    def get(self) -> Any:
        return self._value


class Invoker:
    """Invokes functions: async ones on the event loop, the others in a pool of threads.

    `input_payload(function, parameter)` gives the payload of an input that does not come from the trigger.
    A function that outlives `timeout` fails with FunctionTimeoutError, which `timed_out` then holds: the host ends,
    because in Azure the whole worker is restarted and with it ends whatever else runs there.

    `threads` is the size of the pool that every function without async shares; None makes it min(32, CPUs + 4), the
    interpreter's default, which is what the Python worker takes where PYTHON_THREADPOOL_THREAD_COUNT is not set.
    """

    def __init__(
        self,
        input_payload: Callable[[IndexedFunction, str], Datum],
        *,
        timeout: timedelta | None,
        threads: int | None,
    ) -> None:
        self._input_payload = input_payload
        self._timeout = None if timeout is None else timeout.total_seconds()
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="function")
        self._local = threading.local()
        self._running: dict[str, IndexedFunction] = {}
        self._threads_busy = 0
        self._threads_lock = threading.Lock()
        self._finished = asyncio.Event()
        self.timed_out: FunctionTimeoutError | None = None

    @property
    def running(self) -> Mapping[str, str]:
        """Invocation id -> function name of what runs now."""
        return {invocation_id: function.name for invocation_id, function in self._running.items()}

    @property
    def pool(self) -> ThreadPoolExecutor:
        """The threads of the app, in which orchestrators run, too; their time is not looked after here."""
        return self._pool

    @property
    def threads_busy(self) -> int:
        """How many threads still run a function, those included whose invocation has timed out."""
        return self._threads_busy

    async def invoke(
        self,
        function: IndexedFunction,
        trigger_payload: Datum,
        *,
        metadata: Mapping[str, Datum] = _NO_METADATA,
        trace: Trace | None = None,
    ) -> InvocationResult:
        """Runs the function once; InvocationFailedError carries what it raised. Logs start, end and failure.

        `metadata` is what the trigger knows of its payload, by the names that its converter reads.
        """
        invocation_id = str(uuid.uuid4())
        context = InvocationContext(
            function.name,
            str(function.directory),
            invocation_id,
            trace or Trace.continuing(None, None),
            self._local,
        )
        self._running[invocation_id] = function
        token = CURRENT_INVOCATION.set(context)
        started = time.perf_counter()
        logger.debug("invocation_started function=%s invocation_id=%s", function.name, invocation_id)
        try:
            result = await self._run(function, trigger_payload, metadata, context)
        except Exception as error:
            elapsed = (time.perf_counter() - started) * 1000
            logger.exception(
                "invocation_failed function=%s invocation_id=%s duration_ms=%.1f error=%s",
                function.name,
                invocation_id,
                elapsed,
                type(error).__name__,
            )
            raise InvocationFailedError(function.name, invocation_id, error) from error
        finally:
            CURRENT_INVOCATION.reset(token)
            del self._running[invocation_id]
            self._finished.set()
        elapsed = (time.perf_counter() - started) * 1000
        logger.info(
            "invocation_succeeded function=%s invocation_id=%s duration_ms=%.1f", function.name, invocation_id, elapsed
        )
        return result

    async def drain(self, seconds: float, *, trigger_types: Collection[str] | None = None) -> bool:
        """Waits until no function (of these trigger types) runs; False if one still does after `seconds`."""

        async def drained() -> None:
            while any(trigger_types is None or item.trigger.type in trigger_types for item in self._running.values()):
                self._finished.clear()
                await self._finished.wait()

        try:
            await asyncio.wait_for(drained(), seconds)
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Ends the thread pool without waiting for functions that still run."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(
        self,
        function: IndexedFunction,
        trigger_payload: Datum,
        metadata: Mapping[str, Datum],
        context: InvocationContext,
    ) -> InvocationResult:
        arguments, outs = self._arguments(function, trigger_payload, metadata, context)
        returned = await self._call(function, arguments)
        returns = function.signature.returns
        if returns is None and returned is not None:
            raise RuntimeError(f"function {function.name!r} has no $return binding but returned a value")
        outputs: dict[str, Datum] = {}
        for name, out in outs.items():
            bound = function.signature.outputs[name]
            if out.get() is not None and (payload := encode(bound.binding_type, out.get(), bound.python_type)):
                outputs[name] = payload
        payload = None if returns is None else encode(returns.binding_type, returned, returns.python_type)
        return InvocationResult(context.invocation_id, payload, outputs)

    def _arguments(
        self,
        function: IndexedFunction,
        trigger_payload: Datum,
        metadata: Mapping[str, Datum],
        context: InvocationContext,
    ) -> tuple[dict[str, Any], dict[str, OutParameter]]:
        arguments: dict[str, Any] = {}
        for name, bound in function.signature.inputs.items():
            if name == function.trigger.name:
                arguments[name] = decode(bound.binding_type, trigger_payload, metadata)
            else:
                arguments[name] = decode(bound.binding_type, self._input_payload(function, name), _NO_METADATA)
        outs = {name: OutParameter() for name in function.signature.outputs}
        arguments.update(outs)
        if function.signature.requires_context:
            arguments["context"] = context
        return arguments, outs

    async def _call(self, function: IndexedFunction, arguments: Mapping[str, Any]) -> Any:
        if function.is_async:
            running: asyncio.Future[Any] = asyncio.ensure_future(function.call(**arguments))
        else:
            running = self._in_thread(function, arguments)
        try:
            return await asyncio.wait_for(running, self._timeout)
        except TimeoutError as error:
            # asyncio.wait_for cancels what it waited for only when its own limit passed; a TimeoutError that the
            # function itself raised leaves the future uncancelled and goes on as it is.
            if self._timeout is None or not running.cancelled():
                raise
            self.timed_out = FunctionTimeoutError(self._timeout)
            raise self.timed_out from error

    def _in_thread(self, function: IndexedFunction, arguments: Mapping[str, Any]) -> asyncio.Future[Any]:
        variables = contextvars.copy_context()

        def call() -> Any:
            context = CURRENT_INVOCATION.get()
            self._local.invocation_id = context.invocation_id if context else None
            with self._threads_lock:
                self._threads_busy += 1
            try:
                return function.call(**arguments)
            finally:
                with self._threads_lock:
                    self._threads_busy -= 1

        return asyncio.get_running_loop().run_in_executor(self._pool, variables.run, call)
