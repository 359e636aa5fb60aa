"""The queue instance of a model is started once: what runs, or is about to, is left alone."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from azure.durable_functions import OrchestrationRuntimeStatus as State

from nightshift.domain.platform.ports import Services
from nightshift.domain.uploads.upload_queue import Submission
from nightshift.services.uploads.wake_queue import wake_queue

# Of the services none is asked for.
NOTHING = cast("Services", object())


class _Client:
    """Durable's client, of an instance in a state, which remembers what was started."""

    def __init__(self, state: State | None) -> None:
        self.status = SimpleNamespace(runtime_status=state)
        self.started: list[str] = []

    async def get_status(self, _: str) -> SimpleNamespace:
        return self.status

    async def start_new(self, _name: str, instance: str, _order: Any) -> None:
        self.started.append(instance)


@pytest.mark.parametrize("state", [State.Pending, State.Running, State.ContinuedAsNew, State.Suspended])
async def test_a_queue_that_runs_is_not_started_again(state: State) -> None:
    """Durable would begin it anew, beside the run that it waits for."""
    client: Any = _Client(state)
    assert await wake_queue(client, NOTHING, "m", Submission(generation=2, accepted=True)) is False
    assert client.started == []


async def test_a_queue_that_durable_does_not_know_is_started() -> None:
    """Its answer about an unknown instance is a status without a state."""
    client: Any = _Client(None)
    assert await wake_queue(client, NOTHING, "m", Submission(generation=2, accepted=True)) is True
    assert client.started == ["queue-m-2"]
