"""Replays recorded histories through the official SDK, and holds what is scheduled against what was recorded."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.durable_functions import Orchestrator
from azure.durable_functions.models.history import HistoryEventType

from activities.registration import declared
from local_host.durable.clock import parse_time
from local_host.durable.errors import NonDeterminismError
from local_host.durable.functions import DurableFunctions
from local_host.durable.history import ParsedEvent, Record
from local_host.durable.instance import Instance
from local_host.durable.plan import plan_actions
from local_host.durable.replay import Replayer, invocation_fields
from orchestrators.registration import ORCHESTRATORS

FOLDER = Path(__file__).resolve().parent
_END = HistoryEventType.ORCHESTRATOR_COMPLETED
_COMPLETED = HistoryEventType.EXECUTION_COMPLETED


async def _never(_: str | None) -> str | None:
    raise AssertionError("a replay runs no activity")


@dataclass(frozen=True)
class History:
    """A recorded history of one generation of an instance."""

    file: Path
    orchestrator: str
    instance_id: str
    version: str | None
    records: list[Record]

    @classmethod
    def read(cls, file: Path) -> "History":
        """Read a file of the recorder."""
        document = json.loads(file.read_text(encoding="utf-8"))
        return cls(file, document["orchestrator"], document["instanceId"], document["version"], document["history"])

    @property
    def ended(self) -> str | None:
        """How it ended; None if it continued as new or was in flight when it was recorded."""
        last = self.records[-1]
        return last["OrchestrationStatus"] if last["EventType"] == _COMPLETED else None

    def turns(self) -> Iterator[list[Record]]:
        """The history as it was at the end of each turn: whoever replays it there has an instance that waits."""
        for position, found in enumerate(self.records, start=1):
            if found["EventType"] == _END:
                yield self.records[:position]


def histories() -> list[History]:
    """Every history of every release."""
    return [History.read(file) for file in sorted(FOLDER.glob("*/*/*.json"))]


def functions(orchestrators: dict[str, Any] = ORCHESTRATORS) -> DurableFunctions:
    """The app's orchestrators and the names of its activities."""
    return DurableFunctions(
        orchestrators={name: Orchestrator.create(function) for name, function in orchestrators.items()},
        activities=dict.fromkeys(declared(), _never),
    )


def replay(history: History, app: DurableFunctions) -> None:
    """Replay a history at the end of each of its turns, as an instance that is in flight there.

    As DTFx does it, kind and name of each task must be those that were recorded under its number. Beyond that, no turn
    may schedule more than it did, and what had ended must end again.

    Raises:
        NonDeterminismError: the orchestrator does not repeat what was recorded.
    """
    turns = list(history.turns())
    for number, records in enumerate(turns, start=1):
        _replay_turn(history, app, records, is_last=number == len(turns))


def _replay_turn(history: History, app: DurableFunctions, records: list[Record], *, is_last: bool) -> None:
    started = next(found for found in records if found["EventType"] == HistoryEventType.EXECUTION_STARTED)
    instance = Instance(
        instance_id=history.instance_id,
        execution_id=started["OrchestrationInstance"]["ExecutionId"],
        name=history.orchestrator,
        version=history.version,
        input=started["Input"],
        created=parse_time(started["Timestamp"]),
        episode=1,
    )
    for found in records:
        instance.tasks.apply(found)
    events = [ParsedEvent(found, played=False) for found in records]
    outcome = Replayer().run(app.orchestrators[history.orchestrator], invocation_fields(instance), events)
    failed = is_last and history.ended == "Failed"
    if (outcome.error is not None) != failed:
        raise NonDeterminismError(history.orchestrator, f"the replay ends with the error {outcome.error}")
    plan = plan_actions(instance, outcome.actions, app, instance.created)
    if plan.records:
        more = ", ".join(str(found.get("Name") or "a timer") for found in plan.records)
        raise NonDeterminismError(history.orchestrator, f"the replay schedules more than was recorded: {more}")
    ended = is_last and history.ended == "Completed"
    if ended and not outcome.is_done:
        raise NonDeterminismError(history.orchestrator, "it had ended, and the replay does not end")
