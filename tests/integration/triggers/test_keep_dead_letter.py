"""A producer that sends poison: every message is kept, and on-call has one incident and one page."""

import asyncio
import inspect
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from activities.response.mitigations.notify_on_call import notify_on_call
from local_host.stack.stack import Stack
from nightshift.domain.dead_letters.dead_letter import DeadLetter
from nightshift.domain.platform.errors import BadInputError, ConflictError, SpecError
from nightshift.domain.platform.names import BLOB_EVENTS_QUEUE, REFUSED_ALERTS
from nightshift.domain.platform.principal import Principal
from nightshift.domain.response.alert import PLATFORM, QUEUES, AlertMessage
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.messages import MitigateRequest
from nightshift.services.dead_letters.dead_letters import discard, plan_redrive, record_dead_letter, redrive
from nightshift.triggers import alert_queues, blob_events, dead_letter_queues
from nightshift.triggers.alert_schemas.normalise import normalise
from nightshift.triggers.refused_alerts import keep_refused, read_refused
from tests.integration.triggers.blob_events_app import Orchestrations
from tests.support.pagers import Night, Pager
from tests.support.registered import registered
from tests.support.responder import Replaced
from tests.unit.triggers.alert_schemas.examples import LOG_ALERT, changed

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def own_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An Azurite of this module's own: incidents of the platform are everybody's."""
    with Stack(ROOT, tmp_path_factory.mktemp("letters"), components=("azurite",)) as endpoints:
        yield endpoints.storage_connection_string


@pytest.fixture
def pager() -> Iterator[Pager]:
    """On-call."""
    found = Pager()
    yield found
    found.close()


class Host:
    """The handlers of all queues as the app registers them, and the responses that they start, answered by a page."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.client = Orchestrations()
        # Around each the decorator of the durable client makes a client of the host's JSON.
        self._handlers = {
            name: inspect.unwrap(function)
            for part in (alert_queues, blob_events, dead_letter_queues)
            for name, function in registered(part.register, lambda: night.services).items()
        }

    async def deliver(
        self, function: str, body: bytes, message_id: str, *, deliveries: int = 1, **properties: str
    ) -> None:
        """Service Bus delivers a message."""
        message = SimpleNamespace(
            get_body=lambda: body,
            message_id=message_id,
            enqueued_time_utc=datetime(2026, 3, 1, tzinfo=UTC),
            delivery_count=deliveries,
            application_properties=properties,
        )
        await self._handlers[function](message=message, client=self.client)

    def answer(self) -> None:
        """Do what the started responses do about a failed pipeline: page."""
        for instance, order in list(self.client.started.items()):
            if instance.startswith("response-"):
                request = MitigateRequest(
                    model=order["model"],
                    incident_id=order["incident_id"],
                    mitigation="page",
                    escalation=f"{instance}:1" if order["again"] else "",
                )
                notify_on_call(self.night.services, request)

    def incidents(self, queue: str) -> list[Incident]:
        """What on-call has about a queue."""
        found = self.night.services.incidents.all(PLATFORM)
        return [incident for incident in found if incident.alert.rule.startswith(f"dead letters of {queue}: ")]

    def letters(self, queue: str) -> tuple[DeadLetter, ...]:
        """What was kept."""
        return self.night.services.dead_letters.all(queue)


@pytest.fixture
def host(own_storage: str, pager: Pager) -> Host:
    """The app at the present time."""
    return Host(Night(own_storage, PLATFORM, datetime.now(UTC), pager.url))


async def test_a_storm_of_poison_is_one_incident_and_one_page(
    host: Host, pager: Pager, caplog: pytest.LogCaptureFixture
) -> None:
    """Thirty messages, each delivered three times, of one kind: each is kept, all are counted, each logs one line."""
    with caplog.at_level(logging.WARNING):
        for copy in range(3):
            await asyncio.gather(
                *(host.deliver("on_drift_alerts", b"{" * (number + 1), f"m{number}-{copy}") for number in range(30))
            )
    host.answer()
    (incident,) = host.incidents("drift-alerts")
    assert (incident.occurrences, len(host.letters("drift-alerts")), len(pager.taken)) == (90, 90, 1)
    assert "reported 90 times" in pager.messages[0]
    lines = [record for record in caplog.records if record.name.startswith(("activities", "nightshift"))]
    assert (len(lines), [line for line in lines if line.exc_info]) == (90, [])


def test_a_message_with_many_properties_is_kept(host: Host) -> None:
    """Service Bus takes 64 KiB of them: those that a record holds are kept, the rest is counted."""
    properties = {f"p{number:02d}": "v" * 2_000 for number in range(28)} | {"small": "value"}
    kept = record_dead_letter(
        host.night.services,
        queue="many-properties",
        message_id="m",
        body=b"nonsense",
        broker_reason="",
        delivery_count=1,
        enqueued_at=host.night.now,
        properties=properties,
    )
    (dead_letter,) = host.letters("many-properties")
    assert dead_letter == kept
    assert (dead_letter.properties["p00"], dead_letter.properties["small"]) == ("v" * 2_000, "value")
    assert dead_letter.properties["left out"] == f"{29 - (len(dead_letter.properties) - 1)} more properties"


