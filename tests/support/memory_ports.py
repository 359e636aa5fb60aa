"""Job runs, compute and serving of a Databricks workspace, and a topic for events, in memory."""

import uuid
from collections.abc import Collection
from typing import Any

from agents.response.compute import ESSENTIAL_TAG
from nightshift.domain.champions.serving import EndpointState
from nightshift.domain.lifecycle.job import JobOrder, JobRun, JobStatus
from nightshift.domain.lifecycle.run import RunEvent
from nightshift.domain.platform.errors import ConflictError, ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.response.compute import ComputeKind, ComputeRef, ComputeResource, ComputeState


def resource(
    name: str,
    tag: str | None = "false",
    state: ComputeState = "running",
    kind: ComputeKind = "all_purpose_cluster",
) -> ComputeResource:
    """A cluster that says of itself that it is not essential, unless told otherwise."""
    tags = {} if tag is None else {ESSENTIAL_TAG: tag}
    return ComputeResource(kind=kind, id=name, name=name, state=state, tags=tags)


class MemoryJobs:
    """Implements nightshift.domain.platform.ports.JobService: a token starts one job run, as in Databricks."""

    def __init__(self) -> None:
        self._orders: list[JobOrder] = []
        self._canceled: set[int] = set()

    def start(self, order: JobOrder) -> JobRun:
        """Start a job run, once per token."""
        known = [item.token for item in self._orders]
        if order.token not in known:
            self._orders.append(order)
            known.append(order.token)
        return JobRun(run_id=known.index(order.token) + 1)

    def status(self, run_id: int) -> JobStatus:
        """It runs until it is canceled."""
        return JobStatus(run_id=run_id, state="canceled" if run_id in self._canceled else "running")

    def cancel(self, run_id: int) -> None:
        """Cancel a run."""
        self._canceled.add(run_id)

    def lasting(self) -> list[tuple[dict[str, Any], bool]]:
        """The orders of what was started, and whether it was canceled."""
        return [(order.to_json(), number in self._canceled) for number, order in enumerate(self._orders, start=1)]


class MemoryEvents:
    """Implements `EventPublisher`; subscribers know an event that comes again by its run and kind.

    Attributes:
        published: runs and kinds.
    """

    def __init__(self) -> None:
        self.published: set[str] = set()

    def publish(self, event: RunEvent) -> None:
        """Take an event."""
        self.published.add(f"{event.run} {event.kind}")


class MemoryCompute:
    """Implements nightshift.domain.platform.ports.ComputeService.

    Attributes:
        calls: what was asked, in order.
        away: names of what does not answer.
    """

    def __init__(self, *resources: ComputeResource, refusing: Collection[str] = ()) -> None:
        # Leases of all tests are in one table: each workspace has ids of its own.
        workspace = uuid.uuid4().hex[:8]
        own = (item.model_copy(update={"id": f"{workspace}-{item.name}"}) for item in resources)
        self._resources = {item.id: item for item in own}
        self._refusing = refusing
        self.away: set[str] = set()
        self.calls: list[str] = []

    def list_compute(self) -> tuple[ComputeResource, ...]:
        """All compute."""
        return tuple(self._resources.values())

    def pause(self, resource: ComputeRef) -> None:
        """Stop it."""
        self._set(resource, "pause", "stopped")

    def resume(self, resource: ComputeRef) -> None:
        """Start it; a job cluster cannot be started again."""
        if resource.kind == "job_cluster":
            raise ServiceRefusedError("Databricks", "its runs are gone", "start the job again")
        self._set(resource, "resume", "running")

    def running(self) -> list[str]:
        """Names of what runs."""
        return [item.name for item in self._resources.values() if item.state == "running"]

    def _set(self, resource: ComputeRef, call: str, state: ComputeState) -> None:
        found = self._resources[resource.id]
        self.calls.append(f"{call} {found.name}")
        if found.name in self.away:
            raise ServiceUnavailableError("Databricks", "503")
        if found.name in self._refusing:
            raise ServiceRefusedError("Databricks", "403", "the identity may not manage it")
        self._resources[resource.id] = found.model_copy(update={"state": state})


class MemoryServing:
    """Implements nightshift.domain.platform.ports.ServingService; an update is under way until the test ends it."""

    def __init__(self, version: str | None, *, failed: bool = False) -> None:
        self.state = EndpointState(
            endpoint="revenue", model="m1", version=version, ready=version is not None, updating=False, failed=failed
        )
        self.asked: list[str] = []

    def read(self, endpoint: str) -> EndpointState:
        """What it serves."""
        if endpoint != self.state.endpoint:
            raise ServiceRefusedError("Databricks", f"no endpoint {endpoint}", "create it")
        return self.state

    def serve(self, endpoint: str, model: str, version: str) -> None:
        """Begin an update."""
        if self.state.updating:
            raise ConflictError(f"endpoint {endpoint} is being updated")
        self.asked.append(version)
        self.state = self.state.model_copy(update={"updating": True, "pending_version": version, "failed": False})

    def end_update(self, *, failed: bool = False, ready: bool = True) -> None:
        """End the update under way."""
        version = self.state.version if failed else self.state.pending_version
        self.state = self.state.model_copy(
            update={"version": version, "pending_version": None, "updating": False, "failed": failed, "ready": ready}
        )
