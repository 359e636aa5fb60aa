"""Pausing non-essential compute as a lease: an owner, a reason, an end, and the way back."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from agents.response.compute import choose, excluded_shown, leased
from nightshift.domain.ledger.bodies import UndoOrder, expect_body, read_as, record, says
from nightshift.domain.ledger.ledger import ACTOR, LedgerEntry
from nightshift.domain.platform.errors import NightshiftError, ServiceUnavailableError
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.step import Done
from nightshift.domain.platform.text import shortened
from nightshift.domain.response.compute import ComputeRef
from nightshift.domain.response.incident import Incident, IncidentAction
from nightshift.domain.response.messages import MitigateRequest, MitigationResult, UndoRequest
from nightshift.domain.response.mitigations import LeaseFacts, LeaseOrder
from nightshift.services.ledger.order_kinds import LONGEST, WAITS, OrderKind, OrderResult
from nightshift.services.platform.activity import activity
from nightshift.services.response.find_incident import find_incident
from nightshift.services.response.incident_orders import (
    action_of_order,
    incident_of_order,
    request_of_order,
    run_of_order,
    since_tried,
)
from nightshift.services.response.keep_action import begin_action, keep_action
from nightshift.services.response.mitigation import MitigationHandler, Undone
from nightshift.services.response.record_alert import playbook_of

logger = logging.getLogger(__name__)

_MITIGATION: Final = "pause_compute"
# So much of the names stands in a sentence; the action's facts have them all.
_NAMES = 1_000
# A resource that does not answer is tried again for this long; shorter than the retries of a response.
_TRIES = timedelta(seconds=60)


@activity("pause_compute")
def pause_compute(services: Services, request: MitigateRequest) -> MitigationResult:
    """Pause what says that it is not essential.

    1. Append the lease to the ledger: owner, reason, end, what will be paused, what is excluded and why.
    2. Put it into the incident as begun, so that what is paused is resumed whatever happens to this call.
    3. Pause what the ledger names, each resource apart. A repeat goes on with the same list. A resource that does not
       answer is tried again for a minute; then the lease is what was paused, and a person is notified of the rest.
    4. Once the ledger says that the lease is to be resumed, pause nothing more, and start what was paused meanwhile.
    """
    incident = find_incident(services, request.model, request.incident_id)
    known = incident.action(_MITIGATION)
    if known is not None and known.state not in {"begun", "undone"}:
        return _result(known)
    entry = services.ledger.find(request.model, pause_key(incident)) or _order(services, incident, request.reason)
    begin_action(services, incident, ordered_pause(entry))
    paused: list[ComputeRef] = []
    names: list[str] = []
    refused: list[str] = []
    waits: list[str] = []
    order = expect_body(entry, LeaseOrder)
    for ref, name in zip(order.resources, order.names, strict=True):
        if _find_resume(services, incident) is not None:
            break
        try:
            services.compute.pause(ref)
        except NightshiftError as error:
            (waits if error.retryable else refused).append(f"{name} was not paused: {error.message}")
        else:
            paused.append(ref)
            names.append(name)
    if (resume := _find_resume(services, incident)) is not None:
        return _give_up(services, incident, resume)
    if waits and services.clock() < entry.recorded_at + _TRIES:
        raise ServiceUnavailableError("Databricks", "; ".join(waits))
    notes = [*refused, *waits]
    if order.run_on:
        notes.append(f"{order.run_on} more run on: a lease holds no more")
    none = "nothing" if notes else "nothing: no compute that runs is tagged as not essential"
    said = shortened(", ".join(names), _NAMES) or none
    detail = f"paused {said}; lease until {order.ends.isoformat()}" if paused else f"paused {said}"
    action = IncidentAction(
        mitigation=_MITIGATION,
        state="done" if paused else "refused",
        detail="; ".join((detail, *notes))[:2_000],
        at=services.clock(),
        ledger=entry.sequence,
        facts=LeaseFacts(resources=tuple(paused), names=tuple(names), ends=order.ends, unanswered=len(waits)),
    )
    logger.info("compute_paused incident=%s resources=%d", incident.incident_id, len(paused))
    return _result(keep_action(services, incident, action, mitigated=bool(paused)))


def _give_up(services: Services, incident: Incident, resume: LedgerEntry) -> MitigationResult:
    """Leave a lease that was ended while it was being made; what was paused after that is started, too."""
    incident = find_incident(services, incident.model, incident.incident_id)
    resume_lease(services, incident, resume.actor, expect_body(resume, UndoOrder).comment, again=True)
    logger.warning("pause_overtaken incident=%s actor=%s", incident.incident_id, resume.actor)
    action = find_incident(services, incident.model, incident.incident_id).action(_MITIGATION)
    assert action is not None, "a lease that has ended has an action in its incident"
    return _result(action)


def _order(services: Services, incident: Incident, reason: str) -> LedgerEntry:
    playbook = playbook_of(services, incident.model)
    chosen, spared = choose(services.compute.list_compute(), playbook.protected, _held_by_others(services, incident))
    ends = services.clock() + timedelta(minutes=playbook.pause_minutes)
    held = leased(chosen)
    return services.ledger.append(
        record(
            LeaseOrder(
                incident=incident.incident_id,
                rule=incident.rule,
                reason=reason or incident.reason,
                ends=ends,
                resources=tuple(item.ref for item in held),
                names=tuple(item.name for item in held),
                run_on=len(chosen) - len(held),
                spared=excluded_shown(spared),
            ),
            key=pause_key(incident),
            model=incident.model,
            run=incident.response,
            subject=f"{len(held)} resources",
        )
    )


def pause_key(incident: Incident) -> str:
    """Key of the ledger entry that orders the lease of an incident."""
    return f"pause:{incident.incident_id}"


def _find_resume(services: Services, incident: Incident) -> LedgerEntry | None:
    """The ledger entry that orders the end of a lease."""
    return services.ledger.find(incident.model, _resume_key(incident))


def _resume_key(incident: Incident) -> str:
    return f"resume:{incident.incident_id}"


def ordered_pause(entry: LedgerEntry) -> IncidentAction:
    """The action of an incident that the order of a lease stands for: any of its resources may be paused."""
    order = expect_body(entry, LeaseOrder)
    names = shortened(", ".join(order.names), _NAMES) or "nothing"
    return IncidentAction(
        mitigation=_MITIGATION,
        state="begun",
        detail=f"ordered: pause {names}; lease until {order.ends.isoformat()}"[:2_000],
        at=entry.recorded_at,
        ledger=entry.sequence,
        facts=LeaseFacts(resources=order.resources, names=order.names, ends=order.ends),
    )


def _result(action: IncidentAction) -> MitigationResult:
    lease = lease_of(action)
    return MitigationResult(
        action=action,
        resume_at=lease.ends if action.state == "done" else None,
        escalate=action.state == "refused" or lease.unanswered > 0,
    )


def lease_of(action: IncidentAction) -> LeaseFacts:
    """What a lease has paused; nothing for another mitigation."""
    return action.facts if isinstance(action.facts, LeaseFacts) else LeaseFacts()


@activity("resume_compute")
def resume_compute(services: Services, request: MitigateRequest) -> Done:
    """End the lease of an incident: start what it paused, unless another lease still holds it."""
    resume_lease(services, find_incident(services, request.model, request.incident_id), ACTOR)
    return Done()


def resume_lease(
    services: Services, incident: Incident, actor: str, comment: str = "", *, again: bool = False
) -> tuple[str, ...]:
    """End a lease: start what it paused, each resource apart, and return the names of what was started.

    A lease that has ended stays so, and its answer stays the same.

    Args:
        again: start what an ended lease had paused once more: it may have been paused since, by a call that was late.

    Raises:
        ServiceUnavailableError: something does not answer. What was started is kept; call again for the rest.
    """
    action = incident.action(_MITIGATION)
    if action is None:
        entry = services.ledger.find(incident.model, pause_key(incident))
        action = ordered_pause(entry) if entry is not None else None
    if action is None:
        return ()
    lease = lease_of(action)
    names = {ref.id: name for ref, name in zip(lease.resources, lease.names, strict=True)}
    ended = not action.holds_compute
    started = [] if again else list(lease.started)
    if ended and not again:
        return tuple(names[item] for item in started)
    services.ledger.append(
        record(
            UndoOrder(mitigation=_MITIGATION, incident=incident.incident_id, comment=comment),
            key=_resume_key(incident),
            model=incident.model,
            run=incident.response,
            subject=f"{len(lease.names)} resources",
            actor=actor,
        )
    )
    held = _held_by_others(services, incident, at=services.clock())
    notes: list[str] = []
    waits: list[str] = []
    for ref in lease.resources:
        name = names[ref.id]
        if ref.id in started:
            continue
        if ref.id in held:
            notes.append(f"{name} stays paused by incident {held[ref.id]}")
            continue
        try:
            services.compute.resume(ref)
            started.append(ref.id)
        except NightshiftError as error:
            (waits if error.retryable else notes).append(f"{name} was not started: {error.message}")
    if waits:
        if not ended:
            begun = action.model_copy(update={"facts": lease.model_copy(update={"started": tuple(started)})})
            services.incidents.change(incident.model, incident.incident_id, lambda known: known.with_action(begun))
        raise ServiceUnavailableError("Databricks", "; ".join(waits))
    said = tuple(names[item] for item in started)
    if ended:
        return said
    detail = "; ".join((f"resumed {', '.join(said) or 'nothing'}", *notes))
    closed = action.model_copy(
        update={
            "state": "done" if actor == ACTOR else "undone",
            "detail": f"{action.detail}. {detail}"[:2_000],
            "at": services.clock(),
            "facts": lease.model_copy(update={"resumed": True, "started": tuple(started)}),
        }
    )
    keep_action(services, incident, closed, actor=actor)
    return said


def _held_by_others(services: Services, incident: Incident, *, at: datetime | None = None) -> dict[str, str]:
    """Resources that the lease of another incident has paused, with that incident.

    Args:
        at: only leases that hold compute at this time; None: all that were not resumed, expired ones too.
    """
    held: dict[str, str] = {}
    for other in services.incidents.leases():
        action = other.action(_MITIGATION)
        if action is None or other.incident_id == incident.incident_id:
            continue
        lease = lease_of(action)
        ended = at is not None and (lease.ends is None or lease.ends <= at)
        if action.holds_compute and not ended:
            held |= {ref.id: other.incident_id for ref in lease.resources}
    return held


# --- taking it back


def _undo(services: Services, request: UndoRequest, incident: Incident, action: IncidentAction) -> Undone | None:
    """It is resumed; once more if it was undone already: a call may have broken off before it had said so."""
    if not action.holds_compute and action.state != "undone":
        return None
    started = resume_lease(services, incident, request.actor, request.comment, again=action.state == "undone")
    return Undone(f"pause_compute: resumed {', '.join(started) or 'nothing'}")


# --- finishing what was ordered and not carried out


def _owes(services: Services, entry: LedgerEntry) -> bool:
    action = _lease_of_order(services, entry)
    return action is not None and action.holds_compute


def _finish(services: Services, entry: LedgerEntry) -> OrderResult:
    """Pause what the lease names before its end, and resume it after."""
    request, action = request_of_order(entry), _lease_of_order(services, entry)
    order = services.ledger.find(entry.model, pause_key(incident_of_order(services, entry)))
    if order is not None and services.clock() < _ends(order):
        if action is not None and action.state == "done":
            return WAITS
        paused = pause_compute(services, request).action
        return OrderResult(closed=False, said=f"pause_compute {paused.state}: {paused.detail}")
    resume_compute(services, request)
    ended = action_of_order(services, entry)
    return OrderResult(closed=True, said=f"the lease has ended: {ended.detail if ended else ''}", kind="notice")


def _lease_of_order(services: Services, entry: LedgerEntry) -> IncidentAction | None:
    """What became of the lease that an order is about; as it was ordered, if its incident does not know of it."""
    incident = incident_of_order(services, entry)
    action = incident.action(_MITIGATION)
    order = None if action is not None else services.ledger.find(entry.model, pause_key(incident))
    return action if order is None else ordered_pause(order)


def _ends(entry: LedgerEntry) -> datetime:
    return expect_body(entry, LeaseOrder).ends


def _is_own_resume(entry: LedgerEntry) -> bool:
    """Whether it is the order of a response to resume its lease."""
    undo = read_as(entry, UndoOrder)
    return undo is not None and undo.mitigation == _MITIGATION and entry.actor == ACTOR


def _went_well(action: IncidentAction) -> bool:
    return action.state == "undone" or lease_of(action).resumed


_SINCE = partial(since_tried, well=_went_well)

HANDLER = MitigationHandler(
    names=(_MITIGATION,),
    act=pause_compute,
    end=resume_compute,
    undo=_undo,
    ordered=ordered_pause,
    orders=(
        OrderKind(
            lambda entry: says(entry, LeaseOrder), _owes, _finish, run_of_order,
            due=_ends, longest=LONGEST, since=_SINCE, ages=False,
        ),
        OrderKind(_is_own_resume, _owes, _finish, run_of_order, longest=LONGEST, since=_SINCE, ages=False),
    ),
    went_well=_went_well,
)  # fmt: skip