async def test_two_causes_are_two_incidents(host: Host) -> None:
    """By field and rule; what the message says of itself makes no third."""
    for number in range(3):
        unknown = {"alert_id": f"a{number}", "category": "budget", "model": f"m{number}x", "source": "s", "title": "t"}
        body = json.dumps(unknown | {"fired_at": host.night.now.isoformat()}).encode()
        await host.deliver("on_budget_alerts", body, f"unknown-{number}")
        await host.deliver("on_budget_alerts", json.dumps(unknown | {f"x{number}": 1}).encode(), f"ill-{number}")
    others = ("must be JSON", "in the future")
    known = host.incidents("budget-alerts")
    found = [each for each in known if not any(rule in each.alert.rule for rule in others)]
    assert {incident.alert.rule: incident.occurrences for incident in found} == {
        "dead letters of budget-alerts: model: no spec has this name": 3,
        "dead letters of budget-alerts: fired_at: must be there (... more)": 3,
    }


async def test_a_dead_letter_that_is_delivered_again_counts_once(host: Host) -> None:
    """The host may be killed between its work and the end of the message; dead letters of the broker are no other.

    Service Bus counts the delivery of the dead letter itself, which is no try of the queue's.
    """
    reason = {"DeadLetterReason": "MaxDeliveryCountExceeded"}
    good = {"alert_id": "a", "category": "pipeline", "source": "s", "title": "t", "fired_at": "2026-03-01T00:00:00Z"}
    for _ in range(3):
        await host.deliver("on_dead_pipeline_alerts", json.dumps(good).encode(), "m1", deliveries=6, **reason)
    (incident,) = host.incidents("pipeline-alerts")
    (dead_letter,) = host.letters("pipeline-alerts")
    assert (incident.occurrences, dead_letter.cause) == (1, "MaxDeliveryCountExceeded")
    assert (dead_letter.delivery_count, "after 5 deliveries" in dead_letter.reason) == (5, True)


async def test_alerts_that_a_host_refuses_whose_clock_was_set_back_are_reported_and_kept(
    host: Host, pager: Pager
) -> None:
    """By an hour: they are dead letters of one incident, which pages; with the right clock each is understood."""
    fields = {"category": "budget", "source": "s", "title": "t", "fired_at": host.night.now.isoformat()}
    host.night.later(hours=-1)
    for number in range(3):
        body = json.dumps(fields | {"alert_id": f"ahead-{number}"}).encode()
        await host.deliver("on_budget_alerts", body, f"ahead-{number}")
    host.answer()
    dead_letters = [each for each in host.letters("budget-alerts") if each.message_id.startswith("ahead")]
    (incident,) = [each for each in host.incidents("budget-alerts") if each.alert.rule.endswith(dead_letters[0].cause)]
    assert (incident.occurrences, len(dead_letters)) == (3, 3)
    assert [body["title"] for body in pager.taken if "in the future" in body["title"]] == [incident.title]
    assert not any(plan_redrive(host.night.services, dead_letter, None).handled for dead_letter in dead_letters)
    host.night.later(hours=1)
    assert all(plan_redrive(host.night.services, dead_letter, None).handled for dead_letter in dead_letters)


async def test_poison_after_the_resolution_pages_again(host: Host, pager: Pager) -> None:
    """With the number; damped by time, so that the page goes out a few minutes later at most."""
    await host.deliver("on_model_alerts", b"[]", "first")
    host.answer()
    (incident,) = host.incidents("model-alerts")
    host.night.services.incidents.change(PLATFORM, incident.incident_id, lambda known: known.transition("resolve"))
    host.night.later(minutes=10)
    await host.deliver("on_model_alerts", b"[]", "second")
    host.answer()
    assert [("reported 2 times" in message) for message in pager.messages] == [False, True]


async def test_without_a_playbook_a_dead_letter_is_kept_and_paged(host: Host, pager: Pager) -> None:
    """The platform's own file is broken: nothing can be judged, and nothing is lost."""

    def broken() -> None:
        raise SpecError(field="platform.yaml", value="...", rule="cannot be read")

    specs = SimpleNamespace(names=lambda: ("revenue_forecast",), platform=broken)
    host.night.services = cast("Any", Replaced(host.night.services, specs=specs))
    for number in range(3):
        await host.deliver("on_budget_alerts", b"", f"empty-{number}")
    assert len([dead_letter for dead_letter in host.letters("budget-alerts") if dead_letter.body == ""]) == 3
    (page,) = pager.messages
    assert "platform.yaml" in page


