"""The orders of an incident: a rollback, a lease of compute, a retraining, and the undo of each."""

from datetime import datetime

from activities.champions.move_serving import move_serving
from activities.response.complete_mitigation import complete_mitigation
from activities.response.pause_compute import pause_compute, resume_compute
from activities.response.retrain import read_retraining
from activities.response.roll_back import call_off_rollback, is_rollback, ordered_rollback, roll_back
from activities.response.undo_mitigations import undo_mitigations
from nightshift.domain.ledger.bodies import (
    LeaseOrder,
    MitigationOrder,
    RetrainingOrder,
    RollbackOrder,
    UndoOrder,
    expect_body,
    read_as,
    says,
)
from nightshift.domain.ledger.ledger import ACTOR, LedgerEntry
from nightshift.domain.platform.identity import instance_id
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.facts import LeaseFacts, RetrainingFacts
from nightshift.domain.response.incident import Incident, IncidentAction
from nightshift.domain.response.messages import (
    MitigateRequest,
    MoveServingRequest,
    RetrainingRequest,
    Serve,
    SettleRequest,
    UndoRequest,
)
from nightshift.domain.response.playbook import Mitigation
from nightshift.services.champions.move_orders import find_move, is_unfinished
from nightshift.services.response.find_incident import find_incident
from nightshift.services.response.incident_actions import begin_action
from nightshift.services.response.incident_acts import undo_is_told
from nightshift.services.response.ordered_actions import ordered_actions
from nightshift.services.watch.order_kinds import (
    AGE,
    CLOSED,
    LONGEST,
    WAITS,
    Carried,
    OrderKind,
    carried_since,
    submit,
)


def _run(entry: LedgerEntry) -> str:
    return entry.run


def _undo_instance(entry: LedgerEntry) -> str:
    if entry.actor == ACTOR:
        return entry.run  # a response takes back what its endpoint did not follow, and resumes its lease
    return instance_id("undo", entry.model, _about(entry).incident)


def _about(entry: LedgerEntry) -> MitigationOrder | UndoOrder:
    """What an order about an incident says."""
    undo = read_as(entry, UndoOrder)
    return expect_body(entry, MitigationOrder) if undo is None else undo


def _incident(services: Services, entry: LedgerEntry) -> Incident:
    return find_incident(services, entry.model, _about(entry).incident)


def _action(services: Services, entry: LedgerEntry, mitigation: Mitigation) -> IncidentAction | None:
    return _incident(services, entry).action(mitigation)


def _request(entry: LedgerEntry, mitigation: Mitigation) -> MitigateRequest:
    return MitigateRequest(model=entry.model, incident_id=_about(entry).incident, mitigation=mitigation)


def _since(services: Services, entry: LedgerEntry) -> Carried:
    """What came of an order, by its incident: only what went well can wait until the morning."""
    action = _action(services, entry, _about(entry).mitigation)
    if action is None:
        return carried_since()
    retrained = (action.mitigation, action.state) == ("retrain", "done")
    well = retrained or action.state == "undone" or (isinstance(action.facts, LeaseFacts) and action.facts.resumed)
    return carried_since(f"{action.mitigation} {action.state}: {action.detail}", "notice" if well else "page")


# --- a rollback


def _owes_rollback(services: Services, entry: LedgerEntry) -> bool:
    action = _action(services, entry, "rollback")
    begun = action is not None and action.state == "begun"
    return begun or is_unfinished(services, entry.model, entry.key)


def _finish_rollback(services: Services, entry: LedgerEntry) -> Carried:
    incident = _incident(services, entry)
    action = incident.action("rollback")
    ended = action is not None and action.state != "begun"
    if ended and not call_off_rollback(services, entry):
        return CLOSED  # it was refused before a move was begun
    if incident.state == "resolved" and not call_off_rollback(services, entry):
        detail = "it was ordered and not carried out before the incident was resolved, and is called off"
        begin_action(services, incident, ordered_rollback(entry))
        _settle(services, entry, "rollback", "refused", detail)
        return Carried(
            closed=True, said=f"the rollback of version {expect_body(entry, RollbackOrder).bad_version}: {detail}"
        )
    result = roll_back(services, _request(entry, "rollback"))
    if result.serve is not None:
        return _follow(services, entry, result.serve, result.action)
    return Carried(closed=True, said=f"rollback {result.action.state}: {result.action.detail}")


def _follow(services: Services, entry: LedgerEntry, serve: Serve, action: IncidentAction) -> Carried:
    request = MoveServingRequest(model=entry.model, incident_id=_about(entry).incident, serve=serve)
    moved = move_serving(services, request)
    if not moved.moved:
        return Carried(closed=False, done=not moved.failed, said=moved.detail if moved.failed else "")
    _settle(services, entry, "rollback", "done", f"{action.detail}; {moved.detail}", mitigated=True)
    return Carried(closed=True, said=f"rollback done: {action.detail}; {moved.detail}")


def _settle(
    services: Services,
    entry: LedgerEntry,
    mitigation: Mitigation,
    state: str,
    detail: str,
    *,
    mitigated: bool = False,
    facts: dict[str, str] | None = None,
) -> None:
    complete_mitigation(
        services,
        SettleRequest.model_validate(
            {
                "model": entry.model,
                "incident_id": _about(entry).incident,
                "mitigation": mitigation,
                "state": state,
                "detail": detail[:2_000],
                "mitigated": mitigated,
                "facts": facts or {},
            }
        ),
    )


