"""The Event Grid webhook over an in-memory ASGI transport."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from local_host.functions.triggers.eventgrid import EventGridSource
from local_host.functions.triggers.source import SourceSetting

from .conftest import MakeSetting

URL = "/runtime/webhooks/eventgrid?functionName=on_event"
APP = """
seen = []
@app.event_grid_trigger(arg_name="event")
def on_event(event: func.EventGridEvent):
    if isinstance(event, func.CloudEvent):
        seen.append(("cloud", event.id, event.type, event.source, event.get_json()))
    else:
        seen.append(("grid", event.id, event.event_type, event.subject, event.get_json()))
    if event.get_json().get("fail"):
        raise ValueError("asked to")
"""

Open = Callable[[SourceSetting], httpx.AsyncClient]


def grid_event(number: int, **data: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "topic": "/t",
        "subject": "/s",
        "eventType": "Microsoft.Storage.BlobCreated",
        "eventTime": "2026-11-21T03:00:00.1234567Z",
        "dataVersion": "",
        "metadataVersion": "1",
        "data": data,
    }


NOTIFICATION = {"aeg-event-type": "Notification"}


def cloud_event(number: int, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": "/t",
        "type": "Microsoft.Storage.BlobCreated",
        "time": "2026-11-21T03:00:00Z",
        "data": data,
    }


@pytest.fixture
def setting(make_setting: MakeSetting) -> SourceSetting:
    return make_setting(APP)


def open_client(setting: SourceSetting) -> httpx.AsyncClient:
    app = Starlette(routes=list(EventGridSource(setting).routes()))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://host")


def seen(setting: SourceSetting) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = setting.functions[0].call.__globals__["seen"]
    return sorted(found, key=lambda item: str(item[1]))


async def test_each_event_of_a_batch_is_one_invocation(setting: SourceSetting) -> None:
    """A batch in the Event Grid schema invokes the function once per event and is acknowledged with 202."""
    async with open_client(setting) as client:
        answer = await client.post(
            URL, json=[grid_event(1, x=1), grid_event(2, x=2)], headers={"aeg-event-type": "Notification"}
        )
    assert answer.status_code == 202
    assert seen(setting) == [
        ("grid", "1", "Microsoft.Storage.BlobCreated", "/s", {"x": 1}),
        ("grid", "2", "Microsoft.Storage.BlobCreated", "/s", {"x": 2}),
    ]


@pytest.mark.parametrize("single", [True, False])
async def test_cloud_events(setting: SourceSetting, single: bool) -> None:
    """CloudEvents 1.0 come singly or batched; like all events they need the aeg header."""
    event = cloud_event(1, x=1)
    kind = "application/cloudevents+json" if single else "application/cloudevents-batch+json"
    async with open_client(setting) as client:
        body = event if single else [event]
        without = await client.post(URL, json=body, headers={"content-type": kind})
        answer = await client.post(URL, json=body, headers={"content-type": kind, **NOTIFICATION})
    assert (without.status_code, answer.status_code) == (400, 202)
    assert seen(setting) == [("cloud", "1", "Microsoft.Storage.BlobCreated", "/t", {"x": 1})]


async def test_one_failed_event_fails_the_delivery(setting: SourceSetting, caplog: pytest.LogCaptureFixture) -> None:
    """If an invocation fails the answer is 500, so that the sender repeats; the others have run."""
    async with open_client(setting) as client:
        answer = await client.post(URL, json=[grid_event(1, fail=True), grid_event(2)], headers=NOTIFICATION)
    assert answer.status_code == 500
    assert [item[1] for item in seen(setting)] == ["1", "2"]
    assert "event_failed function=on_event event_id=1" in caplog.text


async def test_subscription_validation(setting: SourceSetting) -> None:
    """The Event Grid handshake echoes the code and does not invoke the function."""
    event = {**grid_event(1, validationCode="CODE"), "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent"}
    async with open_client(setting) as client:
        answer = await client.post(URL, json=[event], headers={"aeg-event-type": "SubscriptionValidation"})
    assert (answer.status_code, answer.json(), seen(setting)) == (200, {"validationResponse": "CODE"}, [])


async def test_cloud_events_handshake(setting: SourceSetting) -> None:
    """The CloudEvents handshake allows the origin that asks."""
    async with open_client(setting) as client:
        answer = await client.options(
            URL, headers={"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"}
        )
        without = await client.options(URL)
    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "eventgrid.azure.net"
    assert answer.headers["webhook-allowed-rate"] == "120"
    assert without.status_code == 400


@pytest.mark.parametrize("query", ["?functionName=other", ""])
async def test_an_unknown_function_is_404(setting: SourceSetting, query: str) -> None:
    """A delivery to no known function says which was asked for."""
    async with open_client(setting) as client:
        answer = await client.post(f"/runtime/webhooks/eventgrid{query}", json=[grid_event(1)])
    assert answer.status_code == 404
    assert "there is no Event Grid function" in answer.text


async def test_the_functions_name_minds_case(setting: SourceSetting) -> None:
    """The extension finds its functions by their exact names; the path has two usual spellings."""
    url = "/runtime/webhooks/EventGrid?functionName="
    async with open_client(setting) as client:
        exact = await client.post(url + "on_event", json=[grid_event(1)], headers=NOTIFICATION)
        other = await client.post(url + "ON_EVENT", json=[grid_event(1)], headers=NOTIFICATION)
    assert (exact.status_code, other.status_code) == (202, 404)


async def test_times_are_written_anew(setting: SourceSetting) -> None:
    """Wherever a text looks like one: Newtonsoft leaves out the zeros at the end of a fraction."""
    times = {"at": "2026-11-21T03:00:00.1234560Z", "on": ["2026-11-21T03:00:00.0000000Z"], "no": "3:00:00.10"}
    async with open_client(setting) as client:
        await client.post(URL, json=[grid_event(1, **times)], headers=NOTIFICATION)
    expected = {"at": "2026-11-21T03:00:00.123456Z", "on": ["2026-11-21T03:00:00Z"], "no": "3:00:00.10"}
    assert seen(setting)[0][-1] == expected


@pytest.mark.parametrize(
    ("content", "header", "message"),
    [
        (b"{", "Notification", "the body is not JSON"),
        (b"[1]", "Notification", "event 0: it must be a JSON object"),
        (b'[{"id": "1"}]', "Notification", "event 0: the Event Grid schema needs eventType, subject as text"),
        (b'{"specversion": "1.0", "id": "1"}', "Notification", "the CloudEvents 1.0 schema needs source, type as text"),
        (b'{"specversion": "0.3"}', "Notification", "specversion '0.3' must be '1.0'"),
        (b"[{}]", "SubscriptionValidation", "needs data.validationCode"),
        (b"[]", "Surprise", "aeg-event-type 'surprise' is not known"),
    ],
)
async def test_a_bad_delivery_is_400_with_its_reason(
    setting: SourceSetting, content: bytes, header: str, message: str
) -> None:
    """What cannot be delivered is refused with the position and the rule; repeating it would not help."""
    async with open_client(setting) as client:
        answer = await client.post(URL, content=content, headers={"aeg-event-type": header})
    assert answer.status_code == 400
    assert message in answer.text
    assert seen(setting) == []


async def test_unsubscribe_is_acknowledged(setting: SourceSetting) -> None:
    """An Unsubscribe notice is answered with 202."""
    async with open_client(setting) as client:
        answer = await client.post(URL, json=[], headers={"aeg-event-type": "Unsubscribe"})
    assert answer.status_code == 202


async def test_run_by_hand(setting: SourceSetting) -> None:
    """run_now takes the JSON of one event, and refuses what is none."""
    source = EventGridSource(setting)
    await source.run_now("on_event", '{"specversion": "1.0", "id": "9", "source": "/", "type": "t", "data": {}}')
    assert [item[1] for item in seen(setting)] == ["9"]
    with pytest.raises(ValueError, match="it must be a JSON object"):
        await source.run_now("on_event", "7")
