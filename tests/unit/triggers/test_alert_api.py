"""POST /api/alerts through the handler that the app registers, with queues in memory."""

import asyncio
import base64
import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import azure.functions as func
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.domain.dead_letters.dead_letter import DeadLetter
from nightshift.domain.platform.errors import NightshiftError, ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.response.alert import LARGEST_BYTES, AlertMessage
from nightshift.triggers.alert_api import ENDPOINTS, LARGEST_BODY, RETRY_AFTER_SECONDS
from tests.support.registered import registered_endpoints
from tests.unit.triggers.alert_schemas.examples import ALL, JOB_FAILURE, LOG_ALERT, OWN, RECEIVED, changed


@dataclass
class QueuesInMemory:
    """An AlertQueues that keeps what is sent, or fails."""

    sent: list[AlertMessage] = field(default_factory=list)
    failure: NightshiftError | None = None

    def send(self, alert: AlertMessage) -> None:
        """Keep an alert."""
        if self.failure is not None:
            raise self.failure
        self.sent.append(alert)

    def send_raw(self, queue: str, body: bytes, *, message_id: str, properties: Mapping[str, str]) -> None:
        """Not used by the ingest."""
        raise AssertionError(queue)


@dataclass
class LettersInMemory:
    """A DeadLetterStore that stores dead letters."""

    letters: list[DeadLetter] = field(default_factory=list)

    def record(self, dead_letter: DeadLetter) -> bool:
        """Store a dead letter."""
        self.letters.append(dead_letter)
        return True


@dataclass
class IngestServices:
    """The services that the ingest uses."""

    alert_queues: QueuesInMemory = field(default_factory=QueuesInMemory)
    dead_letters: LettersInMemory = field(default_factory=LettersInMemory)

    def clock(self) -> datetime:
        """Always the same time."""
        return RECEIVED


def principal(*roles: str) -> dict[str, str]:
    """The header of a principal with these roles."""
    claims = [{"typ": "preferred_username", "val": "monitor"}, *({"typ": "roles", "val": role} for role in roles)]
    return {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(json.dumps({"claims": claims}).encode()).decode()}


WRITER = principal("AlertWriter")


