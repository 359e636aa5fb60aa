"""Rollback: the champion before a bad one comes back, and the bad one goes into quarantine."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from activities.champions.move_serving import move_serving
from activities.response.complete_mitigation import complete_mitigation
from agents.response.rollback import Guard, blamed_version, rollback_candidate, rollback_problem
from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.champions.registry import RegisteredVersion
from nightshift.domain.ledger.bodies import expect_body, read_as, record, says
from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.platform.errors import ChampionMovedError, NightshiftError
from nightshift.domain.platform.names import CHAMPION, TAG_QUARANTINE
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.spec import ModelSpec
from nightshift.domain.response.incident import ActionState, Incident, IncidentAction
from nightshift.domain.response.messages import (
    CompleteMitigationRequest,
    EndpointTarget,
    MitigateRequest,
    MitigationResult,
    MoveServingRequest,
    UndoRequest,
)
from nightshift.domain.response.mitigations import RollbackFacts, RollbackOrder
from nightshift.services.champions.move_champion import move_champion
from nightshift.services.champions.move_orders import call_off_move, find_move, is_unfinished
from nightshift.services.ledger.order_kinds import CLOSED, LONGEST, OrderKind, OrderResult
from nightshift.services.platform.activity import activity
from nightshift.services.response.find_incident import find_incident
from nightshift.services.response.incident_orders import (
    action_of_order,
    incident_of_order,
    request_of_order,
    run_of_order,
)
from nightshift.services.response.keep_action import begin_action, keep_action, record_failed_attempt
from nightshift.services.response.mitigation import MitigationHandler, Undone
from nightshift.services.response.take_back import TakeBack, order_undo, undo_was_ordered

logger = logging.getLogger(__name__)


@activity("roll_back")
def roll_back(services: Services, request: MitigateRequest) -> MitigationResult:
    """Roll a model back, once per bad version whatever the number of incidents about it.

    1. Find the version that the alert blames and the champion before it; every guard must hold.
    2. Append the order to the ledger under (model, bad version as MLflow made it), and to the incident as begun.
    3. Another incident's order: the alias history says how it ended. One that was carried out is not repeated, one
       that is unfinished is carried out now, under its own key.
    4. Put the bad version into quarantine, then move the alias by compare-and-set. A try that fails is kept in the
       incident.
    5. Name the endpoint that must follow, if the spec has one.
    """
    incident = find_incident(services, request.model, request.incident_id)
    spec = services.specs.get(request.model)
    known = incident.action("rollback")
    if known is not None and known.state != "begun":
        return _result(spec, known)
    entry = own_rollback(services, incident)
    again = entry is not None
    if entry is None:
        moves = services.champions.moves(request.model)
        bad = blamed_version(incident.alert, moves, timedelta(minutes=spec.playbook.settle_minutes))
        key, entry = _order_of(services, request.model, bad) if bad is not None else ("", None)
    if entry is None:
        guard = _guard(services, spec, bad, moves)
        problem = rollback_problem(guard)
        if problem or bad is None or guard.target is None:
            return _end(services, incident, spec, "refused", problem)
        entry = _order(services, incident, request.reason, key, bad, guard.target, guard)
    if entry.run != incident.response:
        became = _what_became(services, spec, entry)
        if became is not None:
            return _end(services, incident, spec, *became)
        # Nothing of this incident's own is begun before the alias has moved: the order stays the other's until then.
        logger.warning("rollback_taken_over model=%s incident=%s key=%s", spec.name, incident.incident_id, entry.key)
        again = True
    elif known is None:
        begin_action(services, incident, ordered_rollback(entry))
    problem = _outdated(services, spec, entry) if again else ""
    if problem:
        call_off_rollback(services, entry)
        return _end(services, incident, spec, "refused", f"the rollback that was ordered is called off: {problem}")
    return _carry_out(services, incident, spec, entry)


def _outdated(services: Services, spec: ModelSpec, entry: LedgerEntry) -> str:
    """Which guard does not hold any more since an unfinished rollback was ordered; empty if it may go on."""
    ordered = expect_body(entry, RollbackOrder)
    bad, target = ordered.bad_version, ordered.target
    if services.registry.version_of(spec.name, CHAMPION) != bad or not is_unfinished(services, spec.name, entry.key):
        return ""
    if _is_another(services.registry.version(spec.name, bad), entry, ordered.bad_created_at):
        return f"version {bad} was deleted, and its number belongs to another version"
    registered = services.registry.version(spec.name, target)
    if _is_another(registered, entry, ordered.target_created_at):
        return f"version {target}, the champion before, was deleted, and its number belongs to another version"
    return rollback_problem(_guard_of(services, spec, bad, target, registered))


def _is_another(registered: RegisteredVersion | None, entry: LedgerEntry, created_at: datetime | None) -> bool:
    """Whether a version is another one than that which the order means, which MLflow made at that time."""
    return registered is not None and registered.is_another(created_at, entry.recorded_at)


def call_off_rollback(services: Services, entry: LedgerEntry) -> bool:
    """Call off an ordered rollback, and return whether it had been carried out."""
    ordered = expect_body(entry, RollbackOrder)
    bad = ordered.bad_version
    move = call_off_move(services, entry.model, key=entry.key, kind="rollback", version=ordered.target, run=entry.run)
    if move.state == "done":
        return True
    registered = services.registry.version(entry.model, bad)
    if registered is not None and registered.tags.get(TAG_QUARANTINE) == ordered.incident:
        services.registry.tag(entry.model, bad, TAG_QUARANTINE, None)
    return False


def _carry_out(services: Services, incident: Incident, spec: ModelSpec, entry: LedgerEntry) -> MitigationResult:
    ordered = expect_body(entry, RollbackOrder)
    bad, target = ordered.bad_version, ordered.target
    move = find_move(services, spec.name, entry.key)
    try:
        if move is None or move.state != "done":
            # First: from the moment that it is champion no more, it must be nobody's target either.
            services.registry.tag(spec.name, bad, TAG_QUARANTINE, ordered.incident)
        move_champion(
            services,
            model=spec.name,
            expected=bad,
            version=target,
            run=entry.run,
            decided_by=entry.key,
            kind="rollback",
        )
        champion = services.registry.version_of(spec.name, CHAMPION)
    except ChampionMovedError as error:
        call_off_rollback(services, entry)
        return _end(services, incident, spec, "refused", error.message)
    except NightshiftError as error:
        record_failed_attempt(services, incident, "rollback", error)
        raise
    stands = champion == target
    waits = stands and spec.serving_endpoint is not None
    detail = f"version {target} is champion again" if stands else f"version {target} became champion again"
    since = "" if stands else f"; version {champion or 'none'} is champion since"
    action = ordered_rollback(entry).model_copy(
        update={
            # With an endpoint to move, it is done only when that serves the target.
            "state": "begun" if waits else "done",
            "detail": f"{detail}; version {bad} is in quarantine{since}" if stands else f"{detail}{since}",
            "at": services.clock(),
        }
    )
    logger.info("rolled_back model=%s incident=%s bad=%s target=%s", spec.name, incident.incident_id, bad, target)
    kept = keep_action(services, incident, action, mitigated=stands and not waits)
    return _result(spec, kept, serve=kept.state == "begun")


def ordered_rollback(entry: LedgerEntry) -> IncidentAction:
    """The action of an incident that the order of a rollback stands for, before it is carried out."""
    ordered = expect_body(entry, RollbackOrder)
    bad, target = ordered.bad_version, ordered.target
    return IncidentAction(
        mitigation="rollback",
        state="begun",
        detail=f"ordered: version {target} is to be champion again instead of version {bad}",
        at=entry.recorded_at,
        ledger=entry.sequence,
        facts=RollbackFacts(bad_version=bad, target=target),
    )


def _order_of(services: Services, model: str, bad: str) -> tuple[str, LedgerEntry | None]:
    """The key under which a bad version is rolled back, once, whoever asks; and its order, if there is one.

    An order about a version that had the number before the registered model was made again is another one's.
    """
    key = f"rollback:{model}:{bad}"
    entry, registered = services.ledger.find(model, key), services.registry.version(model, bad)
    made_at = None if entry is None else expect_body(entry, RollbackOrder).bad_created_at
    if entry is None or registered is None or not _is_another(registered, entry, made_at):
        return key, entry
    key = f"{key}:{registered.created_at:%Y%m%dT%H%M%S.%f}"
    return key, services.ledger.find(model, key)


def _guard(services: Services, spec: ModelSpec, bad: str | None, moves: Sequence[AliasChange]) -> Guard:
    target, registered = None, None
    if bad is not None:
        target, registered = rollback_candidate(bad, moves, partial(services.registry.version, spec.name))
    return _guard_of(services, spec, bad, target, registered)


def _guard_of(
    services: Services, spec: ModelSpec, bad: str | None, target: str | None, registered: RegisteredVersion | None
) -> Guard:
    return Guard(
        model=spec.name,
        bad=bad,
        champion=services.registry.version_of(spec.name, CHAMPION),
        target=target,
        registered=registered,
        columns=services.registry.columns_of(spec.name, target) if target is not None else None,
        contract=frozenset(column.name for column in spec.contract.columns),
    )


def _order(
    services: Services, incident: Incident, reason: str, key: str, bad: str, target: str, guard: Guard
) -> LedgerEntry:
    registered = services.registry.version(guard.model, bad)
    return services.ledger.append(
        record(
            RollbackOrder(
                incident=incident.incident_id,
                rule=incident.rule,
                reason=reason or incident.reason,
                bad_version=bad,
                bad_created_at=None if registered is None else registered.created_at,
                target=target,
                target_created_at=None if guard.registered is None else guard.registered.created_at,
                alert=incident.alert.model_dump(mode="json", exclude={"detail"}),
            ),
            key=key,
            model=incident.model,
            run=incident.response,
            subject=f"version {bad}",
        )
    )


def own_rollback(services: Services, incident: Incident) -> LedgerEntry | None:
    """The rollback that an incident has ordered: it stands, whoever is champion by now; None if it ordered none."""
    orders = services.ledger.entries(incident.model, incident.response)
    return next((entry for entry in orders if is_rollback(entry)), None)


def is_rollback(entry: LedgerEntry) -> bool:
    """Whether a ledger entry is the order of a rollback."""
    return says(entry, RollbackOrder)


def _what_became(services: Services, spec: ModelSpec, entry: LedgerEntry) -> tuple[ActionState, str] | None:
    """How another incident's order ended, by the alias history and the endpoint; None while it is unfinished."""
    move = find_move(services, entry.model, entry.key)
    if move is None or move.state == "begun":
        return None
    ordered = expect_body(entry, RollbackOrder)
    bad, by = ordered.bad_version, ordered.incident
    when = entry.recorded_at.isoformat(timespec="seconds")
    if move.state == "void":
        said = f"the rollback of version {bad} that incident {by} ordered at {when} was called off or overtaken"
        return "refused", f"{said}: it is not done a second time, a person must decide"
    said = f"version {bad} was rolled back by incident {by} at {when}"
    champion = services.registry.version_of(entry.model, CHAMPION)
    if champion == bad:
        return "refused", f"{said}, and is champion again since: it is not done a second time, a person must decide"
    if champion == move.version and spec.serving_endpoint is not None:
        state = services.serving.read(spec.serving_endpoint)
        if state.version != move.version or not state.ready:
            return None
    return "repeated", f"{said}; that is not done a second time"


