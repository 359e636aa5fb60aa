"""The sweep of queues: those that are busy and have no instance are started, at their own generation."""

from types import SimpleNamespace
from typing import Any, cast

from azure.durable_functions import OrchestrationRuntimeStatus as State

from nightshift.domain.platform.ports import Services
from nightshift.domain.uploads.upload_queue import QueueState
from nightshift.sweeps.queues import watch_queues


class _Client:
    """A durable client with one instance that runs, which remembers what was started."""

    def __init__(self, running: str) -> None:
        self.running = running
        self.started: list[str] = []

    async def get_status(self, instance: str) -> SimpleNamespace:
        return SimpleNamespace(runtime_status=State.Running if instance == self.running else None)

    async def start_new(self, _name: str, instance: str, _order: Any) -> None:
        self.started.append(instance)


async def test_a_busy_queue_without_an_instance_is_started() -> None:
    """One that runs is left alone, and so is one without work."""
    states = (
        QueueState(model="gone", generation=3, busy=True, waiting=1),
        QueueState(model="idle", generation=1, busy=False, waiting=0),
        QueueState(model="running", generation=2, busy=True, waiting=0),
    )
    services = cast("Services", SimpleNamespace(uploads=SimpleNamespace(states=lambda: iter(states))))
    client: Any = _Client("queue-running-2")
    assert await watch_queues(client, services) == 1
    assert client.started == ["queue-gone-3"]
