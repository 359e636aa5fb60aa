"""What waits for a newer release is paged for, and not notified again: real storage, engine and durable client."""

import json
import socket
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest
from azure.data.tables import TableServiceClient

import nightshift.triggers.owed_sweep
import nightshift.triggers.response_sweep
import nightshift.triggers.review_sweep
from local_host.durable.client_links import client_binding
from local_host.durable.functions import DurableFunctions
from local_host.durable.settings import DurableSettings
from nightshift.clients.notifications.notifications import TableNotificationStore
from nightshift.clients.notifications.notifier import AppriseNotifier
from nightshift.clients.reviews.reviews import TableReviewStore
from nightshift.clients.watch.sweeps import TableSweepStore
from nightshift.domain.platform.links import Links
from nightshift.domain.platform.names import AWAIT_DECISION, RESPONSE, REVIEW, REVIEW_DECIDED
from nightshift.domain.platform.step import RetryPolicy
from nightshift.domain.reviews.review import Review
from orchestrators.platform.versions import set_step
from tests.support.owed_of import OwedOf
from tests.support.registered import registered
from tests.support.review_examples import make_review

Host = Callable[..., Awaitable[Any]]
_OLD = 1
_NEW = 2


def waits(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """Waits for words, until one of them is "end"."""
    word = ""
    while word != "end":
        set_step(context, AWAIT_DECISION)
        word = json.loads((yield context.wait_for_external_event(REVIEW_DECIDED)))


class _NoIncidents:
    """An incident store without incidents."""

    def unfinished(self) -> tuple[()]:
        return ()


class _BrokenIncidents:
    """An incident store whose table does not answer."""

    def unfinished(self) -> tuple[()]:
        raise ConnectionError("the table does not answer")


class _Reviews:
    """The reviews of one model, as if there were no other test's."""

    def __init__(self, store: TableReviewStore, model: str) -> None:
        self._store = store
        self._model = model

    def unfinished(self) -> tuple[Review, ...]:
        return tuple(review for review in self._store.unfinished() if review.model == self._model)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@dataclass
class App:
    """A release of the app on a task hub that outlives it."""

    host: Host
    reviews: Any
    notifications: Any
    sweeps: TableSweepStore
    told: Path
    model: str
    orchestration_version: int = _OLD
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    hosted: Any = None
    incidents: Any = field(default_factory=_NoIncidents)
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    notifier: Any = None
    links: Links = field(default_factory=lambda: Links(mlflow="", databricks=""))

    def clock(self) -> datetime:
        return self.now

    async def deploy(self, version: int) -> None:
        """Put a release in the place of the one that is there."""
        if self.hosted is not None:
            await self.hosted.engine.stop()
        self.orchestration_version = version
        handles = {name: df.Orchestrator.create(waits) for name in (RESPONSE, REVIEW, self.model)}
        settings = DurableSettings(default_version=f"{version}.0")
        self.hosted = await self.host(DurableFunctions(handles, {}), settings)

    async def begin(self, name: str, instance: str) -> None:
        """Start an instance and wait until it has said what it does."""
        await self.hosted.client.start_new(name, instance, None)
        while not (await self.hosted.client.get_status(instance)).custom_status:
            pass

    async def go_on(self, instance: str) -> None:
        """Let an instance go on until that shows: Durable tells when in whole seconds."""
        before = await self.hosted.client.get_status(instance)
        while (await self.hosted.client.get_status(instance)).last_updated_time == before.last_updated_time:
            await self.hosted.client.raise_event(instance, REVIEW_DECIDED, "go on")

    async def later(self, instance: str, minutes: float) -> None:
        """So many minutes after the instance last went on."""
        status = await self.hosted.client.get_status(instance)
        self.now = status.last_updated_time.replace(tzinfo=UTC) + timedelta(minutes=minutes)

    async def sweep(self, trigger: Any = nightshift.triggers.response_sweep, times: int = 2) -> None:
        """Let a timer come: what is done once must not be done again."""
        (function,) = registered(trigger.register, lambda: self).values()
        for _ in range(times):
            binding = client_binding(self.hosted.url, self.hosted.engine.settings)
            wanted = {} if trigger is nightshift.triggers.owed_sweep else {"client": binding}
            await function(timer=None, **wanted)

    def pages(self) -> list[dict[str, Any]]:
        """What people have been sent."""
        lines = self.told.read_text(encoding="utf-8").splitlines() if self.told.exists() else []
        return [json.loads(line) for line in lines]


@pytest.fixture
async def app(host: Host, tables: TableServiceClient, model: str, tmp_path: Path) -> App:
    """The newer release, which is to be rolled back."""
    told = tmp_path / "told.jsonl"
    found = App(
        host=host,
        reviews=_Reviews(TableReviewStore(tables), model),
        notifications=OwedOf(TableNotificationStore(tables), lambda record: model in record.notification.key),
        sweeps=TableSweepStore(tables),
        notifier=AppriseNotifier("", told),
        told=told,
        model=model,
    )
    await found.deploy(_NEW)
    return found


async def test_a_response_that_waits_for_its_release_pages_once(app: App) -> None:
    """With what it is, since when, and what to do; one page for all of that version."""
    await app.begin(RESPONSE, f"{app.model}-1")
    await app.begin(RESPONSE, f"{app.model}-2")
    await app.deploy(_OLD)
    await app.begin(RESPONSE, f"{app.model}-3")
    await app.later(f"{app.model}-2", minutes=10)
    await app.sweep()
    (page,) = app.pages()
    still = (await app.hosted.client.get_status(f"{app.model}-2")).last_updated_time
    assert (page["kind"], page["title"]) == ("page", "2 response of version 2 wait for a newer release")
    assert still.isoformat(timespec="seconds")[:19] in page["body"]
    assert "their incidents are yours" in page["body"]
    assert "Deploy a release of version 2 or later; `nightshift in-flight` lists them." in page["body"]
    app.now += timedelta(days=2)
    await app.sweep()
    assert len(app.pages()) == 1


async def test_what_this_release_runs_is_left_alone(app: App) -> None:
    """However long it takes: of this version, and of an older one."""
    await app.begin(app.model, f"{app.model}-1")
    await app.later(f"{app.model}-1", minutes=60 * 24 * 30)
    await app.sweep()
    await app.deploy(_NEW + 1)
    await app.sweep()
    assert app.pages() == []


async def test_a_deployment_that_is_about_to_end_does_not_page(app: App) -> None:
    """The older release still looks while the newer one has begun to work."""
    await app.begin(app.model, f"{app.model}-1")
    await app.deploy(_OLD)
    await app.later(f"{app.model}-1", minutes=9)
    await app.sweep()
    assert app.pages() == []


async def test_a_page_that_is_not_delivered_is_owed(app: App) -> None:
    """The sweep of what is owed sends it."""
    await app.begin(app.model, f"{app.model}-1")
    await app.deploy(_OLD)
    await app.later(f"{app.model}-1", minutes=30)
    with socket.socket() as deaf:
        # Bound, but nobody listens: every call is refused.
        deaf.bind(("127.0.0.1", 0))
        delivers, app.notifier = app.notifier, AppriseNotifier(f"json://127.0.0.1:{deaf.getsockname()[1]}", None)
        await app.sweep()
    assert app.pages() == []
    app.notifier = delivers
    app.now += timedelta(minutes=10)
    await app.sweep(nightshift.triggers.owed_sweep)
    await app.sweep()
    assert len(app.pages()) == 1


async def test_a_second_rollback_pages_again(app: App) -> None:
    """The newer release was back and has gone on with them."""
    await app.begin(app.model, f"{app.model}-1")
    for number in (1, 2):
        await app.deploy(_OLD)
        await app.later(f"{app.model}-1", minutes=30)
        await app.sweep()
        assert len(app.pages()) == number
        await app.deploy(_NEW)
        await app.go_on(f"{app.model}-1")


async def test_incidents_that_cannot_be_read_hold_up_no_page(app: App) -> None:
    """The timer fails, after it has paged."""
    await app.begin(app.model, f"{app.model}-1")
    await app.deploy(_OLD)
    await app.later(f"{app.model}-1", minutes=30)
    app.incidents = _BrokenIncidents()
    with pytest.raises(ConnectionError):
        await app.sweep(times=1)
    assert len(app.pages()) == 1


async def test_a_decided_review_that_waits_for_its_release_is_reported_when_it_is_back(app: App) -> None:
    """Not once a minute for days: all that it is told would lie there and be read at its next turn."""
    review = make_review(model=app.model)
    app.reviews.open(review)
    await app.begin(REVIEW, review.instance)
    app.reviews.change(app.model, review.review_id, lambda known: known.model_copy(update={"state": "approved"}))
    await app.deploy(_OLD)
    await app.sweep(nightshift.triggers.review_sweep, times=5)
    await app.deploy(_NEW)
    await app.sweep(nightshift.triggers.review_sweep, times=1)
    await app.hosted.client.raise_event(review.instance, REVIEW_DECIDED, "end")
    await app.hosted.finished(review.instance)
    status = await app.hosted.client.get_status(review.instance, show_history=True)
    told = [event for event in status.historyEvents if event["EventType"] == "EventRaised"]
    assert len(told) == 2