def _end(services: Services, incident: Incident, spec: ModelSpec, state: ActionState, problem: str) -> MitigationResult:
    action = IncidentAction(mitigation="rollback", state=state, detail=problem, at=services.clock())
    logger.warning("rollback_%s model=%s incident=%s reason=%s", state, spec.name, incident.incident_id, problem)
    return _result(spec, keep_action(services, incident, action))


def _result(spec: ModelSpec, action: IncidentAction, *, serve: bool = False) -> MitigationResult:
    facts = action.facts
    endpoint = _endpoint(spec, facts.target) if serve and isinstance(facts, RollbackFacts) else None
    return MitigationResult(action=action, serve=endpoint, escalate=action.state in {"refused", "failed"})


def _endpoint(spec: ModelSpec, version: str) -> EndpointTarget | None:
    """The endpoint that must serve a version now; None if the spec names none."""
    endpoint = spec.serving_endpoint
    return None if endpoint is None else EndpointTarget(endpoint=endpoint, model=spec.name, version=version)


# --- taking it back


def _undo(services: Services, request: UndoRequest, incident: Incident, action: IncidentAction) -> Undone | None:
    """The alias goes back to the bad version, and that leaves quarantine; what was only ordered is called off."""
    facts = action.facts if isinstance(action.facts, RollbackFacts) else RollbackFacts()
    bad = facts.bad_version
    unfinished = _unfinished(services, incident, action)
    if unfinished is not None and not _had_moved(services, request, incident, action, unfinished, bad):
        return Undone(f"rollback: {_called_off(bad)}")
    if action.state not in {"begun", "done"} and not (
        action.state in {"undone", "failed"} and undo_was_ordered(services, incident, action)
    ):
        return None
    how, problem = TakeBack(
        services=services,
        request=request,
        incident=incident,
        action=action,
        expected=facts.target,
        version=bad,
        created_at=_made_at(services, incident, action),
        # It has failed only if Nightshift itself has taken it back.
        taken_back=action.state in {"undone", "failed"},
        quarantined=True,
    ).run()
    if problem:
        return Undone(refused=f"rollback: {problem}")
    spec = services.specs.get(request.model)
    stands = services.registry.version_of(request.model, CHAMPION) == bad
    return Undone(
        f"rollback: version {bad} is champion {how}, and out of quarantine",
        serve=_endpoint(spec, bad) if stands else None,
    )


