"""Rewind: takes a failed instance back to before the turn that saw the failure.

1. The turn to go back to is the last one, up to the first in which the orchestrator failed, that read a failure
   (or that turn itself if the orchestrator failed by itself).
2. The turns before it stay as they are.
3. What succeeded from then on, of what was scheduled before, is delivered again; events are, too.
4. What failed, and what never ended, is run again.

So a rewound instance calls no function twice that succeeded, and replays the same way as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from azure.durable_functions.models.history import HistoryEventType

from local_host.durable.history import Record
from local_host.durable.tasks import completed_task_id

_FAILURES = (HistoryEventType.TASK_FAILED, HistoryEventType.SUB_ORCHESTRATION_INSTANCE_FAILED)
_SUCCESSES = (
    HistoryEventType.TASK_COMPLETED,
    HistoryEventType.SUB_ORCHESTRATION_INSTANCE_COMPLETED,
    HistoryEventType.TIMER_FIRED,
)


@dataclass(frozen=True, slots=True)
class RewindPoint:
    """The first episode to drop, and the records of the dropped ones to deliver again."""

    episode: int
    redelivered: tuple[Record, ...]


def find_rewind_point(episodes: Sequence[Sequence[Record]], error_episode: int) -> RewindPoint:
    """Where to rewind an instance whose orchestrator first failed in `error_episode`."""
    point = error_episode
    for index in range(error_episode, -1, -1):
        if any(record["EventType"] in _FAILURES for record in episodes[index]):
            point = index
            break
    scheduled = {record["EventId"] for episode in episodes[:point] for record in episode if record["EventId"] >= 0}
    redelivered = [
        record
        for episode in episodes[point:]
        for record in episode
        if record["EventType"] == HistoryEventType.EVENT_RAISED
        or (record["EventType"] in _SUCCESSES and completed_task_id(record) in scheduled)
    ]
    return RewindPoint(point, tuple(redelivered))
