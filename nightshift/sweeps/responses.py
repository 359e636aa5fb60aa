"""Find responses and undos that broke off: their order stands in an incident, and nobody carries it out any more."""

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import azure.durable_functions as df
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from activities.response.mitigations.notify_on_call import notify_on_call
from nightshift.domain.ledger.bodies import BrokenOffBody, record
from nightshift.domain.ledger.ledger import ACTOR
from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.correlation import correlate, current
from nightshift.domain.platform.names import RESPONSE
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import FIRED_AGAIN, UNDO_ORDERED, Incident, TimelineEntry
from nightshift.domain.response.messages import MitigateRequest, ResponseInput
from nightshift.domain.response.mitigations import NOTIFYING, VERIFIED
from nightshift.domain.watch.sweep import Swept
from nightshift.services.notifications.notify import notify
from nightshift.services.platform.instances import BROKEN_OFF
from nightshift.services.response.incident_commands import undo_instance, undo_is_recorded
from nightshift.services.response.record_alert import playbook_of

logger = logging.getLogger(__name__)

# Somebody may be about to start it: Service Bus delivers an alert again when its first delivery broke off.
_GRACE = timedelta(minutes=10)
_NOT_NOTIFIED = "its response has ended without this notification, which the playbook orders"


@dataclass(frozen=True)
class _Order:
    """An orchestration that an incident calls for.

    Attributes:
        begun: whether the incident shows that it has done something.
        owes: whether the incident shows that it has not come to its end.
    """

    kind: Literal["response", "undo"]
    instance: str
    since: datetime
    begun: bool
    owes: bool


async def watch_responses(client: df.DurableOrchestrationClient, services: Services) -> Swept:
    """Check what every incident calls for; one that cannot be checked holds up no other.

    One that goes on is left alone, however long it takes. A response that was never started is started. Everything else
    that has failed or is gone with its work undone is a person's now: on-call is paged, once for each end.
    An incident whose response has ended without the notification that the playbook orders has it sent.
    """
    found, failed = 0, []
    for incident in await asyncio.to_thread(services.incidents.unfinished):
        correlate(incident.incident_id)
        for order in _orders(incident):
            try:
                found += await _watch(client, services, incident, order)
            except Exception:
                logger.exception("response_not_watched instance=%s model=%s", order.instance, incident.model)
                failed.append(order.instance)
    return Swept(found=found, problem=f"not checked: {', '.join(failed)}"[:1_000] if failed else "")


def _orders(incident: Incident) -> Iterator[_Order]:
    recorded = incident.timeline
    owes = any(action.state == "begun" for action in incident.actions) or incident.leased or _unverified(incident)
    planned = any(entry.verdict is not None for entry in recorded)
    if incident.armed and (incident.state != "resolved" or owes):
        begun = planned or bool(incident.actions)
        left = any(entry.verdict == "leave" for entry in recorded)
        unanswered = owes or (not incident.actions and not left)
        yield _Order("response", incident.response, incident.recorded_at, begun, unanswered)
    for entry in recorded:
        if entry.key.startswith(FIRED_AGAIN) and incident.state != "resolved":
            # All that it does is to page, and that stands in the incident: a page, after it fired again.
            page = incident.action("page")
            paged = page is not None and page.at >= entry.at
            instance = f"{incident.response}-{entry.key.removeprefix(FIRED_AGAIN)}"
            yield _Order("response", instance, entry.at, begun=True, owes=not paged)
    asked = [entry for entry in recorded if entry.key.startswith(UNDO_ORDERED)]
    if asked:
        last = max(asked, key=lambda entry: entry.at)
        done = undo_is_recorded(incident, last.actor, last.at)
        yield _Order("undo", undo_instance(incident), last.at, begun=True, owes=not done)


def _unverified(incident: Incident) -> bool:
    """Whether nobody has said yet that the signal has recovered, or notified a person that it has not."""
    acted = any(action.mitigation in VERIFIED and action.state == "done" for action in incident.actions)
    return acted and incident.state == "mitigated" and incident.action("page") is None