def _unfinished(services: Services, incident: Incident, action: IncidentAction) -> LedgerEntry | None:
    """The order of a rollback that was not carried out, or was called off; None for every other."""
    if action.state not in {"begun", "undone"}:
        return None
    entry = own_rollback(services, incident)
    if entry is None:
        return None
    move = find_move(services, incident.model, entry.key)
    return None if move is not None and move.state == "done" else entry


def _had_moved(
    services: Services, request: UndoRequest, incident: Incident, action: IncidentAction, entry: LedgerEntry, bad: str
) -> bool:
    """Call an unfinished rollback off; return whether the alias had moved, so that it must be moved back."""
    order_undo(services, request, incident, action, bad)
    if call_off_rollback(services, entry):
        return True
    if action.state != "undone":
        update = {"state": "undone", "detail": f"{_called_off(bad)}, by {request.actor}", "at": services.clock()}
        keep_action(services, incident, action.model_copy(update=update), actor=request.actor)
    return False


def _called_off(bad: str) -> str:
    return f"it had been ordered and not carried out; it is called off, and version {bad} is out of quarantine"


def _made_at(services: Services, incident: Incident, action: IncidentAction) -> datetime | None:
    """When MLflow made the version that was rolled back, by the order; None in an order of an earlier release."""
    entry = services.ledger.entry(incident.model, action.ledger) if action.ledger else None
    order = None if entry is None else read_as(entry, RollbackOrder)
    return None if order is None else order.bad_created_at


