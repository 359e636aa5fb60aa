"""The Python worker's rules on parameters and annotations, one refusal each."""

from typing import Any

import pytest

from local_host.functions.errors import AppLoadError

from .conftest import IndexApp

HTTP = "@app.route(route='r')\n"
ACTIVITY = "@app.activity_trigger(input_name='payload')\n"
TIMER = "@app.timer_trigger(arg_name='timer', schedule='0 0 3 * * *')\n"
GRID = "@app.event_grid_trigger(arg_name='event')\n"
CLIENT = "@app.durable_client_input(client_name='client')\n"
OUT = "@app.generic_output_binding(arg_name='res', type='http')\n"

ACCEPTED = {
    "http": HTTP + "def f(req: func.HttpRequest) -> func.HttpResponse: ...",
    "http_returning_text": HTTP + "def f(req: func.HttpRequest) -> str: ...",
    "http_as_text": HTTP + "def f(req: str) -> str: ...",
    "bare": HTTP + "def f(req): ...",
    "async": HTTP + "async def f(req: func.HttpRequest) -> func.HttpResponse: ...",
    "context": HTTP + "def f(req: func.HttpRequest, context: func.Context) -> str: ...",
    "bare_context": HTTP + "def f(req: func.HttpRequest, context) -> str: ...",
    "client": HTTP + CLIENT + "async def f(req: func.HttpRequest, client) -> str: ...",
    "typed_client": HTTP
    + CLIENT
    + "async def f(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> str: ...",
    "postponed_annotations": HTTP + "def f(req: 'func.HttpRequest') -> 'func.HttpResponse': ...",
    "out": "@app.generic_trigger(arg_name='req', type='httpTrigger', route='r')\n"
    + OUT
    + "def f(req: func.HttpRequest, res: func.Out[func.HttpResponse]) -> None: ...",
    "activity_dict": ACTIVITY + "def f(payload: dict) -> dict: ...",
    "activity_str": ACTIVITY + "def f(payload: str) -> str: ...",
    "activity_bare": ACTIVITY + "def f(payload): ...",
    "activity_return_is_free": ACTIVITY + "def f(payload: int) -> dict[str, int] | None: ...",
    "activity_any": "from typing import Any\n" + ACTIVITY + "def f(payload: Any): ...",
    "activity_typing_list": "import typing\n" + ACTIVITY + "def f(payload: typing.List[int]): ...",
    "timer": TIMER + "def f(timer: func.TimerRequest) -> None: ...",
    "timer_as_text": TIMER + "def f(timer: str) -> None: ...",
    "event": GRID + "def f(event: func.EventGridEvent) -> None: ...",
    "cloud_event": GRID + "def f(event: func.CloudEvent) -> None: ...",
    "orchestrator": "@app.orchestration_trigger(context_name='context')\ndef f(context): yield",
}

REFUSED: dict[str, tuple[str, str | None, str]] = {
    "parameter_without_binding": (
        HTTP + "def f(req: func.HttpRequest, extra: str) -> str: ...",
        "extra",
        "no binding declares it",
    ),
    "binding_without_parameter": (
        ACTIVITY + "def f(other): ...",
        "other",
        "no binding declares it",
    ),
    "client_without_parameter": (
        HTTP + "@app.generic_input_binding(arg_name='client', type='durableClient')\ndef f(req): ...",
        "client",
        "the function has no such parameter",
    ),
    "optional_activity_input": (
        "from typing import Optional\n" + ACTIVITY + "def f(payload: Optional[dict]): ...",
        "payload",
        "typing.Optional[dict] is not a plain type",
    ),
    "union_activity_input": (ACTIVITY + "def f(payload: dict | None): ...", "payload", "is not a plain type"),
    "parameterised_activity_input": (
        ACTIVITY + "def f(payload: dict[str, int]): ...",
        "payload",
        "dict[str, int] is not a plain type",
    ),
    "wrong_type_for_http": (
        HTTP + "def f(req: func.TimerRequest) -> str: ...",
        "req",
        "'httpTrigger' does not take the annotation 'TimerRequest'",
    ),
    "generic_for_http": (
        "import typing\n" + HTTP + "def f(req: typing.List[int]) -> str: ...",
        "req",
        "'httpTrigger' does not take the annotation 'List'",
    ),
    "wrong_type_for_timer": (
        TIMER + "def f(timer: dict) -> None: ...",
        "timer",
        "'timerTrigger' does not take the annotation 'dict'",
    ),
    "wrong_type_for_event": (
        GRID + "def f(event: func.HttpRequest) -> None: ...",
        "event",
        "'eventGridTrigger' does not take the annotation 'HttpRequest'",
    ),
    "wrong_return": (
        HTTP + "def f(req: func.HttpRequest) -> dict: ...",
        "$return",
        "'http' does not take the return annotation 'dict'",
    ),
    "optional_return": (
        HTTP + "def f(req: func.HttpRequest) -> func.HttpResponse | None: ...",
        "$return",
        "is not a plain type",
    ),
    "none_return": (HTTP + "def f(req: func.HttpRequest) -> None: ...", "$return", "return annotation 'NoneType'"),
    "out_return": (
        HTTP + "def f(req: func.HttpRequest) -> func.Out[str]: ...",
        "$return",
        "the return annotation cannot be azure.functions.Out",
    ),
    "wrong_context": (
        HTTP + "def f(req: func.HttpRequest, context: dict) -> str: ...",
        "context",
        "azure.functions.Context, not <class 'dict'>",
    ),
    "orchestrator_with_another_context_name": (
        "@app.orchestration_trigger(context_name='ctx')\ndef f(ctx): yield",
        "context",
        "it must be an azure.functions.Context",
    ),
    "out_for_an_input": (
        HTTP + "def f(req: func.Out[str]) -> str: ...",
        "req",
        "it is an input binding",
    ),
    "output_without_out": (
        HTTP + OUT + "def f(req: func.HttpRequest, res: str) -> str: ...",
        "res",
        "it is an output binding",
    ),
    "bare_out": (
        HTTP + OUT + "def f(req: func.HttpRequest, res: func.Out) -> str: ...",
        "res",
        "must name one type",
    ),
    "unknown_name_in_annotation": (
        HTTP + "def f(req: 'NoSuchType') -> str: ...",
        None,
        "(name 'NoSuchType' is not defined)",
    ),
}


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepts_what_the_worker_accepts(index_app: IndexApp, text: str) -> None:
    """Each of these functions is indexed."""
    assert list(index_app(text)) == ["f"]


@pytest.mark.parametrize(("text", "parameter", "rule"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses_what_the_worker_refuses(index_app: IndexApp, text: str, parameter: str | None, rule: str) -> None:
    """Each refusal names the function, the parameter and the rule."""
    with pytest.raises(AppLoadError) as caught:
        index_app(text)
    (error,) = caught.value.refused
    assert (error.function, error.parameter) == ("f", parameter)
    assert rule in error.rule


def test_text_annotation_takes_the_payload_undecoded(index_app: IndexApp) -> None:
    """A parameter annotated str is bound as text, except where the trigger owns the return value."""
    functions = index_app(TIMER + "def t(timer: str) -> None: ...\n" + ACTIVITY + "def a(payload: str): ...\n")
    bound: dict[str, Any] = {
        name: function.signature.inputs[function.trigger.name].binding_type for name, function in functions.items()
    }
    assert bound == {"t": "generic", "a": "activityTrigger"}
