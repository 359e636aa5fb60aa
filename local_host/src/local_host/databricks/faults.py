"""Faults ordered by tests and demos. None happens unless ordered; a restart forgets them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

FaultKind = Literal[
    "too_many_requests",
    "service_unavailable",
    "internal_error",
    "unauthorized",
    "lost_response",
    "cluster_start_failure",
    "spot_loss",
    "slow_start",
    "endpoint_update_failure",
]
_REQUEST_FAULTS = frozenset(
    {"too_many_requests", "service_unavailable", "internal_error", "unauthorized", "lost_response"}
)
_DELAYED = frozenset({"slow_start", "spot_loss"})


class FaultOrder(BaseModel):
    """A fault to come.

    Attributes:
        times: how often it happens.
        path: for request faults, the beginning of the paths that it hits. Without it, lost_response hits the calls
            that create runs, the others every API call.
        retry_after: for too_many_requests and service_unavailable, the Retry-After header in seconds.
        delay: for slow_start, how long the cluster takes; for spot_loss, how long the task may run before. Seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FaultKind
    times: Annotated[int, Field(ge=1)] = 1
    path: Annotated[str, Field(pattern="^/")] | None = None
    retry_after: Annotated[int, Field(ge=0)] | None = None
    delay: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _fields_have_an_effect(self) -> Self:
        if self.path is not None and self.kind not in _REQUEST_FAULTS:
            raise ValueError(f"path: has no meaning for {self.kind}, which hits no request")
        if self.retry_after is not None and self.kind not in {"too_many_requests", "service_unavailable"}:
            raise ValueError(f"retry_after: has no meaning for {self.kind}")
        if self.delay is not None and self.kind not in _DELAYED:
            raise ValueError(f"delay: has no meaning for {self.kind}")
        if self.delay is None and self.kind == "slow_start":
            raise ValueError("delay: slow_start needs the seconds that the cluster takes")
        return self

    def hits(self, path: str) -> bool:
        """Whether a request fault concerns a path."""
        if self.path is not None:
            return path.startswith(self.path)
        return self.kind != "lost_response" or path.endswith(("/jobs/run-now", "/jobs/runs/submit"))


@dataclass
class _Pending:
    order: FaultOrder
    left: int


class Faults:
    """The ordered faults, oldest first."""

    def __init__(self) -> None:
        self._pending: list[_Pending] = []

    def order(self, fault: FaultOrder) -> None:
        """Add a fault."""
        self._pending.append(_Pending(fault, fault.times))

    def pending(self) -> list[tuple[FaultOrder, int]]:
        """Faults still to come, and how often."""
        return [(fault.order, fault.left) for fault in self._pending]

    def clear(self) -> None:
        """Forget all."""
        self._pending.clear()

    def take_for_request(self, path: str) -> FaultOrder | None:
        """Use up one fault for an API call, if one was ordered."""
        return self._take(lambda fault: fault.kind in _REQUEST_FAULTS and fault.hits(path))

    def take_for_task(self, kind: FaultKind, elapsed_seconds: float = 0.0) -> FaultOrder | None:
        """Use up one fault of this kind for a task run; ``spot_loss`` only once its delay has passed."""
        return self._take(
            lambda fault: fault.kind == kind and (kind != "spot_loss" or elapsed_seconds >= (fault.delay or 0.0))
        )

    def take_for_update(self) -> FaultOrder | None:
        """Use up one ``endpoint_update_failure`` for the update of a serving endpoint."""
        return self._take(lambda fault: fault.kind == "endpoint_update_failure")

    def _take(self, fits: Callable[[FaultOrder], bool]) -> FaultOrder | None:
        for fault in self._pending:
            if fits(fault.order):
                fault.left -= 1
                if fault.left == 0:
                    self._pending.remove(fault)
                return fault.order
        return None
