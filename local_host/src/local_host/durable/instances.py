"""The instances of a task hub: those in memory, those with something to do, and how messages reach them.

One thread uses it, within the transaction that the writer begins and commits. What may happen only after the
commit (start an activity, wake someone who waits for an instance) is collected here until then.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime

from local_host.durable import history
from local_host.durable.errors import InstanceExistsError, InstanceNotFoundError
from local_host.durable.instance import Instance, Message, ParentTask, RuntimeStatus
from local_host.durable.settings import DurableSettings
from local_host.durable.store import Store
from local_host.durable.timers import TimerQueue
from local_host.durable.work import ActivityWork, TurnUnderWay

logger = logging.getLogger(__name__)

_CACHED = 1000
_LOGGED_REASON = 500


class Instances:
    """Loads, creates and finishes instances, and keeps the queue of those that are ready for a turn."""

    def __init__(self, store: Store, settings: DurableSettings, now: Callable[[], datetime]) -> None:
        self.store = store
        self.now = now
        self.timers = TimerQueue()
        self.ready: dict[str, None] = {}
        # A turn that is taken out of here before its outcome came is void.
        self.under_way: dict[str, TurnUnderWay] = {}
        self.activities: list[ActivityWork] = []
        self.finished: list[str] = []
        self._default_version = settings.default_version
        self._may_replace_running = settings.overridable_existing_instance_states == "AnyState"
        self._live: OrderedDict[str, Instance] = OrderedDict()
        self._touched: dict[str, None] = {}

    def recover(self) -> None:
        """Takes up everything that was under way when the last engine on this database ended."""
        self.activities.extend(self.store.activities())
        for fire_at, key in self.store.timers():
            self.timers.add(fire_at, key)
        self.ready.update((instance_id, None) for instance_id in self.store.instances_to_run())
        logger.info(
            "engine_recovered activities=%d timers=%d instances_ready=%d",
            len(self.activities),
            len(self.timers),
            len(self.ready),
        )

    def find(self, instance_id: str) -> Instance:
        """The instance, from memory or storage; InstanceNotFoundError if there is none."""
        instance = self._live.get(instance_id)
        if instance is None:
            instance = self.store.load(instance_id)
            if instance is None:
                raise InstanceNotFoundError(instance_id)
            self._live[instance_id] = instance
        self._live.move_to_end(instance_id)
        return instance

    def status(self, instance_id: str) -> RuntimeStatus | None:
        """The status alone, without loading the history; None if there is no such instance."""
        instance = self._live.get(instance_id)
        return self.store.status(instance_id) if instance is None else instance.status

    def create(
        self, instance_id: str, name: str, input_: str | None, version: str | None, parent: ParentTask | None = None
    ) -> Instance:
        """Makes a pending instance in the place of a finished one of the same id, if there is one.

        One without a version gets the default of host.json and keeps it, also when it continues as new.
        InstanceExistsError if an unfinished one has the id and the settings do not allow to replace it.
        """
        status = self.status(instance_id)
        if status is not None and not status.is_final:
            if not self._may_replace_running:
                raise InstanceExistsError(instance_id, status)
            self.finish(self.find(instance_id), RuntimeStatus.TERMINATED, json.dumps("Replaced by a new instance."))
        if status is not None:
            self.delete(instance_id)
        now = self.now()
        version = self._default_version if version is None else version
        instance = Instance(instance_id, uuid.uuid4().hex, name, version, input_, now, parent=parent)
        self.store.put(instance, now)
        self._live[instance_id] = instance
        self.ready[instance_id] = None
        logger.debug("instance_created instance_id=%s name=%s", instance_id, name)
        return instance

    def delete(self, instance_id: str) -> None:
        """Forgets the instance and all that is of it."""
        self.store.delete(instance_id)
        self.forget(instance_id)

    def forget(self, instance_id: str) -> None:
        """Drops the instance from memory; storage has what is needed to load it again."""
        self._live.pop(instance_id, None)
        self.under_way.pop(instance_id, None)
        self.ready.pop(instance_id, None)
        self._touched.pop(instance_id, None)

    def deliver(self, instance_id: str, message: Message) -> None:
        """Puts a message into an instance's inbox; one for an instance that is gone or finished is dropped."""
        status = self.status(instance_id)
        if status is None or status.is_final:
            logger.debug("message_dropped instance_id=%s status=%s", instance_id, status)
            return
        self.find(instance_id).inbox.append(message)
        self._touched[instance_id] = None
        self.ready[instance_id] = None

    def fire_due_timers(self) -> None:
        """Delivers the timers that are due and still wanted."""
        now = self.now()
        for fire_at, key in self.timers.take_due(now):
            if self.store.delete_timer(key):
                instance_id, execution_id, task_id = key
                self.deliver(instance_id, Message(history.timer_fired(task_id, fire_at, now), execution_id))

    def add_activities(self, works: list[ActivityWork]) -> None:
        """Stores activities, to be started after the commit."""
        self.store.add_activities(works)
        self.activities.extend(works)

    def add_timers(self, instance: Instance, timers: Iterable[tuple[int, datetime]]) -> None:
        """Stores and queues timers."""
        wanted = list(timers)
        self.store.add_timers(instance, wanted)
        for task_id, fire_at in wanted:
            self.timers.add(fire_at, (instance.instance_id, instance.execution_id, task_id))

    def finish(self, instance: Instance, status: RuntimeStatus, output: str | None) -> None:
        """Ends an instance and tells its parent; `output` is JSON text.

        What it has under way goes on, after a restart, too: in Azure an activity is a message that is there until it
        has been run. Nobody hears of its result.
        """
        now = self.now()
        instance.status, instance.output = status, output
        self.store.clear(instance.instance_id, ("inbox", "timers"))
        self.store.update(instance, now)
        self.forget(instance.instance_id)
        self.finished.append(instance.instance_id)
        level = logging.INFO if status is RuntimeStatus.COMPLETED else logging.WARNING
        logger.log(
            level,
            "instance_finished instance_id=%s name=%s status=%s%s",
            instance.instance_id,
            instance.name,
            status,
            "" if status is RuntimeStatus.COMPLETED or output is None else f" reason={output[:_LOGGED_REASON]}",
        )
        if instance.parent is not None:
            self._tell_parent(instance.parent, status, output, now)

    def _tell_parent(self, parent: ParentTask, status: RuntimeStatus, output: str | None, now: datetime) -> None:
        if status is RuntimeStatus.COMPLETED:
            told = history.sub_orchestration_completed(parent.task_id, output, now)
        else:
            reason = "" if output is None else json.loads(output)
            told = history.sub_orchestration_failed(parent.task_id, str(reason), now)
        self.deliver(parent.instance_id, Message(told, parent.execution_id))

    def flush(self) -> None:
        """Before the commit: stores the messages that no turn has read, and lets go of instances long unused."""
        for instance_id in self._touched:
            for message in self.find(instance_id).inbox:
                if message.row_id is None:
                    self.store.add_message(instance_id, message)
        self._touched.clear()
        if len(self._live) > _CACHED:
            idle = [instance_id for instance_id in self._live if instance_id not in self.under_way]
            for instance_id in idle[: len(self._live) - _CACHED]:
                del self._live[instance_id]
