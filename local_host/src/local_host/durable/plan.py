"""Reads the executor's cumulative actions: which are history, which are new, and whether the two agree.

The durable extension invokes one action after the other and awaits each (`OutOfProcOrchestrationShim`): what stands
behind an action that is not over has not been scheduled, whatever the orchestrator does with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from azure.durable_functions.models.actions import ActionType
from azure.durable_functions.models.history import HistoryEventType

from local_host.durable.clock import format_time, parse_time
from local_host.durable.errors import (
    FunctionNotFoundError,
    InvalidRequestError,
    NonDeterminismError,
    NotSupportedError,
)
from local_host.durable.external_events import ExternalEvents, Wait
from local_host.durable.functions import DurableFunctions
from local_host.durable.history import Record, record
from local_host.durable.instance import Instance
from local_host.durable.instance_id import check_instance_id
from local_host.durable.retries import default_child_id
from local_host.durable.tasks import Retry, Task, TaskKind

Action = Mapping[str, Any]

_LONGEST_DELAY = timedelta(days=6)
_COMPOUND = (ActionType.WHEN_ANY, ActionType.WHEN_ALL)

_KINDS: Mapping[int, TaskKind] = {
    ActionType.CALL_ACTIVITY: "activity",
    ActionType.CALL_ACTIVITY_WITH_RETRY: "activity",
    ActionType.CALL_SUB_ORCHESTRATOR: "sub-orchestration",
    ActionType.CALL_SUB_ORCHESTRATOR_WITH_RETRY: "sub-orchestration",
    ActionType.CREATE_TIMER: "timer",
}
_NOT_SUPPORTED: Mapping[int, str] = {
    ActionType.CALL_ENTITY: "entities (call_entity)",
    ActionType.SIGNAL_ENTITY: "entities (signal_entity)",
    ActionType.CALL_HTTP: "durable HTTP (call_http): call from an activity",
}


@dataclass(slots=True)
class Plan:
    """The records of new tasks in their order, timers to cancel, and the next input if it continues as new.

    `continued_at` is the place in the history at which it continued as new; `is_over` says that every action is.
    """

    records: list[Record] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    continued_at: int | None = None
    next_input: str | None = None
    is_over: bool = False


def plan_actions(instance: Instance, actions: Sequence[Action], functions: DurableFunctions, at: datetime) -> Plan:
    """The plan of a turn's actions.

    Raises NonDeterminismError where the actions do not repeat the history, FunctionNotFoundError where a new one
    names a function that does not exist, NotSupportedError for an action that this engine does not know. Ids count
    up over the actions, depth first, past those that retries took.
    """
    walk = _Walk(instance, functions, at)
    for action in actions:
        walk.invoke(action)
    for task in instance.tasks.from_id(walk.next_id):
        raise NonDeterminismError(
            instance.name, f"history has task {task.task_id}, {task}, but the replay scheduled nothing there"
        )
    walk.plan.is_over = walk.at is not None
    return walk.plan


class _Compound(list["_Awaited"]):
    """A WhenAny or a WhenAll."""

    def __init__(self, kind: int, children: Iterable[_Awaited]) -> None:
        super().__init__(children)
        self.pick = min if kind == ActionType.WHEN_ANY else max


_Awaited: TypeAlias = int | Wait | _Compound | None
"""Where an action was over, None while it is not, or what tells."""


class _Walk:
    """Invokes actions; `at` is the place in the history that it has come to, None once it awaits something."""

    def __init__(self, instance: Instance, functions: DurableFunctions, at: datetime) -> None:
        self.instance = instance
        self.functions = functions
        self.now = at
        self.at: int | None = 0
        self.next_id = 0
        self.plan = Plan()
        self._events = ExternalEvents(instance.tasks.raised)

    def invoke(self, action: Action) -> None:
        """Invokes an action of the list; one behind what is awaited is only held against the history."""
        over = _over(self._visit(action))
        if self.at is not None:
            self.at = None if over is None else max(self.at, over)

    def _visit(self, action: Action) -> _Awaited:
        kind = action["actionType"]
        if kind in _COMPOUND:
            return _Compound(kind, [self._visit(child) for child in action["compoundActions"]])
        if kind == ActionType.CONTINUE_AS_NEW:
            if self.at is not None:
                self.plan.continued_at = self.at
                self.plan.next_input = json.dumps(action["input"])
            return self.at
        if kind == ActionType.WAIT_FOR_EXTERNAL_EVENT:
            return None if self.at is None else self._events.wait(action["externalEventName"], self.at)
        if kind not in _KINDS:
            raise NotSupportedError(_NOT_SUPPORTED.get(kind, f"actions of type {kind}"))
        return self._task(action)

    def _task(self, action: Action) -> int | None:
        while self.instance.tasks.is_made_by_retry(self.next_id):
            self.next_id += 1
        task_id = self.next_id
        self.next_id += 1
        known = self.instance.tasks.get(task_id)
        if known is not None:
            self._verify(known, action)
        if self.at is None:
            return None
        if known is None:
            self.plan.records.append(self._scheduled(task_id, action))
        match action["actionType"]:
            case ActionType.CREATE_TIMER if action["isCanceled"]:
                if known is None or known.is_open:
                    self.plan.cancelled.append(task_id)
                return self.at
            case _:
                return self.instance.tasks.completed_at(task_id)

    def _verify(self, known: Task, action: Action) -> None:
        kind = _KINDS[action["actionType"]]
        name = _name(kind, action)
        # As in the Durable Task Framework the case of a name is no difference.
        if known.kind != kind or known.name.lower() != name.lower():
            scheduled = f"{kind} '{name}'" if name else kind
            raise NonDeterminismError(
                self.instance.name,
                f"history has task {known.task_id}, {known}, but the replay scheduled {scheduled} there",
            )

    def _scheduled(self, task_id: int, action: Action) -> Record:
        kind = _KINDS[action["actionType"]]
        name, at, functions = _name(kind, action), self.now, self.functions
        match kind:
            case "activity":
                if name not in functions.activities:
                    raise FunctionNotFoundError(name, "activity", functions.activities)
                return record(
                    HistoryEventType.TASK_SCHEDULED,
                    at,
                    event_id=task_id,
                    Name=name,
                    Version="",
                    Input=json.dumps([action["input"]]),
                    **_retry(task_id, action),
                )
            case "sub-orchestration":
                if name not in functions.orchestrators:
                    raise FunctionNotFoundError(name, "orchestrator", functions.orchestrators)
                return record(
                    HistoryEventType.SUB_ORCHESTRATION_INSTANCE_CREATED,
                    at,
                    event_id=task_id,
                    Name=name,
                    Version=action.get("version"),
                    InstanceId=self._child_id(task_id, action["instanceId"]),
                    Input=json.dumps(action["input"]),
                    **_retry(task_id, action),
                )
            case "timer":
                fire_at = format_time(parse_time(action["fireAt"]))
                return record(HistoryEventType.TIMER_CREATED, at, event_id=task_id, FireAt=fire_at)

    def _child_id(self, task_id: int, asked_for: str | None) -> str:
        return check_instance_id(asked_for) if asked_for else default_child_id(self.instance, task_id)


def _over(awaited: _Awaited) -> int | None:
    """Where an action was over; asked once all of its children have been invoked."""
    match awaited:
        case Wait():
            return awaited.completed_at()
        case _Compound():
            places = [_over(child) for child in awaited]
            known = [place for place in places if place is not None]
            if awaited.pick is max and len(known) < len(places):
                return None
            return awaited.pick(known, default=None if places else 0)
        case _:
            return awaited


def _name(kind: TaskKind, action: Action) -> str:
    return "" if kind == "timer" else str(action["functionName"])


def _retry(task_id: int, action: Action) -> dict[str, Any]:
    options = action.get("retryOptions")
    if options is None:
        return {}
    interval_ms = options["firstRetryIntervalInMilliseconds"]
    if interval_ms > _LONGEST_DELAY / timedelta(milliseconds=1):
        # In Azure the call is never scheduled, and the orchestrator waits for it for ever.
        rule = f"must be at most {_LONGEST_DELAY.days} days, the longest delay on Azure Storage"
        raise InvalidRequestError("firstRetryIntervalInMilliseconds", interval_ms, rule)
    retry = Retry(
        root=task_id,
        attempt=1,
        interval_ms=interval_ms,
        max_attempts=options["maxNumberOfAttempts"],
        instance_id=action.get("instanceId"),
    )
    return {"Retry": retry.to_record()}