EVENT = {
    "id": "e1",
    "topic": "/subscriptions/s",
    "subject": "/blobServices/default/containers/bronze/blobs/revenue_forecast/a.csv",
    "eventType": "Microsoft.Storage.BlobCreated",
    "eventTime": "2026-03-01T00:00:00Z",
    "data": {"url": "http://host/bronze/revenue_forecast/a.csv", "eTag": "0x1", "contentLength": 5},
    "dataVersion": "",
}


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("cloud event", {"specversion": "1.0", "type": "Microsoft.Storage.BlobCreated", "id": "1", "data": {}}),
        ("array", [EVENT]),
        ("no dataVersion", {key: value for key, value in EVENT.items() if key != "dataVersion"}),
    ],
)
async def test_a_dead_blob_event_has_a_reason_and_is_not_sent_round(host: Host, name: str, document: Any) -> None:
    """Whoever put it aside, the queue's own reader says why, and that it would be no better now."""
    for function in ("on_blob_message", "on_dead_blob_events"):
        await host.deliver(function, json.dumps(document).encode(), f"{name}-{function}")
    for dead_letter in host.letters(BLOB_EVENTS_QUEUE):
        assert "the Event Grid schema" in dead_letter.reason
        assert not plan_redrive(host.night.services, dead_letter, None).handled
        assert plan_redrive(host.night.services, dead_letter, json.dumps(EVENT)).handled


@pytest.mark.parametrize("how", ["redrive", "discard"])
async def test_the_last_dead_letter_that_is_dealt_with_resolves_the_incident_of_its_cause(host: Host, how: str) -> None:
    """Nightshift does so, and the timeline says it; a dead letter that was closed before counts once."""
    services, body = host.night.services, f"{how} is no JSON".encode()
    for number in range(2):
        await host.deliver("on_budget_alerts", body, f"{how}-{number}")
    dead_letters = [
        dead_letter for dead_letter in host.letters("budget-alerts") if dead_letter.message_id.startswith(how)
    ]
    (incident,) = [each for each in host.incidents("budget-alerts") if each.alert.rule.endswith(dead_letters[0].cause)]
    good = {"alert_id": how, "category": "budget", "source": "s", "title": "t", "fired_at": host.night.now.isoformat()}
    sent = _Sent()
    sending = cast("Any", Replaced(services, alert_queues=sent))

    def deal_with(dead_letter: DeadLetter) -> None:
        if how == "redrive":
            assert redrive(sending, dead_letter, json.dumps(good), "ann").sent
        else:
            discard(sending, dead_letter.letter_id, "ann", "a test")

    now = incident
    for dead_letter, state in zip(dead_letters, ("open", "resolved"), strict=True):
        deal_with(dead_letter)
        with pytest.raises(ConflictError):
            discard(sending, dead_letter.letter_id, "ann", "once more")
        (now,) = (each for each in host.incidents("budget-alerts") if each.incident_id == incident.incident_id)
        assert now.state == state
    assert (now.timeline[-1].actor, now.timeline[-1].what.partition(" says ")[0]) == ("nightshift", "its source")


class _Sent:
    """A Service Bus that takes everything."""

    def __init__(self) -> None:
        self.raw: list[tuple[str, bytes]] = []
        self.alerts: list[AlertMessage] = []

    def send(self, alert: AlertMessage) -> None:
        """An alert."""
        self.alerts.append(alert)

    def send_raw(self, queue: str, body: bytes, *, message_id: str, properties: Any) -> None:
        """A message."""
        self.raw.append((queue, body))


def test_an_alert_that_was_refused_over_http_is_kept_counted_and_sent_again_when_it_is_mended(host: Host) -> None:
    """Its sender does not repeat it: what is redriven is read as it came, in its own schema, and goes to its queue."""
    sent = _Sent()
    services = cast("Any", Replaced(host.night.services, alert_queues=sent))
    bad = changed(LOG_ALERT, {"data/essentials/severity": "Sev9"})
    with pytest.raises(BadInputError) as refusal:
        normalise(bad, received_at=host.night.now)
    dead_letter = keep_refused(services, Principal("monitor", frozenset()), json.dumps(bad).encode(), refusal.value)
    (alert,) = sent.alerts
    assert dead_letter == host.night.services.dead_letters.get(dead_letter.letter_id)
    assert (alert.rule, dead_letter.reason) == (
        f"dead letters of {REFUSED_ALERTS}: {dead_letter.cause}",
        refusal.value.message,
    )
    assert not plan_redrive(services, dead_letter, None, read_refused).handled
    assert not redrive(services, dead_letter, None, "ann", read_refused).sent
    mended = json.dumps(changed(LOG_ALERT, {"data/essentials/firedDateTime": host.night.now.isoformat()}))
    model = normalise(json.loads(mended), received_at=host.night.now).model
    assert model in services.specs.names() or model is None
    plan = redrive(services, dead_letter, mended, "ann", read_refused)
    assert plan.sent, plan.problem
    ((queue, body),) = sent.raw
    assert (queue, plan.queue) == (plan.queue, QUEUES[AlertMessage.from_json(json.loads(body)).category])
