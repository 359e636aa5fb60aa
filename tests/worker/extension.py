"""Does with an orchestrator's actions what the .NET extension does, in virtual time, one answer after the other.

The extension awaits the actions of an answer in their order: what stands behind an unfinished one is not begun. So an
orchestrator that leaves a timer running in front of its next step is late here, as it is in Azure.
Source: azure-functions-durable-extension, OutOfProcOrchestrationShim.ProcessAsyncActionsV2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from azure.durable_functions.models.actions import ActionType

from local_host.durable.clock import parse_time
from tests.worker.extension_history import ExtensionHistory, Record

Answer = Mapping[str, Any]
Orchestrator = Callable[[Record], Answer]
Action = Mapping[str, Any]
Path = tuple[int, ...]

_ACTIVITIES = (ActionType.CALL_ACTIVITY, ActionType.CALL_ACTIVITY_WITH_RETRY)
_COMPOUND = {ActionType.WHEN_ANY: any, ActionType.WHEN_ALL: all}
_ANSWER_TIME = timedelta(seconds=1)
_TURNS = 200


@dataclass(frozen=True)
class Step:
    """An activity or sub-orchestration that was begun, and when."""

    name: str
    at: datetime


@dataclass
class Scenario:
    """What happens to an orchestration from outside.

    Attributes:
        answers: of each activity and sub-orchestration, used up from the front, the last one repeated; an exception
            is what it raises.
        events: external events, each at its time after the start.
    """

    answers: Mapping[str, Sequence[Any]]
    events: Sequence[tuple[timedelta, str, Any]] = ()


@dataclass
class _Task:
    action: Action
    attempt: int = 1
    done: bool = False


@dataclass
class Played:
    """What came of an orchestration: the document and the answer of each turn, and what was begun."""

    turns: list[tuple[Record, Answer]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def last(self) -> Answer:
        """The answer of the last turn."""
        return self.turns[-1][1]


class StuckError(Exception):
    """An orchestration waits for something that never comes."""


def play(history: ExtensionHistory, scenario: Scenario, orchestrator: Orchestrator) -> Played:
    """Run an orchestration to its end.

    Raises:
        StuckError: it waits for nothing that the scenario has.
    """
    return _Extension(history, scenario, orchestrator).run()


class _Extension:
    def __init__(self, history: ExtensionHistory, scenario: Scenario, orchestrator: Orchestrator) -> None:
        self.history, self.orchestrator = history, orchestrator
        self.answers = {name: list(answers) for name, answers in scenario.answers.items()}
        self.events = [(history.now + after, name, data) for after, name, data in scenario.events]
        self.raised: set[str] = set()
        self.tasks: dict[Path, _Task] = {}
        self.open: dict[int, tuple[datetime, _Task]] = {}
        self.played = Played()

    def run(self) -> Played:
        """Turn after turn."""
        for _ in range(_TURNS):
            document = self.history.document()
            answer = self.orchestrator(document)
            self.played.turns.append((document, answer))
            if answer["isDone"] or answer.get("error") or self._continues(answer):
                return self.played
            self._begin(answer["actions"][0])
            self.history.turn_ends()
            self._next_turn(answer["actions"][0])
        raise StuckError(f"no end after {_TURNS} turns")

    @staticmethod
    def _continues(answer: Answer) -> bool:
        return any(action["actionType"] == ActionType.CONTINUE_AS_NEW for action in answer["actions"][0])

    def _begin(self, actions: Sequence[Action]) -> None:
        """Begin what is new, up to the first action that is not finished."""
        for number, action in enumerate(actions):
            self._schedule((number,), action)
            if not self._finished((number,), action):
                return

    def _schedule(self, path: Path, action: Action) -> None:
        kind = action["actionType"]
        if kind in _COMPOUND:
            for number, child in enumerate(action["compoundActions"]):
                self._schedule((*path, number), child)
            return
        known = self.tasks.get(path)
        if known is not None:
            known.action = action
            return
        task = self.tasks[path] = _Task(action)
        if kind in _ACTIVITIES:
            self._begin_activity(task)
        elif kind == ActionType.CALL_SUB_ORCHESTRATOR:
            child = self.history.schedule_child(action["functionName"], action["instanceId"], action["input"])
            self._opened(child, _ANSWER_TIME, task, action["functionName"])
        elif kind == ActionType.CREATE_TIMER:
            fire_at = parse_time(action["fireAt"])
            self.open[self.history.create_timer(fire_at)] = (fire_at, task)
        elif kind != ActionType.WAIT_FOR_EXTERNAL_EVENT:
            raise StuckError(f"an action of type {kind}: the project has none of these")

    def _begin_activity(self, task: _Task) -> None:
        name = task.action["functionName"]
        self._opened(self.history.schedule_activity(name, task.action["input"]), _ANSWER_TIME, task, name)

    def _opened(self, number: int, takes: timedelta, task: _Task, name: str) -> None:
        self.open[number] = (self.history.now + takes, task)
        self.played.steps.append(Step(name, self.history.now))

    def _finished(self, path: Path, action: Action) -> bool:
        kind = action["actionType"]
        if kind in _COMPOUND:
            children = enumerate(action["compoundActions"])
            return _COMPOUND[kind](self._finished((*path, number), child) for number, child in children)
        if kind == ActionType.WAIT_FOR_EXTERNAL_EVENT:
            return action["externalEventName"] in self.raised
        return self.tasks[path].done or bool(action.get("isCanceled"))

    def _next_turn(self, actions: Sequence[Action]) -> None:
        """The earliest thing that happens next: an answer, a timer, an event."""
        due = {
            number: at for number, (at, task) in self.open.items() if not task.action.get("isCanceled", False)
        }  # fmt: skip
        first = min(due, key=lambda number: (due[number], number), default=None)
        if self.events and (first is None or self.events[0][0] < due[first]):
            at, name, data = self.events.pop(0)
            self.history.turn_begins(at)
            self.history.raise_event(name, data)
            self.raised.add(name)
            return
        if first is None:
            waits = [action for action in actions if action["actionType"] not in _ACTIVITIES]
            raise StuckError(f"nothing is under way, and it waits for {waits}")
        at, task = self.open.pop(first)
        self.history.turn_begins(at)
        self._happened(first, at, task)

    def _happened(self, number: int, at: datetime, task: _Task) -> None:
        kind = task.action["actionType"]
        retries = kind == ActionType.CALL_ACTIVITY_WITH_RETRY
        if kind == ActionType.CREATE_TIMER:
            self.history.fire_timer(number, at)
            task.done = True
        elif retries and self._is_timer(number):
            self.history.fire_timer(number, at)
            if task.attempt > task.action["retryOptions"]["maxNumberOfAttempts"]:
                task.done = True
            else:
                self._begin_activity(task)
        else:
            self._answered(number, task)

    def _answered(self, number: int, task: _Task) -> None:
        action = task.action
        answers = self.answers[action["functionName"]]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            self.history.fail_activity(number, f"Exception while executing function: {answer}")
            # After each failure comes a timer, after the last one, too: only when that has fired the error is raised.
            task.attempt += 1
            options = action["retryOptions"]
            last = task.attempt > options["maxNumberOfAttempts"]
            pause = timedelta() if last else timedelta(milliseconds=options["firstRetryIntervalInMilliseconds"])
            fire_at = self.history.now + pause
            self.open[self.history.create_timer(fire_at)] = (fire_at, task)
        elif action["actionType"] == ActionType.CALL_SUB_ORCHESTRATOR:
            self.history.complete_child(number, answer)
            task.done = True
        else:
            self.history.complete_activity(number, answer)
            task.done = True

    def _is_timer(self, number: int) -> bool:
        return any(record["EventId"] == number and "FireAt" in record for record in self.history.records)