# --- finishing what was ordered and not carried out


def _owes(services: Services, entry: LedgerEntry) -> bool:
    action = action_of_order(services, entry)
    begun = action is not None and action.state == "begun"
    return begun or is_unfinished(services, entry.model, entry.key)


def _finish(services: Services, entry: LedgerEntry) -> OrderResult:
    incident = incident_of_order(services, entry)
    action = incident.action("rollback")
    ended = action is not None and action.state != "begun"
    if ended and not call_off_rollback(services, entry):
        return CLOSED  # it was refused before a move was begun
    request = request_of_order(entry)
    if incident.state == "resolved" and not call_off_rollback(services, entry):
        detail = "it was ordered and not carried out before the incident was resolved, and is called off"
        begin_action(services, incident, ordered_rollback(entry))
        complete_mitigation(services, CompleteMitigationRequest.of(request, "refused", detail))
        bad = expect_body(entry, RollbackOrder).bad_version
        return OrderResult(closed=True, said=f"the rollback of version {bad}: {detail}")
    result = roll_back(services, request)
    if result.serve is None:
        return OrderResult(closed=True, said=f"rollback {result.action.state}: {result.action.detail}")
    serving = MoveServingRequest(model=entry.model, incident_id=incident.incident_id, serve=result.serve)
    moved = move_serving(services, serving)
    if not moved.moved:
        return OrderResult(closed=False, done=not moved.failed, said=moved.detail if moved.failed else "")
    detail = f"{result.action.detail}; {moved.detail}"
    complete_mitigation(services, CompleteMitigationRequest.of(request, "done", detail, mitigated=True))
    return OrderResult(closed=True, said=f"rollback done: {detail}")


HANDLER = MitigationHandler(
    names=("rollback",),
    act=roll_back,
    undo=_undo,
    ordered=ordered_rollback,
    orders=(OrderKind(is_rollback, _owes, _finish, run_of_order, longest=LONGEST),),
)
