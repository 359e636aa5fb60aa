"""What people do about incidents: acknowledge, resolve, undo; for the API and for the pages."""

import asyncio
import json
from datetime import datetime
from typing import Any, Literal

import azure.durable_functions as df

from nightshift.domain.platform.correlation import current
from nightshift.domain.platform.identity import instance_id
from nightshift.domain.platform.names import INCIDENT_CHANGED, UNDO
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.view import UndoView
from nightshift.domain.response.incident import TRANSITIONS, UNDO_ORDERED, Incident, TimelineEntry
from nightshift.domain.response.messages import UndoRequest
from nightshift.services.platform.instances import ENDED

_UNDONE = "undo-"
PersonsOperation = Literal["acknowledge", "resolve"]


async def move_incident(
    client: df.DurableOrchestrationClient,
    services: Services,
    incident_id: str,
    operation: PersonsOperation,
    *,
    by: str,
    comment: str,
) -> Incident | None:
    """Move an incident by the state table; what has happened already is success. None if there is no such incident.

    Raises:
        TransitionError: its state does not allow it.
    """
    found = await asyncio.to_thread(services.incidents.find, incident_id)
    if found is None:
        return None
    goal = {after for (name, _), after in TRANSITIONS.items() if name == operation}
    entry = TimelineEntry(
        key=f"{operation}-{by}-{found.state}",
        at=services.clock(),
        actor=by,
        what=f"{operation}{f': {comment}' if comment else ''}",
    )

    def change(incident: Incident) -> Incident:
        if incident.state in goal:
            return incident
        moved = incident.transition(operation).with_event(entry)
        acknowledged_by = by if operation == "acknowledge" else incident.acknowledged_by
        return moved.model_copy(update={"acknowledged_by": acknowledged_by})

    changed = await asyncio.to_thread(services.incidents.change, found.model, found.incident_id, change)
    if changed.state == "resolved":
        await notify_change(client, services, changed)
    return changed


async def notify_change(client: df.DurableOrchestrationClient, services: Services, incident: Incident) -> None:
    """Wake the response of an incident that has changed, and those of its symptoms, which waited for it."""
    symptoms = await asyncio.to_thread(services.incidents.symptoms_of, incident.incident_id)
    for waiting in (incident, *symptoms):
        status = await client.get_status(waiting.response)
        if status is not None and status.runtime_status == df.OrchestrationRuntimeStatus.Running:
            await client.raise_event(waiting.response, INCIDENT_CHANGED, {"incident": incident.incident_id})


async def start_undo(
    client: df.DurableOrchestrationClient, services: Services, incident_id: str, *, by: str, comment: str
) -> UndoView | None:
    """Take back what was done about an incident; None if there is no such incident.

    One that goes on is not started a second time. One that has ended may be asked for again: something may have been
    done since, and what was taken back stays so.
    """
    incident = await asyncio.to_thread(services.incidents.find, incident_id)
    if incident is None:
        return None
    instance = undo_instance(incident)
    status = await client.get_status(instance)
    known = status is not None and status.runtime_status is not None and status.runtime_status not in ENDED
    if not known:
        # Before it is started: the sweep looks for what stands here.
        now = services.clock()
        ordered = TimelineEntry(
            key=f"{UNDO_ORDERED}{by}-{now.isoformat()}",
            at=now,
            actor=by,
            what=f"asked for an undo{f': {comment}' if comment else ''}"[:1_000],
        )
        await asyncio.to_thread(
            services.incidents.change, incident.model, incident_id, lambda found: found.with_event(ordered)
        )
        order = UndoRequest(
            model=incident.model,
            incident_id=incident.incident_id,
            actor=by,
            comment=comment,
            order=now.isoformat(),
            trace=current().traceparent,
        )
        await client.start_new(UNDO, instance, order.to_json())
    return UndoView(instance=instance, started=not known, result=None)


async def read_undo(client: df.DurableOrchestrationClient, incident: Incident) -> UndoView | None:
    """Where an undo has got to; None if nobody has asked for one."""
    instance = undo_instance(incident)
    status = await client.get_status(instance)
    if status is None or status.runtime_status is None:
        return None
    ended = status.runtime_status in ENDED
    output = _json(status.output) if ended else None
    result = output if isinstance(output, dict) else {"refused": [str(output)]}
    return UndoView(instance=instance, started=True, result=result if ended else None)


def undone_key(actor: str, order: str) -> str:
    """Key of the timeline entry that says what came of an undo; records of earlier releases have no order in it."""
    return f"{_UNDONE}{actor}-{order}" if order else f"{_UNDONE}{actor}"


def undo_is_recorded(incident: Incident, actor: str, since: datetime) -> bool:
    """Whether the incident says what came of an undo that this actor asked for then."""
    answers = (line for line in incident.timeline if line.key.startswith(_UNDONE) and line.actor == actor)
    return any(line.at >= since and not line.key.startswith(UNDO_ORDERED) for line in answers)


def undo_instance(incident: Incident) -> str:
    """Instance id of the orchestration that undoes what was done about an incident."""
    return instance_id("undo", incident.model, incident.incident_id)


def _json(value: Any) -> Any:
    while isinstance(value, str) and value[:1] in '{["':
        try:
            value = json.loads(value)
        except ValueError:
            break
    return value