async def _watch(client: df.DurableOrchestrationClient, services: Services, incident: Incident, order: _Order) -> bool:
    """Check one order; return whether something was wrong."""
    status = await client.get_status(order.instance)
    if status is not None and status.runtime_status is not None:
        if status.runtime_status in BROKEN_OFF:
            ended = status.last_updated_time.isoformat() if status.last_updated_time else ""
            return await asyncio.to_thread(_page, services, incident, order, ended, _why(status))
        if status.runtime_status == df.OrchestrationRuntimeStatus.Completed and order.instance == incident.response:
            return await asyncio.to_thread(_send_missing_notifications, services, incident)
        return False
    if not order.owes or services.clock() - order.since < _GRACE:
        return False
    if order.kind == "response" and not order.begun:
        start = ResponseInput(model=incident.model, incident_id=incident.incident_id, trace=current().traceparent)
        await client.start_new(RESPONSE, order.instance, start.to_json())
        logger.warning("response_started_late model=%s incident=%s", incident.model, incident.incident_id)
        return True
    return await asyncio.to_thread(_page, services, incident, order, "gone", "Durable knows nothing of it any more")


def _send_missing_notifications(services: Services, incident: Incident) -> bool:
    """Notify people of what the playbook has ordered, if the response has ended and no notification is on record.

    Returns whether there was such an order.
    """
    acted = any(entry.verdict == "act" for entry in incident.timeline)
    recorded = any(action.mitigation in NOTIFYING for action in incident.actions)
    if not acted or recorded or incident.state == "resolved":
        return False
    ordered = playbook_of(services, incident.model).mitigations(incident.category, incident.severity)
    for mitigation in (each for each in ordered if each in NOTIFYING):
        logger.error("notification_missing model=%s incident=%s", incident.model, incident.incident_id)
        request = MitigateRequest(
            model=incident.model, incident_id=incident.incident_id, mitigation=mitigation, reason=_NOT_NOTIFIED
        )
        notify_on_call(services, request)
    return any(each in NOTIFYING for each in ordered)


def _page(services: Services, incident: Incident, order: _Order, ended: str, why: str) -> bool:
    """Write into the ledger that it broke off, page on-call, and say so in the incident; each once.

    Returns whether it was found now.
    """
    key = f"broke-off-{order.instance}-{ended}"
    if any(entry.key == key for entry in incident.timeline):
        return False
    services.ledger.append(
        record(
            BrokenOffBody(incident=incident.incident_id, orchestration=order.kind, reason=why),
            key=key,
            model=incident.model,
            run=order.instance,
            subject=f"incident {incident.incident_id}",
        )
    )
    what = f"its {order.kind} broke off: {why}"
    sent = notify(
        services,
        Notification(
            key=key,
            kind="page",
            model=incident.model,
            incident_id=incident.incident_id,
            severity="critical",
            title=f"The {order.kind} to an incident of {incident.model} broke off: {incident.title}"[:200],
            body="\n".join((f"{order.instance}: {why}", *_done(incident), _ADVICE[order.kind].format(incident))),
            runbook=incident.runbook or incident.alert.url,
        ),
    )
    if sent.problem:
        # It is owed until it is sent: the next sweep tries again.
        logger.error("page_not_sent incident=%s message=%s", incident.incident_id, sent.problem)
        return True
    entry = TimelineEntry(key=key, at=services.clock(), actor=ACTOR, what=what[:1_000])
    services.incidents.change(incident.model, incident.incident_id, lambda known: known.with_event(entry))
    logger.error("broke_off instance=%s model=%s reason=%s", order.instance, incident.model, why)
    return True


_ADVICE = {
    "response": "What it has not done is yours now: nightshift show {0.incident_id}",
    "undo": "Look at what it has taken back, then ask for it again: nightshift show {0.incident_id}",
}


def _done(incident: Incident) -> Iterator[str]:
    for action in incident.actions:
        yield f"{action.mitigation} {action.state}: {action.detail}"
    if incident.leased:
        yield "compute is still paused; an undo resumes it"


def _why(status: DurableOrchestrationStatus) -> str:
    output: Any = status.output
    said = output if isinstance(output, str) else json.dumps(output)
    return f"{status.runtime_status.name.lower()}: {said}"[:2_000]