class Ingest:
    """The handler with services of its own."""

    def __init__(self) -> None:
        self.services = IngestServices()
        (self.handler,) = registered_endpoints(ENDPOINTS, self.services).values()

    @property
    def sent(self) -> list[AlertMessage]:
        """What was put on queues."""
        return self.services.alert_queues.sent

    async def post(self, body: bytes | object, headers: Mapping[str, str] = WRITER) -> tuple[int, dict[str, Any]]:
        """Status and answer of a request."""
        response = await self.respond(body, headers)
        return response.status_code, json.loads(response.get_body())

    async def respond(self, body: bytes | object, headers: Mapping[str, str] = WRITER) -> func.HttpResponse:
        """The response to a request."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = func.HttpRequest("POST", "/api/alerts", headers=dict(headers), body=raw)
        response: func.HttpResponse = await self.handler(req=request)
        return response


@pytest.fixture
def ingest() -> Ingest:
    """A fresh ingest."""
    return Ingest()


async def test_an_alert_is_queued_and_told(ingest: Ingest) -> None:
    """The answer says where it went and under which ids."""
    status, told = await ingest.post(LOG_ALERT)
    (alert,) = ingest.sent
    assert (status, told) == (
        202,
        {
            "alert_id": "/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/a1",
            "queue": "drift-alerts",
            "message_id": alert.message_id,
            "model": "revenue_forecast",
            "category": "drift",
            "state": "fired",
        },
    )


async def test_good_news_is_ignored(ingest: Ingest) -> None:
    """202 with the same keys and the reason; nothing is queued."""
    status, told = await ingest.post(changed(JOB_FAILURE, {"event_type": "jobs.on_success"}))
    assert (status, told["state"], told["alert_id"], told["queue"]) == (202, "ignored", None, None)
    assert "jobs.on_success" in told["reason"]
    assert ingest.sent == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-MS-CLIENT-PRINCIPAL": "not base64"}, 401),
        ({"X-MS-CLIENT-PRINCIPAL": "e30="}, 401),
        (principal(), 403),
        (principal("Reader", "Reviewer"), 403),
        (principal("AlertWriter"), 202),
        (principal("Reader", "Operator"), 202),
    ],
)
async def test_who_may_send(ingest: Ingest, headers: dict[str, str], status: int) -> None:
    """AlertWriter or Operator; nobody else puts anything on a queue."""
    assert (await ingest.post(OWN, headers))[0] == status
    assert len(ingest.sent) == (status == 202)


async def test_who_may_not_send_learns_nothing_of_the_rules(ingest: Ingest) -> None:
    """The role is checked before the body is read."""
    assert (await ingest.post(b"{", principal("Reader")))[0] == 403


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b" " * (LARGEST_BODY + 1), 413, "at most 262144"),
        (b"x" * 300_000, 413, "300000 bytes"),
        (b"", 400, "must be JSON"),
        (b'{"alert_id": ', 400, "must be JSON"),
        ('{"alert_id": "ä"}'.encode("utf-16"), 400, "must be UTF-8"),
        (b"[]", 400, "must be a JSON object"),
        (b'{"alert_id": "1", "alert_id": "2"}', 400, "given twice"),
        (b'{"alert_id": NaN}', 400, "NaN"),
        (b"[" * 100_000, 400, "deeper than 32"),
        ({"hello": "world"}, 400, "azureMonitorCommonAlertSchema"),
        ({**OWN, "model": "Revenue Forecast"}, 400, "model = 'Revenue Forecast'"),
        ({**OWN, "category": "weather"}, 400, "category = 'weather'"),
        ({**OWN, "fired_at": "2036-01-01T00:00:00Z"}, 400, "in the future"),
        ({**OWN, "value": 5 * 10**308}, 400, "value"),
    ],
)
async def test_bad_input_is_refused_with_its_reason(ingest: Ingest, body: object, status: int, told: str) -> None:
    """problem+json; nothing is queued."""
    response = await ingest.respond(body)
    problem = json.loads(response.get_body())
    assert (response.status_code, problem["status"], response.mimetype) == (status, status, "application/problem+json")
    assert told in problem["detail"]
    assert ingest.sent == []


async def test_a_body_of_the_largest_size_is_read(ingest: Ingest) -> None:
    """The limit itself is allowed."""
    body = json.dumps(OWN).encode()
    assert (await ingest.post(body + b" " * (LARGEST_BODY - len(body))))[0] == 202


async def test_an_unknown_model_is_taken(ingest: Ingest) -> None:
    """The responder dead-letters it with its reason, so that it can be redriven once the spec is there."""
    assert (await ingest.post({**OWN, "model": "nobody_knows"}))[0] == 202


@pytest.mark.parametrize(
    "failure",
    [
        ServiceUnavailableError("Service Bus", "connection refused"),
        ServiceRefusedError("Service Bus", "queue 'model-alerts': not found", "create it"),
    ],
)
async def test_an_alert_that_is_not_queued_is_to_be_sent_again(ingest: Ingest, failure: NightshiftError) -> None:
    """503 with Retry-After, which Azure Monitor obeys; once Service Bus is back it is the same alert."""
    ingest.services.alert_queues.failure = failure
    response = await ingest.respond(OWN)
    assert (response.status_code, response.headers["Retry-After"]) == (503, str(RETRY_AFTER_SECONDS))
    assert failure.message in json.loads(response.get_body())["detail"]
    ingest.services.alert_queues.failure = None
    assert (await ingest.post(OWN))[0] == 202


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)


def _places(document: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of every value in a document."""
    if isinstance(document, dict):
        children: list[tuple[str | int, object]] = [*document.items()]
    elif isinstance(document, list):
        children = [*enumerate(document)]
    else:
        return [path]
    return [path, *(found for key, value in children for found in _places(value, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid document of some schema, with up to three values replaced or removed."""
    document: Any = deepcopy(draw(st.sampled_from(ALL)))
    for _ in range(draw(st.integers(min_value=0, max_value=3))):
        places = [path for path in _places(document) if path]
        if not places:
            break
        *parents, last = draw(st.sampled_from(places))
        target: Any = document
        for part in parents:
            target = target[part]
        if draw(st.booleans()):
            target[last] = draw(JSON_VALUES)
        else:
            del target[last]
    return json.dumps(document, ensure_ascii=draw(st.booleans())).encode()


BODIES = st.one_of(
    mutated(),
    st.binary(max_size=300),
    JSON_VALUES.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(["schemaId", "event_type", "alert_id", "data", "run", "job"]), JSON_VALUES).map(
        lambda value: json.dumps(value).encode()
    ),
)


@given(body=BODIES)
def test_any_body_is_queued_once_or_refused(body: bytes) -> None:
    """Never a 500, never a lost or doubled message, and what is queued the responder can read."""
    ingest = Ingest()
    status, told = asyncio.run(ingest.post(body))
    assert status in {202, 400}
    dead_letters = ingest.services.dead_letters.letters
    assert len(ingest.sent) == len(dead_letters) + (status == 202 and told["state"] != "ignored")
    assert not dead_letters or status == 400
    for alert in ingest.sent:
        assert AlertMessage.from_json(alert.to_json()) == alert
        assert AlertMessage.from_json(alert.model_dump_json()) == alert
        assert len(alert.model_dump_json().encode()) <= LARGEST_BYTES
    for alert in () if dead_letters else ingest.sent:
        assert (told["message_id"], told["alert_id"]) == (alert.message_id, alert.alert_id)


@given(text=st.text(max_size=60) | st.binary(max_size=80).map(lambda raw: base64.b64encode(raw).decode()))
def test_any_principal_is_read_or_refused(text: str) -> None:
    """What cannot be read is 401, never a 500 and never a right."""
    ingest = Ingest()
    status, _ = asyncio.run(ingest.post(OWN, {"X-MS-CLIENT-PRINCIPAL": text}))
    assert status in {401, 403}
    assert ingest.sent == []


APPLICATION = {
    "X-MS-CLIENT-PRINCIPAL": base64.b64encode(
        json.dumps({"claims": [{"typ": "appid", "val": "a1"}, {"typ": "roles", "val": "AlertWriter"}]}).encode()
    ).decode()
}


@pytest.mark.parametrize(
    ("body", "headers", "kept"),
    [
        (b"no json", APPLICATION, True),
        (changed(OWN, {"severity": "bad"}), APPLICATION, True),
        (changed(OWN, {"severity": "bad"}), WRITER, False),
        ({**LOG_ALERT, "data": {}}, WRITER, True),
        ({"event_type": "jobs.on_failure"}, WRITER, True),
    ],
)
async def test_a_refused_alert_that_nobody_would_send_again_is_a_dead_letter(
    ingest: Ingest, body: object, headers: Mapping[str, str], kept: bool
) -> None:
    """The answer stays and names it; its alert is on the queue of pipeline alerts. A person reads the answer."""
    status, answer = await ingest.post(body, headers)
    assert (status, answer["title"]) == (400, "bad_input")
    dead_letters = ingest.services.dead_letters.letters
    assert len(dead_letters) == len(ingest.sent) == kept
    for dead_letter, alert in zip(dead_letters, ingest.sent, strict=True):
        assert f"dead letter {dead_letter.letter_id}" in answer["detail"]
        assert (alert.category, alert.rule) == ("pipeline", f"dead letters of http-alerts: {dead_letter.cause}")
        assert dead_letter.reason in answer["detail"]


@pytest.mark.parametrize("failure", [ServiceUnavailableError("Service Bus", "away")])
async def test_a_refused_alert_that_cannot_be_kept_must_be_sent_again(ingest: Ingest, failure: NightshiftError) -> None:
    """Azure Monitor repeats a 503, and no 400."""
    ingest.services.alert_queues.failure = failure
    assert (await ingest.post(b"no json", APPLICATION))[0] == 503
