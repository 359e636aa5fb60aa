"""Responses and undos that broke off are found and on-call is paged once: real storage, engine and durable client."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.durable_functions as df
import pytest
from azure.data.tables import TableServiceClient

from local_host.durable.functions import DurableFunctions
from local_host.durable.instance import RuntimeStatus
from nightshift.clients.ledger.ledger import TableLedger
from nightshift.clients.notifications.notifications import TableNotificationStore
from nightshift.clients.notifications.notifier import AppriseNotifier
from nightshift.clients.response.incidents import TableIncidentStore
from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.platform.links import Links
from nightshift.domain.platform.names import RESPONSE, UNDO
from nightshift.domain.response.incident import Incident, IncidentAction, TimelineEntry
from nightshift.domain.response.mitigations import LeaseFacts
from nightshift.domain.response.playbook import Playbook
from nightshift.services.response.incident_commands import start_undo, undo_instance
from nightshift.services.response.keep_action import keep_action
from nightshift.sweeps.owed import deliver_owed
from nightshift.sweeps.responses import watch_responses
from tests.support.incident_examples import AT, alert, signal
from tests.support.owed_of import OwedOf

Host = Callable[..., Awaitable[Any]]


def response(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """Waits for a word; breaks off at the wrong one."""
    said = yield context.wait_for_external_event("go")
    if json.loads(said) == "break off":
        raise ValueError("history does not fit")
    return {"verdict": "act"}


class _OneModel:
    """The incident store as if there were no other test's model."""

    def __init__(self, store: TableIncidentStore, model: str) -> None:
        self._store = store
        self._model = model

    def unfinished(self) -> tuple[Incident, ...]:
        return tuple(item for item in self._store.unfinished() if item.model == self._model)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _Notifier:
    """Apprise into a file; it may be away."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._real = AppriseNotifier("", file)
        self.away = False

    def addresses(self, notification: Notification, *, fallback: bool = False) -> tuple[str, ...]:
        return self._real.addresses(notification, fallback=fallback)

    def send(self, notification: Notification, address: str) -> None:
        if self.away:
            raise ServiceUnavailableError("the notifier", "it does not answer")
        self._real.send(notification, address)

    def sent(self) -> list[str]:
        """The bodies."""
        lines = self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() else []
        return [json.loads(line)["body"] for line in lines]


@dataclass
class Night:
    """An hour after an incident was recorded, and what the sweep can reach."""

    hosted: Any
    incidents: Any
    ledger: TableLedger
    notifications: Any
    notifier: _Notifier
    now: datetime
    model: str
    specs: Any = field(default_factory=lambda: SimpleNamespace(names=tuple, platform=Playbook))
    links: Links = field(default_factory=lambda: Links(mlflow="", databricks="", app="https://app.example"))

    def clock(self) -> datetime:
        return self.now

    async def sweep(self) -> None:
        """Look twice: what is done once must not be done again."""
        for _ in range(2):
            await watch_responses(self.hosted.client, self)  # type: ignore[arg-type]

    def incident(self, name: str = "1", **given: Any) -> Incident:
        """An incident that calls for a response."""
        recorded = self.incidents.record(signal(alert(model=self.model, alert_id=f"{self.model}-{name}", **given)))
        assert recorded.incident is not None
        found: Incident = recorded.incident
        return found

    def read(self, incident: Incident) -> Incident:
        found: Incident = self.incidents.get(incident.model, incident.incident_id)
        return found

    def add_line(self, incident: Incident, key: str, what: str, actor: str = "nightshift") -> None:
        """Write a line into its timeline."""
        at = self.now if actor != "nightshift" else AT
        entry = TimelineEntry(key=key, at=at, actor=actor, what=what)
        self.incidents.change(incident.model, incident.incident_id, lambda known: known.with_event(entry))

    async def say(self, instance: str, word: str) -> None:
        """Let an instance go on, to its end."""
        await self.hosted.client.raise_event(instance, "go", word)
        await self.hosted.finished(instance)

    async def another_second(self, instance: str) -> None:
        """Wait until an end of an instance can be told from what it did before: Durable tells when in whole seconds."""
        begun = (await self.hosted.client.get_status(instance)).last_updated_time.replace(tzinfo=UTC)
        while datetime.now(UTC).replace(microsecond=0) <= begun:
            await asyncio.sleep(0.01)

    async def status(self, instance: str) -> RuntimeStatus:
        return RuntimeStatus((await self.hosted.engine.get_status(instance)).runtime_status)


@pytest.fixture
async def night(host: Host, tables: TableServiceClient, model: str, tmp_path: Path) -> Night:
    """A night, with an orchestrator that does as it is told."""
    handles = {RESPONSE: df.Orchestrator.create(response), UNDO: df.Orchestrator.create(response)}
    now = AT + timedelta(hours=1)
    return Night(
        hosted=await host(DurableFunctions(handles, {})),
        incidents=_OneModel(TableIncidentStore(tables), model),
        ledger=TableLedger(tables, lambda: now),
        notifications=OwedOf(TableNotificationStore(tables), lambda record: record.notification.model == model),
        notifier=_Notifier(tmp_path / "told.jsonl"),
        now=now,
        model=model,
    )


async def _start(night: Night, incident: Incident) -> str:
    await night.hosted.client.start_new(RESPONSE, incident.response, {})
    return incident.response


async def test_a_response_that_failed_pages_once(night: Night) -> None:
    """The page says why and what had been done; ledger and incident keep it."""
    incident = night.incident()
    instance = await _start(night, incident)
    done = IncidentAction(mitigation="rollback", state="done", detail="version 2 is champion", at=AT)
    keep_action(night, incident, done, mitigated=True)  # type: ignore[arg-type]
    await night.say(instance, "break off")
    await night.sweep()
    (body,) = night.notifier.sent()
    assert "history does not fit" in body
    assert "rollback done: version 2 is champion" in body
    (entry,) = night.ledger.entries(night.model, instance)
    assert (entry.kind, entry.body["orchestration"], entry.body["incident"]) == (
        "halt",
        "response",
        incident.incident_id,
    )
    assert "its response broke off: failed" in night.read(incident).timeline[-1].what


async def test_a_response_that_is_ended_by_hand_pages(night: Night) -> None:
    """Nobody else would notify on-call that the incident is theirs now."""
    incident = night.incident()
    instance = await _start(night, incident)
    await night.hosted.client.terminate(instance, "by hand")
    await night.hosted.finished(instance)
    await night.sweep()
    assert len(night.notifier.sent()) == 1


async def test_one_that_goes_on_is_left_alone(night: Night) -> None:
    """However long: a maintenance window of weeks, a lease, a version that waits for its release."""
    incident = night.incident()
    instance = await _start(night, incident)
    night.now = AT + timedelta(days=40)
    await night.sweep()
    assert (night.notifier.sent(), await night.status(instance)) == ([], RuntimeStatus.RUNNING)


async def test_one_that_has_ended_is_left_alone(night: Night) -> None:
    """And so is one whose history was purged afterwards."""
    incident = night.incident()
    instance = await _start(night, incident)
    keep_action(night, incident, IncidentAction(mitigation="notify", state="done", detail="told", at=AT))  # type: ignore[arg-type]
    await night.say(instance, "go on")
    await night.sweep()
    await night.hosted.client.purge_instance_history(instance)
    await night.sweep()
    assert night.notifier.sent() == []


async def test_a_response_that_was_never_started_is_started(night: Night) -> None:
    """Its alert was recorded and its message lost; but not while that may still be delivered again."""
    incident = night.incident()
    night.now = AT + timedelta(minutes=1)
    await night.sweep()
    assert not await night.hosted.client.get_status(incident.response)
    night.now = AT + timedelta(minutes=11)
    await night.sweep()
    assert (night.notifier.sent(), await night.status(incident.response)) == ([], RuntimeStatus.RUNNING)


@pytest.mark.parametrize("state", ["planned", "begun", "unverified", "leased"])
async def test_a_response_that_is_gone_with_its_work_undone_pages(night: Night, state: str) -> None:
    """It had planned, begun a mitigation, or owes the look afterwards or a lease: it is not begun from the start."""
    incident = night.incident()
    night.add_line(incident, "plan-0-playbook-", "act by rule playbook: the playbook's line")
    if state == "begun":
        keep_action(night, incident, IncidentAction(mitigation="retrain", state="begun", detail="ordered", at=AT))  # type: ignore[arg-type]
    if state == "unverified":
        done = IncidentAction(mitigation="rollback", state="done", detail="version 2 is champion", at=AT)
        keep_action(night, incident, done, mitigated=True)  # type: ignore[arg-type]
    if state == "leased":
        lease = IncidentAction(mitigation="pause_compute", state="done", detail="paused", at=AT, facts=LeaseFacts())
        keep_action(night, incident, lease)  # type: ignore[arg-type]
        night.incidents.change(incident.model, incident.incident_id, lambda known: known.transition("resolve"))
    await night.sweep()
    (body,) = night.notifier.sent()
    assert "Durable knows nothing of it any more" in body
    assert ("compute is still paused" in body) == (state == "leased")


async def test_what_calls_for_no_response_is_left_alone(night: Night) -> None:
    """A plan to leave it, and a resolved incident that owes nothing."""
    incident = night.incident()
    night.add_line(incident, "plan-0-noise-", "leave by rule noise: nothing is to be done")
    await night.sweep()
    night.incidents.change(incident.model, incident.incident_id, lambda known: known.transition("resolve"))
    await night.sweep()
    assert night.notifier.sent() == []


async def test_a_page_that_is_not_delivered_is_owed(night: Night) -> None:
    """The sweep of what is owed sends it, and only then the incident says so."""
    incident = night.incident()
    await night.say(await _start(night, incident), "break off")
    night.notifier.away = True
    await night.sweep()
    assert night.notifier.sent() == []
    assert not any("broke off" in entry.what for entry in night.read(incident).timeline)
    night.notifier.away = False
    night.now += timedelta(minutes=10)
    assert deliver_owed(night) == 0  # type: ignore[arg-type]
    await night.sweep()
    assert "broke off" in night.read(incident).timeline[-1].what
    assert len(night.notifier.sent()) == 1
    assert len(night.ledger.entries(night.model, incident.response)) == 1


async def test_an_undo_that_failed_pages_and_can_be_asked_for_again(night: Night) -> None:
    """Each end of it pages once."""
    incident = night.incident()
    await _start(night, incident)
    for number in (1, 2):
        asked = await start_undo(night.hosted.client, night, incident.incident_id, by="ann", comment="no")  # type: ignore[arg-type]
        assert asked is not None
        assert asked.started
        await night.another_second(undo_instance(incident))
        await night.say(undo_instance(incident), "break off")
        night.now += timedelta(minutes=5)
        await night.sweep()
        assert len(night.notifier.sent()) == number


async def test_an_undo_that_is_gone_pages(night: Night) -> None:
    """It was ordered, says the incident; and nothing was taken back."""
    incident = night.incident()
    await _start(night, incident)
    await start_undo(night.hosted.client, night, incident.incident_id, by="ann", comment="no")  # type: ignore[arg-type]
    await night.say(undo_instance(incident), "go on")
    await night.hosted.client.purge_instance_history(undo_instance(incident))
    night.now += timedelta(minutes=30)
    await night.sweep()
    (body,) = night.notifier.sent()
    assert "ask for it again" in body
    night.add_line(incident, "undo-ann", "undo: nothing to do", actor="ann")
    await night.sweep()
    assert len(night.notifier.sent()) == 1


async def test_an_incident_that_cannot_be_looked_at_holds_up_no_other(night: Night) -> None:
    """Its ledger does not answer; the other's page goes out."""
    first = night.incident()
    second = night.incident(name="2", category="drift", metric="psi", value=0.5, baseline=None)
    for incident in (first, second):
        await night.say(await _start(night, incident), "break off")
    append, broken = night.ledger.append, {first.response}

    def fail_once(record: Any) -> Any:
        if record.run in broken:
            raise ServiceUnavailableError("storage", "it does not answer")
        return append(record)

    night.ledger.append = fail_once  # type: ignore[method-assign]
    await night.sweep()
    assert len(night.notifier.sent()) == 1
    broken.clear()
    await night.sweep()
    assert len(night.notifier.sent()) == 2


@pytest.mark.parametrize("resolved", [False, True])
async def test_a_response_that_ended_without_the_page_it_was_to_send(night: Night, resolved: bool) -> None:
    """Nothing is on record: neither the notification nor an action. It is sent once; a resolved incident needs none."""
    incident = night.incident(category="pipeline", metric="", value=None, baseline=None, severity="critical")
    await night.say(await _start(night, incident), "go on")
    night.add_line(incident, "plan-0-act-", "act by rule act: the playbook's line")
    if resolved:
        night.incidents.change(incident.model, incident.incident_id, lambda known: known.transition("resolve"))
    await night.sweep()
    assert len(night.notifier.sent()) == (0 if resolved else 1)
    assert (night.read(incident).action("page") is None) == resolved
