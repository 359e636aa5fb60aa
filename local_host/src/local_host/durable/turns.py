"""The turns of instances that are ready: begun here, computed in the threads of the app, finished here.

As in Azure an orchestrator is a function like any other: its turn waits for a thread behind the activities that hold
them, and at most so many turns are under way at once. The thread that owns the hub only begins turns and finishes
them. It never waits for one, so requests are answered while every thread is busy.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from datetime import datetime

from azure.durable_functions.models.history import HistoryEvent

from local_host.durable import history
from local_host.durable.errors import DurableError, FunctionNotFoundError, InstanceExistsError
from local_host.durable.functions import DurableFunctions
from local_host.durable.instance import Instance, Message, ParentTask, RuntimeStatus
from local_host.durable.instances import Instances
from local_host.durable.replay import Outcome, Replayer, invocation_fields
from local_host.durable.retries import next_batch
from local_host.durable.settings import DurableSettings
from local_host.durable.suspension import next_switch, switch
from local_host.durable.tasks import Tasks
from local_host.durable.turn import begin_turn, finish_turn
from local_host.durable.versions import takes_version
from local_host.durable.work import End, SubOrchestration, Turn, TurnUnderWay

logger = logging.getLogger(__name__)

_SLOW_SECONDS = 1.0

Computed = Callable[[TurnUnderWay, "Future[Outcome]"], None]


class Turns:
    """Begins and finishes turns within the writer's transaction.

    `computed` is called, in any thread, once a turn's outcome is there; its receiver must have `finish` called.
    `ended` counts the turns that `finish` was called for.
    """

    def __init__(
        self,
        instances: Instances,
        functions: DurableFunctions,
        executor: Executor,
        settings: DurableSettings,
        computed: Computed,
    ) -> None:
        self._settings = settings
        self._instances = instances
        self._store = instances.store
        self._functions = functions
        self._executor = executor
        self._limit = settings.max_concurrent_orchestrators
        self._computed = computed
        # Those that have become void hold their place, too, until their thread is free.
        self._computing = 0
        self.ended = 0
        self._replayer = Replayer()

    @property
    def may_begin(self) -> bool:
        """Whether something is ready and a place is free for it."""
        return bool(self._instances.ready) and self._computing < self._limit

    @property
    def are_under_way(self) -> bool:
        """Whether some turn has been begun and not finished."""
        return self._computing > 0

    def begin_ready(self) -> int:
        """Begins turns until nothing is ready or every place is taken; gives how many are computed now."""
        before = self._computing
        while self.may_begin:
            instance_id = next(iter(self._instances.ready))
            del self._instances.ready[instance_id]
            if instance_id not in self._instances.under_way:
                self._begin(self._instances.find(instance_id))
        return self._computing - before

    def _begin(self, instance: Instance) -> None:
        if instance.status.is_final:
            return
        if not takes_version(self._settings, instance.version):
            self._refuse(instance)
            return
        if order := next_switch(instance):
            switch(self._instances, instance, order)
            return
        batch, taken = next_batch(instance)
        if instance.status is RuntimeStatus.SUSPENDED and not batch:
            return
        if not batch and instance.episode > 0:
            self._take_off(instance, taken)
            return
        under_way = TurnUnderWay(instance, begin_turn(instance, batch, self._instances.now()), taken)
        self._instances.under_way[instance.instance_id] = under_way
        handle = self._functions.orchestrators.get(instance.name)
        if handle is None:
            known = self._functions.orchestrators
            self._finish(under_way, FunctionNotFoundError(instance.name, "orchestrator", known))
            return
        events = [*instance.events, *under_way.turn.events]
        self._computing += 1
        future = self._executor.submit(self._compute, handle, invocation_fields(instance), events, instance)
        future.add_done_callback(lambda done: self._computed(under_way, done))

    def _compute(
        self, handle: Callable[..., str], fields: dict[str, object], events: list[HistoryEvent], instance: Instance
    ) -> Outcome:
        """Runs in a thread of the app; of `instance` it reads only what never changes."""
        began = time.monotonic()
        outcome = self._replayer.run(handle, fields, events)
        seconds = time.monotonic() - began
        if seconds > _SLOW_SECONDS:
            # Orchestrators must not wait or compute for long: they hold a thread that everybody shares.
            logger.warning(
                "turn_slow instance_id=%s name=%s seconds=%.1f", instance.instance_id, instance.name, seconds
            )
        return outcome

    def finish(self, under_way: TurnUnderWay, future: Future[Outcome]) -> None:
        """Takes in a turn's outcome, unless the turn has become void meanwhile."""
        self._computing -= 1
        self.ended += 1
        instance_id = under_way.instance.instance_id
        if self._instances.under_way.get(instance_id) is not under_way:
            logger.debug("turn_void instance_id=%s", instance_id)
            return
        error = None if future.cancelled() else future.exception()
        if future.cancelled() or isinstance(error, CancelledError):
            # The threads end before the engine does. Storage has all that the next engine needs to begin it again.
            del self._instances.under_way[instance_id]
            return
        if error is None:
            self._finish(under_way, future.result())
        else:
            del self._instances.under_way[instance_id]
            self._fail(under_way.instance, error)

    def _finish(self, under_way: TurnUnderWay, outcome: Outcome | DurableError) -> None:
        instance, turn = under_way.instance, under_way.turn
        del self._instances.under_way[instance.instance_id]
        self._take_off(instance, under_way.taken)
        try:
            finish_turn(instance, turn, outcome, self._functions)
        except Exception as error:  # noqa: BLE001  # see _fail
            self._fail(instance, error)
        else:
            self._apply(instance, turn, turn.at)

    def _take_off(self, instance: Instance, taken: int) -> None:
        """Takes the messages that a turn has read off the inbox; what came meanwhile is for the next turn."""
        read = [instance.inbox.popleft() for _ in range(taken)]
        self._store.delete_messages([message.row_id for message in read if message.row_id is not None])
        if instance.inbox:
            self._instances.ready[instance.instance_id] = None

    def _fail(self, instance: Instance, error: BaseException) -> None:
        """One instance that the engine cannot handle must not stop the others, now and after every restart."""
        logger.error("turn_failed instance_id=%s name=%s", instance.instance_id, instance.name, exc_info=error)
        self._instances.forget(instance.instance_id)
        reason = f"The engine could not take a turn: {type(error).__name__}: {error}"
        self._instances.finish(self._instances.find(instance.instance_id), RuntimeStatus.FAILED, json.dumps(reason))

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
        instance.append_episode(turn.events)
        instance.custom_status = turn.custom_status
        for task_id in turn.cancelled_timers:
            self._store.delete_timer((instance.instance_id, instance.execution_id, task_id))
        if turn.activities:
            self._instances.add_activities(turn.activities)
        if turn.timers:
            self._instances.add_timers(instance, turn.timers)
        if turn.end is None:
            instance.status = RuntimeStatus.RUNNING
            self._store.update(instance, now)
        elif turn.end.status is RuntimeStatus.CONTINUED_AS_NEW:
            self._continue_as_new(instance, turn.end, now)
        else:
            self._instances.finish(instance, turn.end.status, turn.end.output)
        for child in turn.sub_orchestrations:
            self._start_child(instance, child)

    def _continue_as_new(self, instance: Instance, end: End, now: datetime) -> None:
        self._store.clear(instance.instance_id, ("history", "activities", "timers"))
        instance.execution_id = uuid.uuid4().hex
        instance.status = RuntimeStatus.CONTINUED_AS_NEW
        instance.input = end.output
        instance.episode = 0
        instance.events.clear()
        instance.tasks = Tasks()
        self._store.update(instance, now)
        unread = [*instance.inbox]
        instance.inbox.clear()
        for carried in end.carried_over:
            self._instances.deliver(instance.instance_id, Message(carried))
        instance.inbox.extend(unread)
        self._instances.ready[instance.instance_id] = None

    def _start_child(self, parent: Instance, child: SubOrchestration) -> None:
        """Starts a sub-orchestration; one whose id is taken by an unfinished instance fails."""
        task = ParentTask(parent.instance_id, parent.execution_id, child.task_id)
        try:
            self._instances.create(child.instance_id, child.name, child.input, child.version, task)
        except InstanceExistsError as error:
            refused = history.sub_orchestration_failed(child.task_id, str(error), self._instances.now())
            self._instances.deliver(parent.instance_id, Message(refused, parent.execution_id))
