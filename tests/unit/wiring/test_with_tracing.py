"""Every trigger's calls are seen."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import azure.functions as func
import pytest
from azure.functions.servicebus import ServiceBusMessage

from nightshift.domain.platform.correlation import correlate, current
from nightshift.domain.platform.loading import ImportHealth
from nightshift.domain.platform.telemetry import CORRELATION_HEADER
from nightshift.wiring.with_tracing import with_tracing

RUN = "lifecycle-m-0123456789abcdef"
Call = Callable[..., Awaitable[Any]]


def _http(handler: Call) -> Call:
    return with_tracing("show", handler)


def _request(run: str = RUN, **headers: str) -> func.HttpRequest:
    return func.HttpRequest(
        method="GET", url="http://host/api/runs/x", headers=headers, route_params={"run": run}, body=b""
    )


async def test_an_answer_says_what_its_path_names() -> None:
    """The handler's code belongs to the run, and so do the answer's readers."""
    seen: list[str] = []

    async def show(req: func.HttpRequest) -> func.HttpResponse:
        seen.append(current().correlation_id)
        return func.HttpResponse("{}")

    answer = await _http(show)(req=_request())
    assert (answer.headers[CORRELATION_HEADER], seen) == (RUN, [RUN])
    assert current().correlation_id == ""


async def test_the_durable_client_is_not_what_a_call_is_about() -> None:
    """The worker hands it over first, and it names nothing."""

    async def show(req: func.HttpRequest, client: object) -> func.HttpResponse:
        return func.HttpResponse("{}")

    answer = await _http(show)(client=object(), req=_request())
    assert answer.headers[CORRELATION_HEADER] == RUN


async def test_a_strangers_text_does_not_become_an_id() -> None:
    """What is no id in a path gets a new one: it would stand in a header and in log lines."""

    async def show(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("{}")

    answer = await _http(show)(req=_request("x\r\nSet-Cookie: a=b"))
    assert answer.headers[CORRELATION_HEADER].startswith("call-")


@pytest.mark.parametrize("name", ["rest", "page", "file", "model"])
async def test_a_path_that_names_no_record_becomes_no_id(name: str) -> None:
    """Whoever calls an address that is not there would choose the id of the answer and of the log lines."""

    async def show(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("{}")

    request = func.HttpRequest(method="GET", url="http://host/x", route_params={name: "INC-1234"}, body=b"")
    answer = await _http(show)(req=request)
    assert answer.headers[CORRELATION_HEADER].startswith("call-")


async def test_a_handler_may_know_better() -> None:
    """An alert becomes an incident while it is handled."""

    async def show(req: func.HttpRequest) -> func.HttpResponse:
        correlate("incident-7")
        return func.HttpResponse("{}")

    answer = await _http(show)(req=_request())
    assert answer.headers[CORRELATION_HEADER] == "incident-7"


async def test_a_request_in_a_process_with_a_broken_import_may_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the caller's, and not for good: the process ends."""
    health = ImportHealth()
    monkeypatch.setattr("nightshift.domain.platform.loading.IMPORTS", health)

    async def show(req: func.HttpRequest) -> func.HttpResponse:
        raise AttributeError("partially initialized module 'mlflow' has no attribute 'version'")

    answer = await _http(show)(req=_request())
    assert (answer.status_code, json.loads(answer.get_body())["title"]) == (503, "not_loaded")
    assert health.reason


async def test_a_request_that_fails_gets_a_problem_with_its_id(caplog: pytest.LogCaptureFixture) -> None:
    """The exception is in the log and not in the answer."""

    async def show(req: func.HttpRequest) -> func.HttpResponse:
        raise RuntimeError("the table's key is xyz")

    with caplog.at_level(logging.ERROR):
        answer = await _http(show)(req=_request())
    document = json.loads(answer.get_body())
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert document["correlation_id"] == answer.headers[CORRELATION_HEADER] == RUN
    assert "xyz" not in answer.get_body().decode()
    assert "request_failed function=show" in caplog.text
    assert "the table's key is xyz" in caplog.text


@pytest.mark.parametrize(("status", "counted"), [(200, []), (404, []), (503, [("show", "http_503")])])
async def test_an_answer_that_blames_us_counts(
    status: int, counted: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the caller did wrong is no failed call."""
    calls: list[tuple[str, str]] = []
    monkeypatch.setattr("nightshift.wiring.with_tracing.count_failed_call", lambda *call: calls.append(call))

    async def show(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("{}", status_code=status)

    await _http(show)(req=_request())
    assert calls == counted


async def test_a_message_that_fails_is_given_back() -> None:
    """Service Bus must see the exception, to deliver the message again."""

    async def on_message(message: func.ServiceBusMessage) -> None:
        raise RuntimeError(current().correlation_id)

    call = with_tracing("on_message", on_message)
    message = ServiceBusMessage(body=b"{}", message_id="message-1", application_properties={}, user_properties={})
    with pytest.raises(RuntimeError, match="message-1"):
        await call(message=message)


def test_a_trigger_must_be_async() -> None:
    """In a thread of its own it could not say what the call turned out to be about."""

    def show(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("{}")

    with pytest.raises(TypeError, match="trigger show: must be async"):
        _http(show)  # type: ignore[arg-type]
