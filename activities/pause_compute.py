"""Pause non-essential compute as a lease: an owner, a reason, an end, and the way back."""

import logging
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from activities.failures import guarded
from activities.mitigation import keep_action
from activities.plan_response import find_incident
from activities.respond import playbook_of
from agents.responder.compute import choose
from domain.compute import ComputeRef
from domain.errors import ServiceRefusedError
from domain.incident import Incident, IncidentAction
from domain.ledger import ACTOR, LedgerRecord
from domain.names import PAUSE_COMPUTE, RESUME_COMPUTE
from domain.ports import Services
from domain.response import Done, MitigateRequest, MitigationResult

logger = logging.getLogger(__name__)

_MITIGATION: Final = "pause_compute"
_REFS = TypeAdapter(tuple[ComputeRef, ...])
# The ledger and the incident name the resources; a workspace with more than this has a policy for them.
_MOST = 100


def run_pause_compute(services: Services, request: MitigateRequest) -> MitigationResult:
    """Pause what says that it is not essential.

    1. Append the lease to the ledger: owner, reason, end, what will be paused, what is spared and why.
    2. Pause what the ledger names. A repeat goes on with the same list.
    """
    return guarded(
        PAUSE_COMPUTE,
        request.incident_id,
        request.model,
        lambda: _pause(services, request),
        lambda failure: MitigationResult(failure=failure, escalate=True),
    )


def _pause(services: Services, request: MitigateRequest) -> MitigationResult:
    incident = find_incident(services, request.model, request.incident_id)
    known = incident.action(_MITIGATION)
    if known is not None:
        return _result(known)
    playbook = playbook_of(services, request.model)
    held = _held_by_others(services, incident)
    chosen, spared = choose(services.compute.list_compute(), playbook.protected, held)
    ends = services.clock() + timedelta(minutes=playbook.pause_minutes)
    entry = services.ledger.append(
        LedgerRecord(
            key=f"pause:{incident.incident_id}",
            model=incident.model,
            run=incident.response,
            kind="mitigation",
            subject=f"{len(chosen[:_MOST])} resources",
            actor=ACTOR,
            body={
                "mitigation": _MITIGATION,
                "incident": incident.incident_id,
                "rule": incident.rule,
                "reason": request.reason or incident.reason,
                "ends": ends.isoformat(),
                "resources": [item.ref.to_json() for item in chosen[:_MOST]],
                "names": [item.name for item in chosen[:_MOST]],
                "spared": dict(list(spared.items())[:_MOST]),
            },
        )
    )
    paused: list[ComputeRef] = []
    names: list[str] = []
    notes: list[str] = []
    for ref, name in zip(_REFS.validate_python(entry.body["resources"]), entry.body["names"], strict=True):
        try:
            services.compute.pause(ref)
        except ServiceRefusedError as error:
            notes.append(f"{name} was not paused: {error.message}")
        else:
            paused.append(ref)
            names.append(name)
    none = "nothing" if notes else "nothing: no compute that runs is tagged as not essential"
    said = ", ".join(names) or none
    detail = f"paused {said}; lease until {entry.body['ends']}" if paused else f"paused {said}"
    action = IncidentAction(
        mitigation=_MITIGATION,
        state="done" if paused else "refused",
        detail="; ".join((detail, *notes))[:2_000],
        at=services.clock(),
        ledger=entry.sequence,
        facts={
            "resources": [ref.to_json() for ref in paused],
            "names": names,
            "ends": entry.body["ends"],
            "resumed": False,
        },
    )
    logger.info("compute_paused incident=%s resources=%d", incident.incident_id, len(paused))
    return _result(keep_action(services, incident, action, mitigated=bool(paused)))


def _result(action: IncidentAction) -> MitigationResult:
    ends = action.facts.get("ends")
    return MitigationResult(
        action=action,
        resume_at=datetime.fromisoformat(ends) if ends and action.state == "done" else None,
        escalate=action.state == "refused",
    )


def run_resume_compute(services: Services, request: MitigateRequest) -> Done:
    """End the lease of an incident: start what it paused, unless another lease still holds it."""

    def resume() -> Done:
        resume_lease(services, find_incident(services, request.model, request.incident_id), ACTOR)
        return Done()

    return guarded(RESUME_COMPUTE, request.incident_id, request.model, resume, lambda failure: Done(failure=failure))


def resume_lease(services: Services, incident: Incident, actor: str, comment: str = "") -> tuple[str, ...]:
    """Start what a lease paused; return what was started. A lease that has ended stays so."""
    action = incident.action(_MITIGATION)
    if action is None or action.state != "done" or action.facts["resumed"]:
        return ()
    services.ledger.append(
        LedgerRecord(
            key=f"resume:{incident.incident_id}",
            model=incident.model,
            run=incident.response,
            kind="undo",
            subject=f"{len(action.facts['names'])} resources",
            actor=actor,
            body={"mitigation": _MITIGATION, "incident": incident.incident_id, "comment": comment},
        )
    )
    held = _held_by_others(services, incident, at=services.clock())
    started, notes = [], []
    for ref, name in zip(_REFS.validate_python(action.facts["resources"]), action.facts["names"], strict=True):
        if ref.id in held:
            notes.append(f"{name} stays paused by incident {held[ref.id]}")
            continue
        try:
            services.compute.resume(ref)
            started.append(name)
        except ServiceRefusedError as error:
            notes.append(f"{name} was not started: {error.message}")
    detail = "; ".join((f"resumed {', '.join(started) or 'nothing'}", *notes))
    ended = action.model_copy(
        update={
            "state": "done" if actor == ACTOR else "undone",
            "detail": f"{action.detail}. {detail}"[:2_000],
            "at": services.clock(),
            "facts": {**action.facts, "resumed": True},
        }
    )
    keep_action(services, incident, ended, actor=actor)
    return tuple(started)


def _held_by_others(services: Services, incident: Incident, *, at: datetime | None = None) -> dict[str, str]:
    """Resources that the lease of another incident has paused, with that incident.

    Args:
        at: only leases that run then; None for all that were not resumed, even past their end.
    """
    held: dict[str, str] = {}
    for other in services.incidents.leases():
        action = other.action(_MITIGATION)
        if action is None or other.incident_id == incident.incident_id:
            continue
        runs = at is None or datetime.fromisoformat(action.facts.get("ends", at.isoformat())) > at
        if action.state == "done" and not action.facts["resumed"] and runs:
            held |= {ref.id: other.incident_id for ref in _REFS.validate_python(action.facts["resources"])}
    return held
