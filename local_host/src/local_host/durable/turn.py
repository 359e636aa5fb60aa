"""One turn of an orchestration: messages in, the official executor run once, history records and work out.

It has three parts. `begin_turn` makes the events from the messages and changes nothing; the executor computes over
them, in another thread; `finish_turn` reads what it answered and changes the instance. A message that comes between
the first and the last is for the next turn. What replaces or deletes the instance makes the turn void.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime

from azure.durable_functions.models.history import HistoryEventType

from local_host.durable.clock import parse_time
from local_host.durable.errors import DurableError, InvalidRequestError
from local_host.durable.functions import DurableFunctions
from local_host.durable.history import (
    ParsedEvent,
    Record,
    event_raised,
    execution_completed,
    is_termination,
    record,
)
from local_host.durable.instance import Instance, RuntimeStatus
from local_host.durable.plan import Plan, plan_actions
from local_host.durable.replay import Outcome
from local_host.durable.retries import retry_records, starts_retry
from local_host.durable.work import ActivityWork, End, SubOrchestration, Turn

_MAX_CUSTOM_STATUS = 16 * 1024


def begin_turn(instance: Instance, batch: list[Record], now: datetime) -> Turn:
    """The instance's next turn over a batch of messages, with the events that the executor is to see."""
    # An orchestration's clock never goes back, whatever the machine's does.
    at = now if instance.last_turn is None else max(now, instance.last_turn)
    turn = Turn(at, custom_status=instance.custom_status)
    _append(turn, record(HistoryEventType.ORCHESTRATOR_STARTED, at))
    if instance.episode == 0:
        _append(turn, execution_started(instance))
    for message in batch:
        _append(turn, message)
        turn.read.append(message)
        if starts_retry(instance, message):
            for extra in retry_records(instance, message, at):
                _append(turn, extra)
                turn.read.append(extra)
    return turn


def finish_turn(instance: Instance, turn: Turn, outcome: Outcome | DurableError, functions: DurableFunctions) -> None:
    """Completes the turn with what the executor answered; the caller commits it.

    Changes `instance.tasks` and `instance.last_turn`; if it raises, the instance must be read again from storage.
    """
    instance.last_turn = turn.at
    for source in turn.read:
        _take_in(instance, turn, source)
    # As in DTFx the actions of a suspended instance are held back, and here for ever: it has this turn to end in.
    if instance.status is not RuntimeStatus.SUSPENDED:
        _carry_out(instance, turn, outcome, functions)
    # A termination counts before what the orchestrator came to in the same turn, but what that has begun stands.
    termination = next((source for source in turn.read if is_termination(source)), None)
    if termination is not None:
        turn.end = End(RuntimeStatus.TERMINATED, termination["Input"])
    _append(turn, record(HistoryEventType.ORCHESTRATOR_COMPLETED, turn.at))
    if turn.end is not None and turn.end.status is not RuntimeStatus.CONTINUED_AS_NEW:
        _append(turn, execution_completed(turn.end.status, turn.end.output, turn.at))


def _carry_out(instance: Instance, turn: Turn, outcome: Outcome | DurableError, functions: DurableFunctions) -> None:
    try:
        if isinstance(outcome, DurableError):
            raise outcome
        _check_custom_status(outcome.custom_status)
        plan = plan_actions(instance, outcome.actions, functions, turn.at)
    except DurableError as error:
        # The orchestrator cannot catch these, and waiting for what is open would change nothing.
        turn.end = _failed(instance, str(error))
        turn.activities.clear()
        turn.timers.clear()
        turn.sub_orchestrations.clear()
        return
    turn.custom_status = outcome.custom_status
    for scheduled in plan.records:
        _append(turn, scheduled)
        _take_in(instance, turn, scheduled)
    for task_id in plan.cancelled:
        instance.tasks.close(task_id)
        turn.cancelled_timers.append(task_id)
    cancelled = set(plan.cancelled)
    turn.timers = [timer for timer in turn.timers if timer[0] not in cancelled]
    if plan.is_over and not instance.tasks.has_open:
        turn.end = _end(instance, turn, outcome, plan)


