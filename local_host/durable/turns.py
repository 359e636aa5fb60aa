"""Runs the turns of instances that are ready, and stores what they decided."""

from __future__ import annotations

import json
import logging
import time
import uuid
from datetime import datetime

from azure.durable_functions.models.history import HistoryEventType

from local_host.durable import history
from local_host.durable.entities import Entities
from local_host.durable.errors import InstanceExistsError
from local_host.durable.functions import DurableFunctions
from local_host.durable.instance import Instance, Message, ParentTask, RuntimeStatus
from local_host.durable.instances import Instances
from local_host.durable.replay import Replayer
from local_host.durable.retries import take_batch
from local_host.durable.settings import DurableSettings
from local_host.durable.tasks import Tasks
from local_host.durable.turn import take_turn
from local_host.durable.versions import takes_version
from local_host.durable.work import End, SubOrchestration, Turn

logger = logging.getLogger(__name__)

_SLOW_SECONDS = 1.0


class Turns:
    """Takes turns within the writer's transaction."""

    def __init__(
        self, instances: Instances, entities: Entities, functions: DurableFunctions, settings: DurableSettings
    ) -> None:
        self._settings = settings
        self._instances = instances
        self._store = instances.store
        self._entities = entities
        self._functions = functions
        self._replayer = Replayer()

    def run_ready(self, limit: int, seconds: float) -> None:
        """Takes turns until nothing is ready, `limit` turns are taken or `seconds` have passed; at least one."""
        ready = self._instances.ready
        deadline = time.monotonic() + seconds
        for _ in range(limit):
            instance_id = next(iter(ready), None)
            if instance_id is None:
                return
            del ready[instance_id]
            self._run(self._instances.find(instance_id))
            if time.monotonic() > deadline:
                return

    def _run(self, instance: Instance) -> None:
        if instance.status is RuntimeStatus.SUSPENDED or instance.status.is_final:
            return
        if not self.takes(instance):
            self._refuse(instance)
            return
        for message in instance.inbox:
            if message.record["EventType"] == HistoryEventType.EXECUTION_TERMINATED:
                # It came while no engine of this version was there.
                self._instances.finish(instance, RuntimeStatus.TERMINATED, message.record["Input"])
                return
        batch, read_rows = take_batch(instance)
        self._store.delete_messages(read_rows)
        if instance.inbox:
            self._instances.ready[instance.instance_id] = None
        if not batch and instance.episode > 0:
            return
        now, began = self._instances.now(), time.monotonic()
        try:
            turn = take_turn(instance, batch, self._functions, self._replayer, now)
        except Exception as error:
            # One instance that the engine cannot handle must not stop the others, now and after every restart.
            logger.exception("turn_failed instance_id=%s name=%s", instance.instance_id, instance.name)
            self._instances.forget(instance.instance_id)
            reason = f"The engine could not take a turn: {type(error).__name__}: {error}"
            self._instances.finish(self._instances.find(instance.instance_id), RuntimeStatus.FAILED, json.dumps(reason))
            return
        seconds = time.monotonic() - began
        if seconds > _SLOW_SECONDS:
            # Orchestrators must not wait or compute for long: every other instance waits meanwhile.
            logger.warning(
                "turn_slow instance_id=%s name=%s seconds=%.1f", instance.instance_id, instance.name, seconds
            )
        self._apply(instance, turn, now)

    def takes(self, instance: Instance) -> bool:
        """Whether this engine takes turns of an instance, by its version."""
        return takes_version(self._settings, instance.version)

    def _refuse(self, instance: Instance) -> None:
        """Leaves an instance of a version that is not taken as it is, messages included, or fails it."""
        logger.warning(
            "version_not_taken instance_id=%s name=%s version=%s default_version=%s strategy=%s",
            instance.instance_id,
            instance.name,
            instance.version,
            self._settings.default_version,
            self._settings.version_failure_strategy,
        )
        if self._settings.version_failure_strategy == "Fail":
            reason = "VersionMismatch: Orchestration version did not comply with Worker Versioning"
            self._instances.finish(instance, RuntimeStatus.FAILED, json.dumps(reason))

    def _apply(self, instance: Instance, turn: Turn, now: datetime) -> None:
        self._store.add_episode(instance.instance_id, instance.episode, turn.records)
        if turn.error is not None and instance.error_episode is None:
            instance.error_episode = instance.episode
        instance.append_episode(turn.events)
        instance.custom_status = turn.custom_status
        for task_id in turn.cancelled_timers:
            self._store.delete_timer((instance.instance_id, instance.execution_id, task_id))
        if turn.activities:
            self._instances.add_activities(turn.activities)
        if turn.timers:
            self._instances.add_timers(instance, turn.timers)
        for request in turn.entity_requests:
            self._entities.signal(request)
        if turn.end is None:
            instance.status = RuntimeStatus.RUNNING
            self._store.update(instance, now)
        elif turn.end.status is RuntimeStatus.CONTINUED_AS_NEW:
            self._continue_as_new(instance, turn.end, now)
        else:
            self._instances.finish(instance, turn.end.status, turn.end.output)
        for child in turn.sub_orchestrations:
            self.start_child(instance, child)

    def _continue_as_new(self, instance: Instance, end: End, now: datetime) -> None:
        self._store.clear(instance.instance_id, ("history", "activities", "timers"))
        instance.execution_id = uuid.uuid4().hex
        instance.status = RuntimeStatus.CONTINUED_AS_NEW
        instance.input = end.output
        instance.episode = 0
        instance.error_episode = None
        instance.events.clear()
        instance.tasks = Tasks()
        self._store.update(instance, now)
        unread = [*instance.inbox]
        instance.inbox.clear()
        for carried in end.carried_over:
            self._instances.deliver(instance.instance_id, Message(carried))
        instance.inbox.extend(unread)
        self._instances.ready[instance.instance_id] = None

    def start_child(self, parent: Instance, child: SubOrchestration) -> None:
        """Starts a sub-orchestration; one whose id is taken by an unfinished instance fails."""
        task = ParentTask(parent.instance_id, parent.execution_id, child.task_id)
        try:
            self._instances.create(child.instance_id, child.name, child.input, child.version, task)
        except InstanceExistsError as error:
            refused = history.sub_orchestration_failed(child.task_id, str(error), self._instances.now())
            self._instances.deliver(parent.instance_id, Message(refused, parent.execution_id))
