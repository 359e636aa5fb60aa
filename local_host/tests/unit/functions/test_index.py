"""The index: what it records, and what the local host itself refuses."""

from pathlib import Path

import pytest

from local_host.functions.errors import AppLoadError

from .conftest import IndexApp


def test_records_name_trigger_and_bindings(index_app: IndexApp, tmp_path: Path) -> None:
    """An HTTP function with a durable client is described as function.json would."""
    function = index_app(
        """
        @app.function_name("begin")
        @app.route(route="begin/{id}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
        @app.durable_client_input(client_name="client")
        async def start(req: func.HttpRequest, client, context) -> func.HttpResponse: ...
        """
    )["begin"]
    assert (function.trigger.type, function.trigger.name) == ("httpTrigger", "req")
    assert (function.trigger.settings["route"], function.trigger.settings["methods"]) == ("begin/{id}", ["POST"])
    assert {name: bound.binding_type for name, bound in function.other_inputs.items()} == {"client": "generic"}
    assert [binding["type"] for binding in function.bindings] == ["durableClient", "httpTrigger", "http"]
    assert function.is_async
    assert function.signature.requires_context
    assert function.directory == tmp_path


def test_reports_every_refused_function_at_once(index_app: IndexApp) -> None:
    """One error lists all functions at fault."""
    with pytest.raises(AppLoadError) as caught:
        index_app(
            """
            @app.route(route="a")
            def a(req: dict) -> str: ...

            @app.route(route="b")
            def b(req: func.HttpRequest) -> str: ...

            @app.activity_trigger(input_name="x")
            def c(y): ...
            """
        )
    assert [error.function for error in caught.value.refused] == ["a", "c"]
    assert "function 'a', parameter 'req':" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "refused", "supported"),
    [
        (
            "@app.queue_trigger(arg_name='m', queue_name='q', connection='c')\ndef f(m: str): ...",
            "trigger type 'queueTrigger' ",
            " activityTrigger, eventGridTrigger, httpTrigger, orchestrationTrigger, serviceBusTrigger, timerTrigger",
        ),
        (
            "@app.entity_trigger(context_name='context')\ndef f(context): ...",
            "trigger type 'entityTrigger' ",
            " activityTrigger,",
        ),
        (
            "@app.route(route='r')\n@app.blob_input(arg_name='b', path='p', connection='c')\n"
            "def f(req: func.HttpRequest, b: str) -> str: ...",
            "input binding type 'blob' ",
            " supported: durableClient",
        ),
        (
            "@app.route(route='r')\n@app.queue_output(arg_name='q', queue_name='q', connection='c')\n"
            "def f(req: func.HttpRequest, q: func.Out[str]) -> str: ...",
            "output binding type 'queue' ",
            " supported: http",
        ),
        (
            "@app.timer_trigger(arg_name='t', schedule='0 0 * * * *')\n"
            "@app.retry(strategy='fixed_delay', max_retry_count='3', delay_interval='00:00:01')\n"
            "def f(t: func.TimerRequest) -> None: ...",
            "retry policies are not supported",
            "",
        ),
    ],
)
def test_refuses_what_it_cannot_run(index_app: IndexApp, text: str, refused: str, supported: str) -> None:
    """A binding that the host would not serve is refused rather than ignored, with those that it serves."""
    with pytest.raises(AppLoadError) as caught:
        index_app(text)
    assert (refused in str(caught.value), supported in str(caught.value)) == (True, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "@app.function_name(name='9lives')\n@app.route(route='r')\ndef f(req: func.HttpRequest) -> str: ...",
            "function '9lives': its name ",
        ),
        (
            "@app.route(route='r')\ndef host(req: func.HttpRequest) -> str: ...",
            "digits, _ or -, and not 'host'",
        ),
        (
            "@app.timer_trigger(arg_name='my_timer', schedule='0 0 * * * *')\ndef f(my_timer: func.TimerRequest): ...",
            "127 letters or digits, without an underscore",
        ),
    ],
)
def test_refuses_names_that_the_real_host_refuses(index_app: IndexApp, text: str, message: str) -> None:
    """Azure would leave the function out, and say so in its log only."""
    with pytest.raises(AppLoadError) as caught:
        index_app(text)
    assert message in str(caught.value)


def test_takes_names_that_the_real_host_takes(index_app: IndexApp) -> None:
    """A name may begin with `host`, and hold dashes."""
    text = "@app.function_name(name='hosted-{}')\n@app.route(route='r')\ndef f(req: func.HttpRequest) -> str: ..."
    assert list(index_app(text.format("x" * 121))) == ["hosted-" + "x" * 121]
