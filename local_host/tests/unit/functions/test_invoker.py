"""Invocations: arguments, results, failures, time limits."""

import asyncio
import json
import logging
import threading
from datetime import timedelta

import pytest
from azure.functions.meta import Datum

from local_host.functions.errors import FunctionTimeoutError, InvocationFailedError
from local_host.functions.index import IndexedFunction
from local_host.functions.invocation_context import Trace
from local_host.functions.invoker import Invoker

from .conftest import IndexApp

TIMER_PAYLOAD = Datum(json.dumps({"IsPastDue": True}), "json")
pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning")


async def test_runs_a_function_with_its_context(index_app: IndexApp, invoker: Invoker) -> None:
    """The context carries the ids, the folder and the caller's trace."""
    functions = index_app(
        """
        seen = {}
        @app.activity_trigger(input_name="payload")
        def f(payload: dict, context: func.Context) -> dict:
            return {"payload": payload, "id": context.invocation_id, "name": context.function_name,
                    "directory": context.function_directory, "trace": context.trace_context.trace_parent,
                    "local": context.thread_local_storage.invocation_id, "retry": context.retry_context}
        """
    )
    trace = Trace("00-aa-bb-01", "", {})
    result = await invoker.invoke(functions["f"], Datum('{"a": 1}', "json"), trace=trace)
    assert result.returned is not None
    assert json.loads(result.returned.value) == {
        "payload": {"a": 1},
        "id": result.invocation_id,
        "name": "f",
        "directory": str(functions["f"].directory),
        "trace": "00-aa-bb-01",
        "local": result.invocation_id,
        "retry": None,
    }


def test_the_trace_has_its_older_names_too() -> None:
    """Code that was written for the first Python workers still finds them."""
    trace = Trace("00-aa-bb-01", "a=1", {"k": "v"})
    assert (trace.Traceparent, trace.Tracestate, trace.Attributes) == ("00-aa-bb-01", "a=1", {"k": "v"})


async def test_sync_functions_run_in_threads_and_async_ones_on_the_loop(index_app: IndexApp, invoker: Invoker) -> None:
    """A sync function does not hold the event loop's thread."""
    functions = index_app(
        """
        import threading
        @app.activity_trigger(input_name="x")
        def in_thread(x): return threading.current_thread().name

        @app.activity_trigger(input_name="x")
        async def on_loop(x): return threading.current_thread().name
        """
    )
    names = {}
    for name, function in functions.items():
        result = await invoker.invoke(function, Datum("null", "json"))
        assert result.returned is not None
        names[name] = json.loads(result.returned.value)
    assert names["on_loop"] == threading.current_thread().name
    assert names["in_thread"].startswith("function_")


async def test_gives_the_input_that_another_binding_names(index_app: IndexApp) -> None:
    """An input beside the trigger's is asked for by name."""
    function = index_app(
        """
        @app.timer_trigger(arg_name="timer", schedule="0 0 3 * * *")
        @app.generic_input_binding(arg_name="client", type="durableClient")
        def f(timer: func.TimerRequest, client: str) -> None:
            assert client == "f.client" and timer.past_due
        """
    )["f"]

    def payload(function: IndexedFunction, parameter: str) -> Datum:
        return Datum(f"{function.name}.{parameter}", "string")

    invoker = Invoker(payload, timeout=None, threads=1)
    result = await invoker.invoke(function, TIMER_PAYLOAD)
    invoker.close()
    assert result.returned is None


