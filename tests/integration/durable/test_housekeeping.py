"""Old histories are purged, but none whose absence would be read as work that broke off or never began."""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest
from azure.data.tables import TableServiceClient

from local_host.durable.functions import DurableFunctions
from nightshift.clients.ledger.ledger import TableLedger
from nightshift.clients.platform.spec_files import SpecFiles
from nightshift.clients.response.incidents import TableIncidentStore
from nightshift.clients.reviews.reviews import TableReviewStore
from nightshift.clients.uploads.upload_queue import TableUploadQueue
from nightshift.domain.platform.names import MODEL_QUEUE, RESPONSE, UNDO
from nightshift.domain.response.incident import Incident
from nightshift.domain.uploads.upload_queue import Submission
from nightshift.services.response.incident_commands import start_undo
from nightshift.services.uploads.wake_queue import queue_instance, wake_queue
from nightshift.sweeps.housekeeping import purge_histories
from nightshift.sweeps.responses import watch_responses
from nightshift.triggers.alert_queues import Responder
from tests.support.incident_examples import alert
from tests.support.upload_examples import make_upload

Host = Callable[..., Awaitable[Any]]
ROOT = Path(__file__).resolve().parents[3]


def _ends(_context: df.DurableOrchestrationContext) -> Iterator[Any]:
    yield from ()


def _waits(context: df.DurableOrchestrationContext) -> Iterator[Any]:
    yield context.wait_for_external_event("go")


@dataclass
class Aged:
    """An app whose clock is days after the engine's."""

    hosted: Any
    incidents: TableIncidentStore
    ledger: TableLedger
    reviews: TableReviewStore
    uploads: TableUploadQueue
    specs: Any
    model: str
    days: float = 0
    keep_history: timedelta = field(default=timedelta(days=30))

    def clock(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.days)

    async def ended(self, instance: str, name: str = RESPONSE) -> str:
        """An instance that has come to its end."""
        await self.hosted.client.start_new(name, instance, {})
        await self.hosted.finished(instance)
        return instance

    async def knows(self, instance: str) -> bool:
        status = await self.hosted.client.get_status(instance)
        return status is not None and status.runtime_status is not None

    async def purge(self, **options: Any) -> int:
        return await purge_histories(self.hosted.client, self, **options)  # type: ignore[arg-type]


@pytest.fixture
async def aged(host: Host, tables: TableServiceClient, model: str, tmp_path: Path) -> Aged:
    """Orchestrators that end at once, and one that waits."""
    names = (RESPONSE, UNDO, MODEL_QUEUE)
    handles = {name: df.Orchestrator.create(_ends) for name in names} | {"waits": df.Orchestrator.create(_waits)}
    shipped = (ROOT / "model_specs" / "revenue_forecast.yaml").read_text(encoding="utf-8")
    spec = shipped.replace("name: revenue_forecast", f"name: {model}", 1)
    (tmp_path / f"{model}.yaml").write_text(spec, encoding="utf-8")
    return Aged(
        hosted=await host(DurableFunctions(handles, {})),
        incidents=TableIncidentStore(tables),
        ledger=TableLedger(tables, lambda: datetime.now(UTC)),
        reviews=TableReviewStore(tables),
        uploads=TableUploadQueue(tables),
        specs=SpecFiles(tmp_path, ROOT / "platform.yaml"),
        model=model,
    )


async def _alerted(aged: Aged, body: bytes) -> Incident:
    """Deliver an alert to an app that remembers nothing."""
    await Responder(lambda: aged).take(aged.hosted.client, body, "m")  # type: ignore[arg-type,return-value]
    key = json.loads(body)["alert_id"]
    found = next(incident for incident in aged.incidents.all(aged.model) if incident.alert.alert_id == key)
    await aged.hosted.finished(found.response)
    return found


def _body(model: str) -> bytes:
    return alert(model=model, alert_id=model, fired_at=datetime.now(UTC)).model_dump_json().encode()


