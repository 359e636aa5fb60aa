"""Two deliveries of one alert at the same moment start its response once."""

import asyncio
from types import SimpleNamespace
from typing import Any

import azure.durable_functions as df
import pytest
from azure.data.tables import TableServiceClient

from nightshift.clients.response.incidents import TableIncidentStore
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import Incident, Recorded, Signal
from nightshift.domain.response.playbook import Playbook
from nightshift.triggers.alert_queues import Responder
from tests.support.incident_examples import AT, alert, signal


class _Status:
    def __init__(self, runtime_status: df.OrchestrationRuntimeStatus) -> None:
        self.runtime_status = runtime_status


class _Durable:
    """As Durable with ``NonRunningStates``: what has ended is replaced. A response ends as soon as it is started."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.asked: list[str] = []
        self.go = asyncio.Event()

    async def get_status(self, instance: str) -> _Status | None:
        """All look before anybody starts it."""
        self.asked.append(instance)
        found = _Status(df.OrchestrationRuntimeStatus.Completed) if instance in self.ended else None
        await self.go.wait()
        return found

    async def start_new(self, _name: str, instance: str, _order: Any) -> None:
        self.ended.append(instance)


class _Specs:
    """One model without a spec of its own."""

    def __init__(self, model: str) -> None:
        self._model = model

    def names(self) -> tuple[str, ...]:
        return (self._model,)

    def get(self, _: str) -> Any:
        return SimpleNamespace(playbook=Playbook())

    def platform(self) -> Playbook:
        return Playbook()


class _Services:
    def __init__(self, incidents: TableIncidentStore, model: str) -> None:
        self._incidents = incidents
        self.specs = _Specs(model)
        self.recorded = 0

    @property
    def incidents(self) -> Any:
        return self

    def record(self, sent: Signal) -> Recorded:
        self.recorded += 1
        return self._incidents.record(sent)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._incidents, name)

    def clock(self) -> Any:
        return AT


@pytest.fixture
def services(tables: TableServiceClient, model: str) -> Any:
    """The incident store on real Table storage, and how often it was asked to record something."""
    return _Services(TableIncidentStore(tables), model)


def _incident(services: Services, model: str) -> Incident:
    incident = services.incidents.record(signal(alert(model=model))).incident
    assert incident is not None
    return incident


async def test_two_deliveries_at_once_start_one_response(services: Any, model: str) -> None:
    """On two hosts, so that neither's memory helps: the second looks before the first has started it."""
    incident, durable = _incident(services, model), _Durable()
    client: Any = durable
    hosts = [Responder(lambda: services, polls=100, pause_seconds=0.02) for _ in range(2)]
    starts = [asyncio.create_task(host._start(client, incident, incident.response, again=False)) for host in hosts]
    await asyncio.sleep(0)
    durable.go.set()
    await asyncio.gather(*starts)
    assert durable.ended == [incident.response]


async def test_a_response_that_durable_knows_is_not_started_again(services: Any, model: str) -> None:
    """A later delivery finds it, on another host and after the response has ended."""
    incident, durable = _incident(services, model), _Durable()
    durable.go.set()
    client: Any = durable
    for _ in range(2):
        host = Responder(lambda: services, polls=2, pause_seconds=0.01)
        await host._start(client, incident, incident.response, again=False)
    assert durable.ended == [incident.response]


async def test_a_response_that_was_started_here_is_not_looked_for_again(services: Any, model: str) -> None:
    """In a storm one incident asks Durable once."""
    incident, durable = _incident(services, model), _Durable()
    durable.go.set()
    client: Any = durable
    host = Responder(lambda: services, polls=2, pause_seconds=0.01)
    for _ in range(3):
        await host._start(client, incident, incident.response, again=False)
    assert durable.asked == [incident.response]


async def test_a_message_that_was_handled_costs_nothing_when_it_comes_again(services: Any, model: str) -> None:
    """Service Bus delivers it once more to the same host: nothing is read, judged or recorded."""
    durable = _Durable()
    durable.go.set()
    client: Any = durable
    host, body = Responder(lambda: services, polls=2, pause_seconds=0.01), alert(model=model).model_dump_json().encode()
    for _ in range(3):
        await host.take(client, body, "m")
    assert len(durable.ended) == 1
    assert services.recorded == 1


async def test_a_delivery_that_was_killed_before_it_started_holds_up_nobody(services: Any, model: str) -> None:
    """It had claimed the start; the next delivery waits a little, and starts it."""
    incident, durable = _incident(services, model), _Durable()
    durable.go.set()

    async def killed(*_: Any) -> None:
        raise asyncio.CancelledError

    broken: Any = _Durable()
    broken.go.set()
    broken.start_new = killed
    responder = Responder(lambda: services, polls=2, pause_seconds=0.01)
    with pytest.raises(asyncio.CancelledError):
        await responder._start(broken, incident, incident.response, again=False)
    client: Any = durable
    await responder._start(client, incident, incident.response, again=False)
    assert durable.ended == [incident.response]


async def test_a_delivery_that_was_suspended_before_it_started_may_start_it_once_more(
    services: Any, model: str
) -> None:
    """It has claimed the start, and wakes when another delivery has started the response, which is over: the response
    runs a second time, under the same id, and no third delivery starts it.
    """
    incident, durable, asleep, wakes = _incident(services, model), _Durable(), asyncio.Event(), asyncio.Event()
    durable.go.set()

    async def late(*given: Any) -> None:
        asleep.set()
        await wakes.wait()
        await durable.start_new(*given)

    suspended: Any = _Durable()
    suspended.go.set()
    suspended.start_new = late
    client: Any = durable
    hosts = [Responder(lambda: services, polls=2, pause_seconds=0.01) for _ in range(3)]
    first = asyncio.create_task(hosts[0]._start(suspended, incident, incident.response, again=False))
    await asleep.wait()
    await hosts[1]._start(client, incident, incident.response, again=False)
    wakes.set()
    await first
    await hosts[2]._start(client, incident, incident.response, again=False)
    assert durable.ended == [incident.response] * 2
