"""One model in a world of its own, and everything about it that lasts: what crash tests set up, sweep and compare."""

import asyncio
import contextlib
import inspect
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import azure.durable_functions as df
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus
from mlflow import MlflowClient

from nightshift.clients.notifications.notifications import TableNotificationStore
from nightshift.clients.notifications.notifier import AppriseNotifier
from nightshift.domain.notifications.notification import NotificationRecord
from nightshift.domain.platform.errors import ConflictError, NightshiftError, ServiceUnavailableError
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.platform.ports import Services
from nightshift.services.reviews.start_review import wake_review
from nightshift.services.uploads.wake_queue import wake_busy_queue
from nightshift.sweeps.orders import watch_model
from nightshift.sweeps.owed import deliver_owed
from nightshift.sweeps.responses import watch_responses
from tests.support.memory_ports import MemoryCompute, MemoryServing, resource
from tests.support.model_versions import make_champions, make_versions
from tests.support.owed_of import OwedOf
from tests.support.pagers import Pager
from tests.support.responder import Case, Replaced, later

STATES = df.OrchestrationRuntimeStatus
Activity = Callable[[Services], Any]
# When the sweeps look: minutes after the kill. The last look is after every lease and cooldown of the tests.
_LOOKS = (2, 20, 60, 24 * 60 - 30)
_REPEATS = 4
_SECRETS = re.compile(r"\b0x[0-9A-F]+\b|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b(?=[0-9a-f]*\d)[0-9a-f]{12,64}\b")
_TIMES = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00| UTC)?|:\d\b)|\d\d:\d\d(:\d\d)?(Z| UTC)|\d{8}T\d{6}\.\d+"
)


class Durable:
    """A durable client that remembers what was started, which runs, and says the same of every other instance.

    A queue had one instance before: the first that is asked for. Its later generations are there once they are started.
    """

    def __init__(self) -> None:
        self.state: df.OrchestrationRuntimeStatus | None = STATES.Completed
        self.started: set[str] = set()
        self._queue = ""

    async def get_status(self, instance: str, **_: Any) -> Any:
        if any(it.endswith(f" {instance}") for it in self.started):
            return DurableOrchestrationStatus(runtimeStatus=STATES.Running.value)
        if instance.startswith("queue-"):
            self._queue = self._queue or instance
            if instance != self._queue:
                return None
        return None if self.state is None else DurableOrchestrationStatus(runtimeStatus=self.state.value)

    async def start_new(self, name: str, instance: str, _: Any) -> str:
        self.started.add(f"{name} {instance}")
        return instance

    async def raise_event(self, instance: str, event: str, _: Any) -> None:
        self.started.add(f"{event} {instance}")


class Queues:
    """Queues that take each message id once, as Service Bus does within its window."""

    def __init__(self) -> None:
        self.taken: dict[str, str] = {}

    def send(self, alert: Any) -> None:
        self.taken[alert.alert_id] = alert.title

    def send_raw(self, queue: str, body: bytes, *, message_id: str, properties: Any) -> None:
        self.taken[message_id] = queue