async def test_collects_out_parameters(index_app: IndexApp, invoker: Invoker) -> None:
    """What a function sets on an Out parameter comes back encoded; one that it leaves alone does not."""
    functions = index_app(
        """
        @app.generic_trigger(arg_name="timer", type="timerTrigger", schedule="0 0 3 * * *")
        @app.generic_output_binding(arg_name="res", type="http")
        def sets(timer: func.TimerRequest, res: func.Out[str]) -> None:
            res.set("hello " + str(res.get()))

        @app.generic_trigger(arg_name="timer", type="timerTrigger", schedule="0 0 3 * * *")
        @app.generic_output_binding(arg_name="res", type="http")
        def leaves(timer: func.TimerRequest, res: func.Out[str]) -> None: ...
        """
    )
    outputs = {name: (await invoker.invoke(item, TIMER_PAYLOAD)).outputs for name, item in functions.items()}
    assert outputs == {"sets": {"res": Datum("hello None", "string")}, "leaves": {}}


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("raise ValueError('bad')", ValueError, "bad"),
        ("raise TimeoutError('slow disk')", TimeoutError, "slow disk"),
        ("return object()", ValueError, "activity trigger output must be json serializable"),
    ],
)
async def test_a_failure_carries_what_was_raised(
    index_app: IndexApp,
    invoker: Invoker,
    caplog: pytest.LogCaptureFixture,
    body: str,
    error: type[Exception],
    message: str,
) -> None:
    """What the function raises, or returns wrongly, is in the error, and the ids are in the log."""
    function = index_app(f"@app.activity_trigger(input_name='x')\ndef f(x):\n    {body}")["f"]
    with pytest.raises(InvocationFailedError) as caught:
        await invoker.invoke(function, Datum("null", "json"))
    assert isinstance(caught.value.error, error)
    assert message in str(caught.value.error)
    assert f"invocation_failed function=f invocation_id={caught.value.invocation_id}" in caplog.text
    assert invoker.running == {}


async def test_a_return_value_without_a_binding_is_a_failure(index_app: IndexApp, invoker: Invoker) -> None:
    """A timer function that returns something fails, as in the worker."""
    function = index_app(
        "@app.timer_trigger(arg_name='t', schedule='0 0 3 * * *')\ndef f(t: func.TimerRequest):\n    return 1"
    )["f"]
    with pytest.raises(InvocationFailedError, match="has no \\$return binding but returned a value"):
        await invoker.invoke(function, TIMER_PAYLOAD)


async def test_an_async_function_over_the_limit_is_cancelled(index_app: IndexApp) -> None:
    """functionTimeout cancels an async function and fails the invocation."""
    function = index_app(
        """
        import asyncio
        @app.activity_trigger(input_name="x")
        async def f(x): await asyncio.Event().wait()
        """
    )["f"]
    invoker = Invoker(lambda *_: Datum(None, None), timeout=timedelta(milliseconds=20), threads=1)
    with pytest.raises(InvocationFailedError) as caught:
        await invoker.invoke(function, Datum("null", "json"))
    invoker.close()
    assert isinstance(caught.value.error, FunctionTimeoutError)
    assert caught.value.error.seconds == 0.02


async def test_a_sync_function_over_the_limit_is_left_running(index_app: IndexApp) -> None:
    """functionTimeout fails the invocation at once; the thread is counted until it ends."""
    function = index_app(
        """
        import threading
        go_on = threading.Event()
        @app.activity_trigger(input_name="x")
        def f(x): go_on.wait(30)
        """
    )["f"]
    invoker = Invoker(lambda *_: Datum(None, None), timeout=timedelta(milliseconds=20), threads=1)
    with pytest.raises(InvocationFailedError, match="ran longer than functionTimeout"):
        await invoker.invoke(function, Datum("null", "json"))
    assert invoker.threads_busy == 1
    function.call.__globals__["go_on"].set()
    async with asyncio.timeout(10):
        while invoker.threads_busy:
            await asyncio.sleep(0.001)
    invoker.close()


async def test_drain_waits_for_what_runs(index_app: IndexApp, invoker: Invoker) -> None:
    """drain is false while a function runs and true once it has ended; other trigger types do not count."""
    function = index_app(
        """
        import asyncio
        go_on = asyncio.Event()
        @app.activity_trigger(input_name="x")
        async def f(x): await go_on.wait()
        """
    )["f"]
    running = asyncio.create_task(invoker.invoke(function, Datum("null", "json")))
    await asyncio.sleep(0)
    assert list(invoker.running.values()) == ["f"]
    assert await invoker.drain(0.01) is False
    assert await invoker.drain(0.01, trigger_types=["httpTrigger"]) is True
    function.call.__globals__["go_on"].set()
    assert await invoker.drain(10) is True
    await running


async def test_logs_success_with_ids(index_app: IndexApp, invoker: Invoker, caplog: pytest.LogCaptureFixture) -> None:
    """A finished invocation leaves one line with the function and the invocation id."""
    caplog.set_level(logging.INFO)
    function = index_app("@app.activity_trigger(input_name='x')\ndef f(x): return 1")["f"]
    result = await invoker.invoke(function, Datum("null", "json"))
    assert f"invocation_succeeded function=f invocation_id={result.invocation_id}" in caplog.text
