"""What suspends and resumes an instance: messages, which it reads in their order, as in DTFx.

A suspended instance reads nothing else until one of them lets it go on, or ends it (`next_batch`).
"""

from __future__ import annotations

from azure.durable_functions.models.history import HistoryEventType

from local_host.durable.history import ParsedEvent, record
from local_host.durable.instance import Instance, Message, RuntimeStatus
from local_host.durable.instances import Instances

_SWITCHES = (HistoryEventType.EXECUTION_SUSPENDED, HistoryEventType.EXECUTION_RESUMED)


def is_suspension(message: Message) -> bool:
    """Whether what came before it is to be read, and what comes after it is not."""
    return bool(message.record["EventType"] == HistoryEventType.EXECUTION_SUSPENDED)


def next_switch(instance: Instance) -> Message | None:
    """The suspension or resumption that the instance is to read now; None if it is to read something else."""
    if instance.status is not RuntimeStatus.SUSPENDED:
        return instance.inbox[0] if instance.inbox and is_suspension(instance.inbox[0]) else None
    control = (*_SWITCHES, HistoryEventType.EXECUTION_TERMINATED)
    first = next((message for message in instance.inbox if message.record["EventType"] in control), None)
    return first if first is not None and first.record["EventType"] in _SWITCHES else None


def switch(instances: Instances, instance: Instance, order: Message) -> None:
    """Suspends or resumes the instance, in an episode that runs no code; before its first turn there is none."""
    instance.inbox.remove(order)
    instances.store.delete_messages([] if order.row_id is None else [order.row_id])
    instances.ready[instance.instance_id] = None
    resumed = RuntimeStatus.RUNNING if instance.episode else RuntimeStatus.PENDING
    status = RuntimeStatus.SUSPENDED if is_suspension(order) else resumed
    if status is instance.status:
        return
    instance.status, now = status, instances.now()
    if instance.episode > 0:
        instance.last_turn = now if instance.last_turn is None else max(now, instance.last_turn)
        records = [
            record(HistoryEventType.ORCHESTRATOR_STARTED, instance.last_turn),
            order.record,
            record(HistoryEventType.ORCHESTRATOR_COMPLETED, instance.last_turn),
        ]
        instances.store.add_episode(instance.instance_id, instance.episode, records)
        instance.append_episode([ParsedEvent(stored, played=True) for stored in records])
    instances.store.update(instance, now)