# --- a lease of compute


def _lease(services: Services, entry: LedgerEntry) -> IncidentAction | None:
    actions = ordered_actions(services, _incident(services, entry))
    return next((action for action in actions if action.holds_compute), None)


def _owes_lease(services: Services, entry: LedgerEntry) -> bool:
    return _lease(services, entry) is not None


def _finish_lease(services: Services, entry: LedgerEntry) -> Carried:
    request, lease = _request(entry, "pause_compute"), _lease(services, entry)
    assert lease is not None, "it is owed"
    if services.clock() < _ends(entry):
        if lease.state == "done":
            return WAITS
        action = pause_compute(services, request).action
        return Carried(closed=False, said=f"pause_compute {action.state}: {action.detail}")
    resume_compute(services, request)
    ended = _action(services, entry, "pause_compute")
    return Carried(closed=True, said=f"the lease has ended: {ended.detail if ended else ''}", kind="notice")


def _owes_resume(services: Services, entry: LedgerEntry) -> bool:
    untold = entry.actor != ACTOR and _is_young(services, entry) and not _told(services, entry)
    return untold or _lease(services, entry) is not None


def _ends(entry: LedgerEntry) -> datetime:
    return expect_body(entry, LeaseOrder).ends


# --- a retraining


def _owes_retraining(services: Services, entry: LedgerEntry) -> bool:
    action = _action(services, entry, "retrain")
    return action is None or action.state == "begun"


def _finish_retraining(services: Services, entry: LedgerEntry) -> Carried:
    order = expect_body(entry, RetrainingOrder)
    submit(services, entry.model, order.uploads)
    identity = order.uploads[0].identity
    action = IncidentAction(
        mitigation="retrain",
        state="begun",
        detail=f"a retraining on {', '.join(order.files)} is in the model's queue",
        at=services.clock(),
        ledger=entry.sequence,
        facts=RetrainingFacts(identity=identity),
    )
    begin_action(services, _incident(services, entry), action)
    request = RetrainingRequest(model=entry.model, incident_id=order.incident, identity=identity)
    state = read_retraining(services, request)
    if state.outcome is None:
        return WAITS
    promoted = state.outcome == "promoted"
    facts = {"run": state.run, "outcome": state.outcome}
    became = "done" if promoted else "failed"
    _settle(services, entry, "retrain", became, state.detail, mitigated=promoted, facts=facts)
    return Carried(closed=True, said=f"retrain {became}: {state.detail}", kind="notice" if promoted else "page")


# --- an undo


def _told(services: Services, entry: LedgerEntry) -> bool:
    """Whether the incident says what came of the undo that this person has asked for."""
    return undo_is_told(_incident(services, entry), entry.actor, entry.recorded_at)


def _is_young(services: Services, entry: LedgerEntry) -> bool:
    """Whether a line of its time is still in its incident's timeline, which keeps the newest."""
    return services.clock() - entry.recorded_at < AGE


def _owes_undo(services: Services, entry: LedgerEntry) -> bool:
    move = find_move(services, entry.model, entry.key)
    if move is not None and move.state == "begun":
        return True
    action = _action(services, entry, _about(entry).mitigation)
    undone = action is not None and action.state in {"undone", "failed"}
    return not _told(services, entry) and (not undone or _is_young(services, entry))


def _finish_undo(services: Services, entry: LedgerEntry) -> Carried:
    order = expect_body(entry, UndoOrder)
    if entry.actor == ACTOR and order.mitigation == "pause_compute":
        return _finish_lease(services, _order_of_lease(services, entry))
    request = UndoRequest(
        model=entry.model,
        incident_id=order.incident,
        actor=entry.actor,
        comment=order.comment,
        order=order.order,
    )
    result = undo_mitigations(services, request)
    if result.serve is not None:
        serving = MoveServingRequest(model=entry.model, incident_id=order.incident, serve=result.serve)
        move_serving(services, serving)  # whether it arrives there, the look at the champion sees
    said = "; ".join((*result.undone, *result.refused))
    return Carried(closed=True, said=f"undo for {entry.actor}: {said}", kind="page" if result.refused else "notice")


def _order_of_lease(services: Services, entry: LedgerEntry) -> LedgerEntry:
    order = services.ledger.find(entry.model, f"pause:{_about(entry).incident}")
    assert order is not None, "what is resumed was ordered to be paused"
    return order


def _is_undo(entry: LedgerEntry) -> bool:
    return says(entry, UndoOrder) and not _is_resume(entry)


def _is_resume(entry: LedgerEntry) -> bool:
    return says(entry, UndoOrder) and entry.key.startswith("resume:")


INCIDENT_ORDERS: tuple[OrderKind, ...] = (
    OrderKind(is_rollback, _owes_rollback, _finish_rollback, _run, longest=LONGEST),
    OrderKind(
        lambda entry: says(entry, LeaseOrder), _owes_lease, _finish_lease, _run,
        due=_ends, longest=LONGEST, since=_since, ages=False,
    ),
    OrderKind(lambda entry: says(entry, RetrainingOrder), _owes_retraining, _finish_retraining, _run, since=_since),
    OrderKind(_is_resume, _owes_resume, _finish_undo, _undo_instance, longest=LONGEST, since=_since, ages=False),
    OrderKind(_is_undo, _owes_undo, _finish_undo, _undo_instance, longest=LONGEST, since=_since),
)  # fmt: skip
