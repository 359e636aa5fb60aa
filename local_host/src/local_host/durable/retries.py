"""Engine-side retries: a with-retry action appears once, and the engine repeats its task.

After a failure comes a timer, after the timer the next attempt. After the last failure comes one more timer that
fires at once, because the SDK raises the error only when that timer has fired.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

from azure.durable_functions.models.history import HistoryEventType

from local_host.durable.clock import format_time
from local_host.durable.history import Record, is_termination, record, timer_fired
from local_host.durable.instance import Instance, Message, RuntimeStatus
from local_host.durable.suspension import is_suspension
from local_host.durable.tasks import Retry, Task, completed_task_id

_FAILURES = (HistoryEventType.TASK_FAILED, HistoryEventType.SUB_ORCHESTRATION_INSTANCE_FAILED)


def starts_retry(instance: Instance, source: Record) -> bool:
    """Whether the SDK makes a task of its own when it reads this record, so that its turn must hold no other."""
    task_id = completed_task_id(source)
    task = None if task_id is None else instance.tasks.get(task_id)
    return task is not None and task.retry is not None and (task.kind == "timer" or source["EventType"] in _FAILURES)


def next_batch(instance: Instance) -> tuple[list[Record], int]:
    """The records of the next turn's messages, and how many messages of the inbox its end takes off.

    Messages that no longer concern the instance count as taken. The SDK numbers a retry's tasks when it reads the
    failure, but an action's when the orchestrator yields it. Read one at a time both counts agree, so a message
    that starts a retry gets a turn of its own.

    A suspended instance reads nothing but that it is terminated, and has no turn otherwise.
    """
    if instance.status is RuntimeStatus.SUSPENDED:
        return [message.record for message in instance.inbox if is_termination(message.record)], 0
    batch: list[Record] = []
    taken = 0
    for message in instance.inbox:
        if is_suspension(message):
            break
        is_current = _is_current(instance, message, batch)
        alone = is_current and starts_retry(instance, message.record)
        if alone and batch:
            break
        taken += 1
        if is_current:
            batch.append(message.record)
        if alone:
            break
    return batch, taken


def _is_current(instance: Instance, message: Message, batch: list[Record]) -> bool:
    if message.execution_id is not None and message.execution_id != instance.execution_id:
        return False
    task_id = completed_task_id(message.record)
    if task_id is None:
        return True
    return instance.tasks.is_open(task_id) and all(completed_task_id(earlier) != task_id for earlier in batch)


def retry_records(instance: Instance, source: Record, at: datetime) -> list[Record]:
    """What the engine adds after a record for which `starts_retry` holds."""
    task_id = completed_task_id(source)
    task = None if task_id is None else instance.tasks.get(task_id)
    if task is None or task.retry is None:
        raise ValueError(f"record {source!r} starts no retry")
    next_id = instance.tasks.next_id
    if task.kind == "timer":
        return [_next_attempt(instance, task.retry, next_id, at)]
    is_last = task.retry.attempt >= task.retry.max_attempts
    fire_at = at if is_last else at + timedelta(milliseconds=task.retry.interval_ms)
    timer = record(
        HistoryEventType.TIMER_CREATED,
        at,
        event_id=next_id,
        FireAt=format_time(fire_at),
        Retry=task.retry.to_record(),
    )
    return [timer, timer_fired(next_id, fire_at, at)] if is_last else [timer]


def _next_attempt(instance: Instance, last: Retry, task_id: int, at: datetime) -> Record:
    root = instance.tasks.get(last.root)
    if root is None:
        raise ValueError(f"instance {instance.instance_id!r} has no task {last.root}, whose attempt is due")
    retry = replace(last, attempt=last.attempt + 1)
    if root.kind == "sub-orchestration":
        return sub_orchestration_created(instance, task_id, root, retry, at)
    return record(
        HistoryEventType.TASK_SCHEDULED,
        at,
        event_id=task_id,
        Name=root.name,
        Version="",
        Input=json.dumps([root.input]),
        Retry=retry.to_record(),
    )


def sub_orchestration_created(instance: Instance, task_id: int, root: Task, retry: Retry, at: datetime) -> Record:
    """The record of a further attempt at a sub-orchestration."""
    return record(
        HistoryEventType.SUB_ORCHESTRATION_INSTANCE_CREATED,
        at,
        event_id=task_id,
        Name=root.name,
        Version=None,
        InstanceId=retry.instance_id or default_child_id(instance, task_id),
        Input=root.input,
        Retry=retry.to_record(),
    )


def default_child_id(instance: Instance, task_id: int) -> str:
    """The id of a sub-orchestration for which the orchestrator names none."""
    return f"{instance.execution_id}:{task_id}"