async def test_what_ended_long_ago_is_purged(aged: Aged) -> None:
    """Not what ended lately, and never what runs; however many pages Durable needs to list it."""
    old = [await aged.ended(f"{aged.model}-{number}") for number in range(3)]
    await aged.hosted.client.start_new("waits", f"{aged.model}-runs", {})
    aged.days = 29
    assert await aged.purge() == 0
    aged.days = 31
    assert await aged.purge(page_size=1) == 3
    assert [await aged.knows(instance) for instance in old] == [False] * 3
    assert await aged.knows(f"{aged.model}-runs")
    assert await aged.purge() == 0


async def test_an_unfinished_incident_keeps_its_response(aged: Aged) -> None:
    """Its response came to its end; purged, the sweep would page that it broke off, and a redelivery start another."""
    body = _body(aged.model)
    await _alerted(aged, body)
    aged.days = 40
    assert await aged.purge() == 0
    await watch_responses(aged.hosted.client, aged)  # type: ignore[arg-type]
    assert not any(line.key.startswith("broke-off") for line in (await _alerted(aged, body)).timeline)


async def test_an_alert_that_is_redelivered_after_the_purge(aged: Aged) -> None:
    """Its incident is resolved: nothing is begun, be it the first answer or the one for firing again."""
    body = _body(aged.model)
    incident = await _alerted(aged, body)
    change = aged.incidents.change
    change(aged.model, incident.incident_id, lambda known: known.transition("resolve"))
    again = json.loads(body) | {"alert_id": aged.model + "-again"}
    await Responder(lambda: aged).take(aged.hosted.client, json.dumps(again).encode(), "m")  # type: ignore[arg-type,return-value]
    (line,) = (
        line
        for line in aged.incidents.get(aged.model, incident.incident_id).timeline  # type: ignore[union-attr]
        if line.key.startswith("again-")
    )
    page = f"{incident.response}-{line.key.removeprefix('again-')}"
    await aged.hosted.finished(page)
    change(aged.model, incident.incident_id, lambda known: known.transition("resolve"))
    aged.days = 40
    assert await aged.purge() == 2
    for delivered in (body, json.dumps(again).encode()):
        await Responder(lambda: aged).take(aged.hosted.client, delivered, "m")  # type: ignore[arg-type,return-value]
    assert [await aged.knows(incident.response), await aged.knows(page)] == [False, False]


async def test_an_undo_is_asked_for_once(aged: Aged) -> None:
    """Its history stays: whether it has taken something back only Durable knows."""
    incident = await _alerted(aged, _body(aged.model))
    first = await start_undo(aged.hosted.client, aged, incident.incident_id, by="ann", comment="")  # type: ignore[arg-type]
    assert first is not None
    await aged.hosted.finished(first.instance)
    aged.incidents.change(aged.model, incident.incident_id, lambda known: known.transition("resolve"))
    aged.days = 40
    await aged.purge()
    assert await aged.knows(first.instance)


async def test_an_upload_that_is_redelivered_after_the_purge(aged: Aged) -> None:
    """Its queue's generation is begun once more at most, and takes nothing: uploads are claimed in their own table."""
    aged.uploads.submit(make_upload("m/a"), aged.model)
    batch = aged.uploads.claim(aged.model, 1, 0)
    await aged.ended(batch.run)
    await aged.ended(queue_instance(aged.model, 1), MODEL_QUEUE)
    aged.days = 40
    assert await aged.purge() == 0, "the queue is busy: its run and generation stay"
    assert aged.uploads.claim(aged.model, 1, 1).uploads == ()
    assert await aged.purge() == 2
    submission = aged.uploads.submit(make_upload("m/a"), aged.model)
    assert submission == Submission(generation=1, accepted=False)
    await wake_queue(aged.hosted.client, aged, aged.model, submission)  # type: ignore[arg-type]
    assert [aged.uploads.claim(aged.model, 1, claim).uploads for claim in (0, 1, 2)] == [(), (), ()]
    assert aged.uploads.run_of(aged.model, make_upload("m/a").identity) == batch.run
    assert not await aged.knows(batch.run)
