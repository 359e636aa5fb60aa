"""Runs an orchestrator through the official executor over a history of ready-made events."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from azure.durable_functions.models import DurableOrchestrationContext
from azure.durable_functions.models.history import HistoryEvent
from azure.durable_functions.orchestrator import Orchestrator

from local_host.durable.instance import Instance

# The SDK gives this warning, and keeps the event, when an event is raised before the orchestrator waits for it.
warnings.filterwarnings("ignore", message="Potential duplicate Task completion", category=UserWarning)

_STATE_LABEL = "\n\n$OutOfProcData$:"
_SCHEMA_V1, _SCHEMA_V3 = 1, 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the executor answered: every action of this generation so far, and whether the orchestrator ended.

    `output` and `custom_status` are JSON text; `error` is the message of what the orchestrator raised.
    """

    is_done: bool
    actions: Sequence[dict[str, Any]]
    output: str | None = None
    custom_status: str | None = None
    error: str | None = None


class PreparsedContext(DurableOrchestrationContext):  # type: ignore[misc]  # the SDK has no types
    """The official context, given events instead of the document that it would parse into the same events."""

    def __init__(self, events: list[HistoryEvent], **document: Any) -> None:
        self._preparsed = events
        super().__init__(history=[], **document)
        self._histories = events
        self._version = self._extract_version_from_history(events)

    @property
    def histories(self) -> list[HistoryEvent]:
        return self._preparsed


def invocation_fields(instance: Instance) -> dict[str, Any]:
    """The fields of the invocation document beside its history, as the .NET extension on Azure Storage writes them.

    The two timer durations make the SDK cut a timer of more than 6 days into timers of 3.
    """
    return {
        "input": instance.context_input(),
        "instanceId": instance.instance_id,
        "isReplaying": instance.episode > 0,
        "parentInstanceId": None if instance.parent is None else instance.parent.instance_id,
        "upperSchemaVersion": _SCHEMA_V1,
        "upperSchemaVersionNew": _SCHEMA_V3,
        "longRunningTimerIntervalDuration": "3.00:00:00",
        "maximumShortTimerDuration": "6.00:00:00",
        "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
    }


class Replayer:
    """Runs turns, in any thread; keeps one official Orchestrator for each function and thread."""

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def run(self, handle: Callable[..., str], fields: dict[str, Any], events: list[HistoryEvent]) -> Outcome:
        """Replays `events` through the orchestrator whose `Orchestrator.create` handle is given.

        `fields` are the instance's `invocation_fields`. Neither they nor the events are changed.
        """
        orchestrator = self._orchestrator(handle)
        context = PreparsedContext(events, **fields)
        context._input_expected_type = getattr(handle, "_df_input_type", None)
        # The executor keeps the state of its last run; this is its own way to begin another.
        orchestrator.task_orchestration_executor.initialize()
        try:
            answer = orchestrator.handle(context)
        except Exception as error:  # noqa: BLE001  # the user's code: whatever it raises is the instance's failure
            return failed_outcome(error)
        return read_outcome(answer)

    def _orchestrator(self, handle: Callable[..., str]) -> Orchestrator:
        # The executor keeps the state of the run under way, so two threads must never share one.
        known: dict[Callable[..., str], Orchestrator] = self._of_thread.__dict__.setdefault("orchestrators", {})
        if handle not in known:
            known[handle] = Orchestrator(handle.orchestrator_function)  # type: ignore[attr-defined]
        return known[handle]


def read_outcome(answer: str) -> Outcome:
    """The outcome in an invocation's answer (schema V2 or V3)."""
    state = json.loads(answer)
    return Outcome(
        is_done=state["isDone"],
        actions=state["actions"][0],
        output=json.dumps(state["output"]) if "output" in state else None,
        custom_status=json.dumps(state["customStatus"]) if "customStatus" in state else None,
        error=state.get("error"),
    )


def failed_outcome(error: Exception) -> Outcome:
    """The outcome of an invocation that raised; the executor puts the state into the message of what it raises."""
    message, label, state = str(error).rpartition(_STATE_LABEL)
    if label:
        outcome = read_outcome(state)
        return Outcome(False, outcome.actions, None, outcome.custom_status, outcome.error or message)
    # Raised outside the executor's care, as by an orchestrator that is not a generator.
    return Outcome(False, (), error=str(error) or type(error).__name__)
