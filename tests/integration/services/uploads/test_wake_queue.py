"""A queue that failed with its run: the uploads of that run do not end without a word."""

from dataclasses import dataclass, field
from typing import Any

import azure.durable_functions as df
import pytest

from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.response.alert import AlertMessage
from nightshift.domain.uploads.upload import Upload
from nightshift.domain.uploads.upload_queue import Submission
from nightshift.services.uploads.wake_queue import queue_instance, wake_busy_queue, wake_queue
from tests.support.responder import Case

pytestmark = pytest.mark.xdist_group("mlflow")

FAILED = df.OrchestrationRuntimeStatus.Failed


@dataclass
class _Status:
    runtime_status: df.OrchestrationRuntimeStatus
    output: str = "Activity function 'record_halt' failed: storage does not answer"


@dataclass
class _Client:
    """A durable client whose instances have failed, and that remembers what it started."""

    failed: set[str]
    started: list[str] = field(default_factory=list)

    async def get_status(self, instance: str) -> _Status | None:
        return _Status(FAILED) if instance in self.failed else None

    async def start_new(self, _name: str, instance: str, _order: Any) -> None:
        self.started.append(instance)


class _Queues:
    """Alert queues behind a broker that is away at first."""

    def __init__(self, outages: int) -> None:
        self.outages = outages
        self.sent: list[AlertMessage] = []

    def send(self, alert: AlertMessage) -> None:
        if self.outages:
            self.outages -= 1
            raise ServiceUnavailableError("Service Bus", "away")
        self.sent.append(alert)


def _upload(case: Case) -> int:
    """Submit a file; the generation of the queue that has to take it."""
    upload = Upload(
        url="http://host/bronze/m/a", container="bronze", name="m/a", etag='"1"', size=1,
        event_time=case.services.clock(), event_id="e",
    )  # fmt: skip
    return case.services.uploads.submit(upload, case.model).generation


async def test_a_queue_that_ended_before_its_work_is_reported_although_the_broker_was_away(case: Case) -> None:
    """The successor comes after the alert, or nobody would ever hear of it."""
    queues = _Queues(outages=1)
    case.replace(alert_queues=queues)
    generation = _upload(case)
    client: Any = _Client({queue_instance(case.model, generation)})
    with pytest.raises(ServiceUnavailableError):
        await wake_busy_queue(client, case.services, case.model)
    assert client.started == []
    await wake_busy_queue(client, case.services, case.model)
    assert [alert.rule for alert in queues.sent] == ["queue_gone"]
    assert client.started == [queue_instance(case.model, generation + 1)]


async def test_a_queue_without_work_is_left_alone(case: Case) -> None:
    """Neither before the first upload nor after the last one: nobody is notified, nothing started."""
    queues = _Queues(outages=0)
    case.replace(alert_queues=queues)
    client: Any = _Client(set())
    await wake_busy_queue(client, case.services, case.model)
    generation = _upload(case)
    for claim in (0, 1):
        case.services.uploads.claim(case.model, generation, claim)
    client.failed = {queue_instance(case.model, generation)}
    await wake_busy_queue(client, case.services, case.model)
    await wake_queue(client, case.services, case.model, Submission(generation=generation, accepted=False))
    assert (client.started, queues.sent) == ([], [])


async def test_a_run_that_broke_off_with_its_queue_is_on_record_and_told(case: Case) -> None:
    """Storage and broker were away for longer than the retries: lifecycle and queue have failed. With the broker still
    away the sweep comes again; then ledger, alert and the successor follow, each once.
    """
    queues = _Queues(outages=1)
    case.replace(alert_queues=queues)
    generation = _upload(case)
    run = case.services.uploads.claim(case.model, generation, 0).run
    client: Any = _Client({queue_instance(case.model, generation), run})
    submission = Submission(generation=generation, accepted=False)
    with pytest.raises(ServiceUnavailableError):
        await wake_queue(client, case.services, case.model, submission)
    assert client.started == []
    for _ in range(2):
        await wake_queue(client, case.services, case.model, submission)
    (entry,) = case.services.ledger.entries(case.model, run)
    assert (entry.kind, entry.body["failure"]["code"]) == ("halt", "run_broke_off")
    assert "storage does not answer" in entry.body["failure"]["message"]
    assert [alert.rule for alert in queues.sent][:2] == ["run_broke_off", "queue_gone"]
    assert queues.sent[0].run == run
    assert set(client.started) == {queue_instance(case.model, generation + 1)}
