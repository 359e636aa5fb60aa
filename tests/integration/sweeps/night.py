"""The sweep of orders at any time of the night: what it sees, and what people are sent."""

import contextlib
import itertools
import json
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import azure.durable_functions as df

from nightshift.clients.notifications.notifier import AppriseNotifier
from nightshift.domain.platform.ports import Services
from nightshift.domain.watch.sweep import Swept
from nightshift.services.notifications.notify import notify
from nightshift.sweeps.orders import watch_model
from tests.support.interruptions import Interrupted, KilledError
from tests.support.responder import Case, later

STATES = df.OrchestrationRuntimeStatus


class _Status:
    def __init__(self, state: df.OrchestrationRuntimeStatus | None) -> None:
        self.runtime_status = state


class Night:
    """What the sweep sees: Durable's word on every instance, the time, and what people are sent."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case = case
        self.file = folder / "told.jsonl"
        self.state: df.OrchestrationRuntimeStatus | None = STATES.Completed
        self.passed = timedelta(0)
        self.began = case.services.clock()
        case.replace(notifier=AppriseNotifier("", self.file))

    def move_to(self, day: int) -> None:
        """Half past one in the afternoon, so many days later: no part of a day ends while a test looks twice."""
        then = (self.began + timedelta(days=day)).replace(hour=13, minute=30)
        self.passed = then - self.case.services.clock()

    async def get_status(self, _: str) -> _Status:
        return _Status(self.state)

    @property
    def services(self) -> Services:
        """The services at the night's time."""
        return later(self.case.services, self.case.services.clock() + self.passed)

    async def sweep(self, services: Any = None) -> Swept:
        """One look of the sweep at the model."""
        client = cast("df.DurableOrchestrationClient", self)
        return await watch_model(client, services or self.services, self.case.model)

    async def killed_looks(self, *, after: bool) -> None:
        """Looks that are killed before or after each of their calls in turn, until one ends."""
        for number in itertools.count(1):
            with contextlib.suppress(KilledError):
                await self.sweep(Interrupted(self.services, last=number, after=after))
                return

    async def quiet(self) -> None:
        """A second sweep finds nothing and notifies nobody."""
        before = self.notifications()
        assert (await self.sweep(), self.notifications()) == (Swept(found=0), before)

    def notifications(self) -> list[tuple[str, str]]:
        """Kind and text of what was sent."""
        lines = self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []
        return [(json.loads(line)["kind"], json.loads(line)["body"]) for line in lines]

    @property
    def open(self) -> tuple[int, ...]:
        """Sequences of the orders that the sweep knows as open."""
        return self.case.services.sweeps.mark(self.case.model).open


async def deliver(night: Night) -> None:
    """What the sweep of owed pages does, for this model's."""
    store = night.services.notifications
    for record in store.owed():
        if record.notification.model == night.case.model:
            notify(night.services, record.notification)