def _check_custom_status(text: str | None) -> None:
    """The extension's limit (SetCustomStatus): 16 KB in UTF-16. In Azure, too, breaking it fails the instance."""
    if text is None:
        return
    compact = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    size = len(compact.encode("utf-16-le", "surrogatepass"))
    if size > _MAX_CUSTOM_STATUS:
        rule = f"must not exceed {_MAX_CUSTOM_STATUS} bytes as UTF-16 JSON, and has {size}"
        raise InvalidRequestError("customStatus", compact[:100], rule)


def _end(instance: Instance, turn: Turn, outcome: Outcome, plan: Plan) -> End | None:
    if outcome.error is not None:
        return _failed(instance, outcome.error)
    if plan.continued_at is not None:
        carried_over = _events_after(plan.continued_at, instance, turn)
        return End(RuntimeStatus.CONTINUED_AS_NEW, plan.next_input, carried_over)
    return End(RuntimeStatus.COMPLETED, outcome.output) if outcome.is_done else None


def _failed(instance: Instance, message: str) -> End:
    return End(RuntimeStatus.FAILED, json.dumps(f"Orchestrator function '{instance.name}' failed: {message}"))


def _events_after(continued_at: int, instance: Instance, turn: Turn) -> tuple[Record, ...]:
    """The external events that came after the orchestrator had continued as new, oldest first.

    Those before are gone, read or not: the extension calls ContinueAsNew without `preserveUnprocessedEvents`.
    """
    seen: Counter[str] = Counter()
    after: list[Record] = []
    for event in [*instance.events, *turn.events]:
        if event.event_type != HistoryEventType.EVENT_RAISED:
            continue
        name = event.Name.lower()
        place = instance.tasks.raised[name][seen[name]]
        seen[name] += 1
        if place > continued_at:
            after.append(event_raised(event.Name, event.Input, event.timestamp))
    return tuple(after)


def _append(turn: Turn, source: Record) -> None:
    turn.records.append(source)
    turn.events.append(ParsedEvent(source, played=False))


def _take_in(instance: Instance, turn: Turn, source: Record) -> None:
    """Counts a record that may schedule or complete a task, and notes the work that it asks for."""
    instance.tasks.apply(source)
    match source["EventType"]:
        case HistoryEventType.TASK_SCHEDULED:
            task_id, (argument,) = source["EventId"], json.loads(source["Input"])
            turn.activities.append(
                ActivityWork(instance.instance_id, instance.execution_id, task_id, source["Name"], argument)
            )
        case HistoryEventType.TIMER_CREATED:
            turn.timers.append((source["EventId"], parse_time(source["FireAt"])))
        case HistoryEventType.TIMER_FIRED:
            turn.timers = [timer for timer in turn.timers if timer[0] != source["TimerId"]]
        case HistoryEventType.SUB_ORCHESTRATION_INSTANCE_CREATED:
            turn.sub_orchestrations.append(
                SubOrchestration(
                    source["EventId"], source["Name"], source["InstanceId"], source["Input"], source["Version"]
                )
            )


def execution_started(instance: Instance) -> Record:
    """The record that begins a generation."""
    return record(
        HistoryEventType.EXECUTION_STARTED,
        instance.created,
        Name=instance.name,
        Version=instance.version,
        Input=instance.input,
        OrchestrationInstance={"InstanceId": instance.instance_id, "ExecutionId": instance.execution_id},
        ParentInstance=None
        if instance.parent is None
        else {
            "OrchestrationInstance": {
                "InstanceId": instance.parent.instance_id,
                "ExecutionId": instance.parent.execution_id,
            },
            "TaskScheduleId": instance.parent.task_id,
        },
        Tags=None,
    )
