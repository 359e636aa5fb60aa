"""What clients ask of instances: start, raise events, terminate, suspend, resume, rewind, restart, purge."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from azure.durable_functions.models.history import HistoryEventType

from local_host.durable import history
from local_host.durable.clock import parse_time
from local_host.durable.errors import (
    FunctionNotFoundError,
    InstanceExistsError,
    InstanceNotFoundError,
    InstanceStateError,
)
from local_host.durable.functions import DurableFunctions
from local_host.durable.instance import Instance, Message, RuntimeStatus
from local_host.durable.instance_id import check_instance_id, new_instance_id
from local_host.durable.instances import Instances
from local_host.durable.rewind import find_rewind_point
from local_host.durable.tasks import Task, completed_task_id
from local_host.durable.turns import Turns
from local_host.durable.work import ActivityWork, SubOrchestration

logger = logging.getLogger(__name__)


class Requests:
    """Client operations, within the writer's transaction; each raises a DurableError before it changes anything."""

    def __init__(self, instances: Instances, turns: Turns, functions: DurableFunctions) -> None:
        self._instances = instances
        self._store = instances.store
        self._turns = turns
        self._functions = functions

    def start(self, name: str, input_: str | None, instance_id: str | None, version: str | None) -> str:
        """Starts an instance and gives its id; `input_` is JSON text."""
        if name not in self._functions.orchestrators:
            raise FunctionNotFoundError(name, "orchestrator", self._functions.orchestrators)
        identity = new_instance_id() if instance_id is None else check_instance_id(instance_id)
        self._instances.create(identity, name, input_, version)
        return identity

    def raise_event(self, instance_id: str, name: str, data: str | None) -> None:
        """Sends an external event; `data` is JSON text."""
        self._unfinished(instance_id, "raise an event for")
        self._instances.deliver(instance_id, Message(history.event_raised(name, data, self._instances.now())))

    def terminate(self, instance_id: str, reason: str) -> None:
        """Tells an instance to end, which its next turn does; what it has under way elsewhere is not stopped.

        Until then it has the status that it had, and its id is taken.
        """
        self._unfinished(instance_id, "terminate")
        self._instances.deliver(instance_id, Message(history.execution_terminated(reason, self._instances.now())))

    def suspend(self, instance_id: str, reason: str) -> None:
        """Tells an instance to take no more turns until it is resumed; what it is sent from now on waits."""
        self._unfinished(instance_id, "suspend")
        status = self._status(instance_id)
        if status is RuntimeStatus.SUSPENDED:
            raise InstanceStateError(instance_id, status, "suspend", "Running, Pending or ContinuedAsNew")
        self._send(instance_id, HistoryEventType.EXECUTION_SUSPENDED, reason)

    def resume(self, instance_id: str, reason: str) -> None:
        """Tells a suspended instance to go on."""
        self._unfinished(instance_id, "resume")
        status = self._status(instance_id)
        if status is not RuntimeStatus.SUSPENDED:
            raise InstanceStateError(instance_id, status, "resume", "Suspended")
        self._send(instance_id, HistoryEventType.EXECUTION_RESUMED, reason)

    def restart(self, instance_id: str, *, with_new_instance_id: bool) -> str:
        """Starts the instance's orchestrator again with its first input; gives the id of the new instance."""
        instance = self._instances.find(instance_id)
        if not with_new_instance_id and not instance.status.is_final:
            raise InstanceExistsError(instance_id, instance.status)
        # As a new one, which has today's version and not that of the instance before.
        return self.start(instance.name, instance.input, None if with_new_instance_id else instance_id, None)

    def purge(self, instance_id: str) -> int:
        """Deletes an instance, whatever its status; gives 1. What it has under way goes on, to no effect."""
        self._status(instance_id)
        self._delete([instance_id])
        return 1

    def purge_by(self, created_from: datetime, created_to: datetime, statuses: Iterable[RuntimeStatus]) -> int:
        """Deletes the instances created in this span with one of these statuses; gives how many.

        Of the statuses only the final ones count. Without any of them the span alone decides and takes instances
        that run, too, as the Azure Storage provider has it (AzureTableTrackingStore.PurgeInstanceHistoryAsync).
        """
        found = self._store.created_in(created_from, created_to, {status for status in statuses if status.is_final})
        self._delete(found)
        return len(found)

    def _delete(self, instance_ids: Iterable[str]) -> None:
        for instance_id in instance_ids:
            self._instances.delete(instance_id)
            # Who waits for its end must hear that none will come.
            self._instances.finished.append(instance_id)

    def rewind(self, instance_id: str, reason: str) -> None:
        """Takes a failed instance back to before its failure and lets it try again."""
        status = self._status(instance_id)
        if status is not RuntimeStatus.FAILED:
            raise InstanceStateError(instance_id, status, "rewind", "Failed")
        failed = self._instances.find(instance_id)
        last = max(failed.episode - 1, 0)
        point = find_rewind_point(
            self._store.episodes(instance_id), last if failed.error_episode is None else failed.error_episode
        )
        self._store.cut_history(instance_id, point.episode)
        self._instances.forget(instance_id)
        instance = self._instances.find(instance_id)
        instance.status = RuntimeStatus.RUNNING if instance.episode else RuntimeStatus.PENDING
        instance.output = instance.error_episode = None
        now = self._instances.now()
        self._store.update(instance, now)
        logger.info("instance_rewound instance_id=%s episode=%d reason=%s", instance_id, point.episode, reason)
        for redelivered in point.redelivered:
            self._instances.deliver(instance_id, Message(redelivered, instance.execution_id))
        ended = {completed_task_id(redelivered) for redelivered in point.redelivered}
        self._run_again(instance, [task for task in instance.tasks.open_tasks() if task.task_id not in ended], reason)
        mark = history.record(HistoryEventType.GENERIC_EVENT, now, Data=f"Rewound: {reason}")
        self._instances.deliver(instance_id, Message(mark, instance.execution_id))

    def _run_again(self, instance: Instance, tasks: Iterable[Task], reason: str) -> None:
        for task in tasks:
            if task.kind == "timer" and task.fire_at is not None:
                self._instances.add_timers(instance, [(task.task_id, parse_time(task.fire_at))])
            elif task.kind == "sub-orchestration" and task.instance_id is not None:
                self._run_child_again(instance, task, task.instance_id, reason)
            else:
                work = ActivityWork(instance.instance_id, instance.execution_id, task.task_id, task.name, task.input)
                self._instances.add_activities([work])

    def _run_child_again(self, instance: Instance, task: Task, child_id: str, reason: str) -> None:
        status = self._instances.status(child_id)
        if status is RuntimeStatus.FAILED:
            self.rewind(child_id, reason)
        elif status is RuntimeStatus.COMPLETED:
            output, now = self._instances.find(child_id).output, self._instances.now()
            told = history.sub_orchestration_completed(task.task_id, output, now)
            self._instances.deliver(instance.instance_id, Message(told, instance.execution_id))
        elif status is None or status.is_final:
            self._turns.start_child(instance, SubOrchestration(task.task_id, task.name, child_id, task.input, None))

    def _send(self, instance_id: str, event_type: HistoryEventType, reason: str) -> None:
        told = history.record(event_type, self._instances.now(), Reason=reason)
        self._instances.deliver(instance_id, Message(told))

    def _status(self, instance_id: str) -> RuntimeStatus:
        status = self._instances.status(instance_id)
        if status is None:
            raise InstanceNotFoundError(instance_id)
        return status

    def _unfinished(self, instance_id: str, operation: str) -> None:
        status = self._status(instance_id)
        if status.is_final:
            raise InstanceStateError(instance_id, status, operation, "unfinished")