class Scene:
    """A model whose sweeps see nothing but it; compute, endpoint and queues in memory, the rest real."""

    def __init__(self, services: Services, specs: Path, client: MlflowClient, folder: Path, pager: Pager) -> None:
        self.case = Case(services, specs)
        self.mlflow = client
        self.folder = folder / self.case.model
        self.folder.mkdir()
        self.pager = pager
        self.durable = Durable()
        self.queues = Queues()
        self.serving = MemoryServing("1")
        self.compute = MemoryCompute(resource("a"), resource("b"))
        self.letters: list[str] = []
        self.noted: set[str] = set()
        self.passed = timedelta(0)
        self._clock = services.clock
        pager.taken.clear()
        model, incidents = self.case.model, services.incidents
        store = OwedOf(
            cast("TableNotificationStore", services.notifications), lambda record: record.notification.model == model
        )

        def begin(record: NotificationRecord) -> NotificationRecord:
            self.noted.add(record.notification.key)
            return store.begin(record)  # type: ignore[no-any-return]

        self.case.replace(
            clock=lambda: self._clock() + self.passed,
            notifier=AppriseNotifier(pager.url, None),
            notifications=Replaced(store, begin=begin),
            incidents=Replaced(
                incidents,
                all=lambda name=None, states=(): incidents.all(name or model, states),
                unfinished=lambda: tuple(it for it in incidents.unfinished() if it.model == model),
                leases=lambda: tuple(it for it in incidents.leases() if it.model == model),
            ),
            serving=self.serving,
            compute=self.compute,
            alert_queues=self.queues,
        )

    @property
    def model(self) -> str:
        """Its name."""
        return self.case.model

    @property
    def services(self) -> Services:
        """Its services."""
        return self.case.services

    @property
    def client(self) -> df.DurableOrchestrationClient:
        """The durable client."""
        return cast("df.DurableOrchestrationClient", self.durable)

    def champions(self, **spec: Any) -> None:
        """Versions 1, 2 and 3, champions one after the other; an endpoint serves the last one."""
        if spec:
            self.case.specify(**spec)
        make_versions(self.mlflow, self.model, 3, self.folder)
        make_champions(self.services, self.model, ("1", "2", "3"))
        self.serving.state = self.serving.state.model_copy(update={"version": "3"})

    def at(self, **span: float) -> Services:
        """Its services at a later time."""
        moment: datetime = self._clock() + timedelta(**span)
        return later(self.services, moment)

    async def run(self, activity: Activity, services: Any = None) -> Any:
        """Call an activity as Durable does: again while it says that trying again may help.

        Raises:
            NightshiftError: it still says so at the last try.
        """
        for attempt in range(_REPEATS):
            try:
                result = await asyncio.to_thread(activity, services or self.services)
                return await result if inspect.isawaitable(result) else result
            except (ServiceUnavailableError, ConflictError):
                if attempt == _REPEATS - 1:
                    raise
        return None

    async def sweep(self) -> None:
        """What timers do afterwards, in the order of a day."""
        for minutes in _LOOKS:
            self.passed = timedelta(minutes=minutes)
            await watch_model(self.client, self.services, self.model)
            await watch_responses(self.client, self.services)
            for review in self.services.reviews.all(self.model):
                if not review.settled:
                    await wake_review(self.client, self.services, review, again=True)
            await wake_busy_queue(self.client, self.services, self.model)
            if self.serving.state.updating:
                self.serving.end_update()
            deliver_owed(self.services)

    def lasting(self) -> dict[str, Any]:
        """Everything that lasts, without times, digests and names of this run."""
        case, services = self.case, self.services
        incidents, reviews = services.incidents.all(self.model), services.reviews.all(self.model)
        moves = services.champions.moves(self.model)
        found = {
            "ledger": [(it.key, it.kind, it.subject, it.actor, it.run, dict(it.body)) for it in case.entries()],
            "ledger verifies": services.ledger.verify(self.model) is None,
            "champions": [(it.version, it.previous, it.decided_by, it.state) for it in moves],
            "alias": services.registry.version_of(self.model, CHAMPION),
            "tags": {it.version: it.tags for it in services.registry.versions(self.model)},
            "endpoint": (self.serving.state.version, self.serving.state.updating),
            "compute": sorted(self.compute.running()),
            "incidents": [
                (
                    it.state,
                    it.occurrences,
                    it.acknowledged_by,
                    [(act.mitigation, act.state, act.detail, act.to_json()["facts"]) for act in it.actions],
                    sorted(line.key for line in it.timeline),
                )
                for it in incidents
            ],
            "reviews": [
                (
                    it.state,
                    it.settled,
                    it.detail,
                    it.decision and (it.decision.choice, it.decision.by),
                    [str(change) for change in it.changed],
                    sorted(event.key for event in it.timeline),
                )
                for it in reviews
            ],
            "letters": [
                (dead_letter.state, dead_letter.history)
                for name in self.letters
                if (dead_letter := services.dead_letters.get(name))
            ],
            "notifications": sorted(
                (key, record.state) for key in self.noted if (record := services.notifications.get(self.model, key))
            ),
            "alerts": sorted(self.queues.taken.items()),
            "orchestrations": sorted(self.durable.started),
            "uploads": self._uploads(),
        }
        found["told"] = sorted((it["title"], it["type"]) for it in self.pager.taken)
        names = {self.model: "M"}
        names |= {it.incident_id: f"I{number}" for number, it in enumerate(incidents)}
        names |= {it.id: it.name for it in self.compute.list_compute()}
        names |= {it.review_id: f"R{number}" for number, it in enumerate(reviews)}
        return cast("dict[str, Any]", json.loads(plain(json.dumps(found, default=str), names)))

    def _uploads(self) -> list[Any]:
        """What the queue holds, by the runs that have it or would get it."""
        with contextlib.suppress(NightshiftError):
            if (queue := self.services.uploads.state(self.model)) is not None:
                batch = self.services.uploads.claim(self.model, queue.generation, 99)
                return [queue.busy, sorted((it.name, it.again) for it in batch.uploads)]
        return []


def plain(text: str, names: dict[str, str]) -> str:
    """A text without times, digests and these names."""
    for name, plain in names.items():
        text = text.replace(name, plain)
    return _SECRETS.sub("X", _TIMES.sub("T", text))
