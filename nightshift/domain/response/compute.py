"""Compute of a Databricks workspace as the responder sees it."""

from typing import Literal

from nightshift.domain.platform.message import Message

ComputeKind = Literal["all_purpose_cluster", "job_cluster", "sql_warehouse"]
ComputeState = Literal["running", "stopped", "changing"]


class ComputeRef(Message):
    """Which cluster or warehouse."""

    kind: ComputeKind
    id: str


class ComputeResource(Message):
    """A cluster or a warehouse.

    Attributes:
        state: ``changing`` while it starts, stops or resizes.
        run_ids: job runs that use a job cluster.
    """

    kind: ComputeKind
    id: str
    name: str
    state: ComputeState
    tags: dict[str, str] = {}
    run_ids: tuple[int, ...] = ()

    @property
    def ref(self) -> ComputeRef:
        """What names it."""
        return ComputeRef(kind=self.kind, id=self.id)
