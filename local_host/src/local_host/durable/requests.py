"""What clients ask of instances: start, raise events, terminate, suspend, resume, purge."""

from __future__ import annotations

from azure.durable_functions.models.history import HistoryEventType

from local_host.durable import history
from local_host.durable.errors import (
    FunctionNotFoundError,
    InstanceNotFoundError,
    InstanceStateError,
)
from local_host.durable.functions import DurableFunctions
from local_host.durable.instance import Message, RuntimeStatus
from local_host.durable.instance_id import check_instance_id, new_instance_id
from local_host.durable.instances import Instances


class Requests:
    """Client operations, within the writer's transaction; each raises a DurableError before it changes anything."""

    def __init__(self, instances: Instances, functions: DurableFunctions) -> None:
        self._instances = instances
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

    def purge(self, instance_id: str) -> int:
        """Deletes an instance, whatever its status; gives 1. What it has under way goes on, to no effect."""
        self._status(instance_id)
        self._instances.delete(instance_id)
        # Who waits for its end must hear that none will come.
        self._instances.finished.append(instance_id)
        return 1

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
