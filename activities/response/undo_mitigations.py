"""Take back what was done about an incident."""

import logging
from datetime import datetime

from activities.response.pause_compute import resume_lease
from activities.response.retrain import retraining_runs
from activities.response.roll_back import call_off_rollback, own_rollback
from nightshift.domain.champions.decision import ChampionMove, withdrawn
from nightshift.domain.ledger.bodies import RollbackOrder, UndoOrder, read_as, record
from nightshift.domain.ledger.ledger import ACTOR, LedgerEntry
from nightshift.domain.platform.errors import ChampionMovedError
from nightshift.domain.platform.names import CHAMPION, TAG_QUARANTINE
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.facts import RetrainingFacts, RollbackFacts
from nightshift.domain.response.incident import Incident, IncidentAction, TimelineEntry
from nightshift.domain.response.messages import Serve, UndoRequest, UndoResult
from nightshift.services.champions.move_champion import move_champion
from nightshift.services.champions.move_orders import find_move
from nightshift.services.platform.activity import activity
from nightshift.services.response.find_incident import find_incident
from nightshift.services.response.incident_actions import keep_action
from nightshift.services.response.incident_acts import undone_key
from nightshift.services.response.ordered_actions import ordered_actions

logger = logging.getLogger(__name__)

# The kinds of move by which the version of a run becomes champion.
_MADE = frozenset({"promotion", "review"})


@activity("undo_mitigations")
def undo_mitigations(services: Services, request: UndoRequest) -> UndoResult:
    """Undo every mitigation of an incident that can be undone, each once.

    - a rollback: the alias goes back to the bad version by compare-and-set, out of quarantine; if somebody has set it
      back already, the version only leaves quarantine; one that was ordered and not carried out is called off, so that
      nobody carries it out afterwards;
    - a retraining that was promoted, by its run or by the improvement loop of that: the champion before it comes back;
      one that goes on has changed nothing yet;
    - paused compute: it is resumed.

    The ledger says who asked and why. A person's decision stands: the same version is not rolled back by itself again.
    """
    incident = find_incident(services, request.model, request.incident_id)
    undone: list[str] = []
    refused: list[str] = []
    serve: Serve | None = None
    for action in ordered_actions(services, incident):
        unfinished = _unfinished_rollback(services, incident, action)
        rollback = _rollback_of(action)
        if action.state == "repeated":
            refused.append(f"{action.mitigation}: {action.detail}; undo that incident instead")
        elif unfinished is not None and not _had_moved(services, request, incident, action, unfinished):
            undone.append(f"rollback: {_called_off(rollback.bad_version)}")
        elif action.mitigation == "rollback" and _undoable(services, incident, action):
            before, after = rollback.target, rollback.bad_version
            again = _again(services, incident, action, after)
            problem = _moved_on(services, incident, action, after) or _move_back(
                services,
                request,
                incident,
                action,
                expected=before,
                version=after,
                created_at=_made_at(services, incident, action),
                quarantined=after,
            )
            if problem:
                refused.append(f"rollback: {problem}")
                continue
            endpoint = services.specs.get(request.model).serving_endpoint
            if endpoint is not None and services.registry.version_of(request.model, CHAMPION) == after:
                serve = Serve(endpoint=endpoint, model=request.model, version=after)
            undone.append(f"rollback: version {after} is champion {again}, and out of quarantine")
        elif action.mitigation == "retrain" and _undoable(services, incident, action):
            _undo_retraining(services, request, incident, action, undone, refused)
        elif action.mitigation == "pause_compute" and (action.holds_compute or action.state == "undone"):
            # Undone already: an earlier call broke off before it had said so, or something does not run all the same.
            started = resume_lease(services, incident, request.actor, request.comment, again=action.state == "undone")
            undone.append(f"pause_compute: resumed {', '.join(started) or 'nothing'}")
    if not undone and not refused:
        refused.append("nothing was done about this incident that could be undone")
    _tell(services, request, undone, refused)
    logger.info(
        "undone model=%s incident=%s actor=%s undone=%d", request.model, request.incident_id, request.actor, len(undone)
    )
    return UndoResult(undone=tuple(undone), refused=tuple(refused), serve=serve)


def _rollback_of(action: IncidentAction) -> RollbackFacts:
    return action.facts if isinstance(action.facts, RollbackFacts) else RollbackFacts()


def _unfinished_rollback(services: Services, incident: Incident, action: IncidentAction) -> LedgerEntry | None:
    """The order of a rollback that was not carried out, or was called off; None for everything else."""
    if action.mitigation != "rollback" or action.state not in {"begun", "undone"}:
        return None
    entry = own_rollback(services, incident)
    if entry is None:
        return None
    move = find_move(services, incident.model, entry.key)
    return None if move is not None and move.state == "done" else entry


def _made_at(services: Services, incident: Incident, action: IncidentAction) -> datetime | None:
    """When MLflow made the version that was rolled back, by the order; None in an order of an earlier release."""
    entry = services.ledger.entry(incident.model, action.ledger) if action.ledger else None
    order = None if entry is None else read_as(entry, RollbackOrder)
    return None if order is None else order.bad_created_at


def _had_moved(
    services: Services, request: UndoRequest, incident: Incident, action: IncidentAction, entry: LedgerEntry
) -> bool:
    """Call an unfinished rollback off; return whether the alias had moved, so that it must be moved back."""
    bad = _rollback_of(action).bad_version
    _order(services, request, incident, action, bad)
    if call_off_rollback(services, entry):
        return True
    if action.state != "undone":
        update = {
            "state": "undone",
            "detail": f"{_called_off(bad)}, by {request.actor}",
            "at": services.clock(),
        }
        keep_action(services, incident, action.model_copy(update=update), actor=request.actor)
    return False


def _called_off(bad: str) -> str:
    return f"it had been ordered and not carried out; it is called off, and version {bad} is out of quarantine"


def _undo_key(incident: Incident, action: IncidentAction) -> str:
    return f"undo:{incident.incident_id}:{action.mitigation}"


def _undoable(services: Services, incident: Incident, action: IncidentAction) -> bool:
    """Whether there is something to take back, or an earlier call was interrupted while it did.

    A retraining that had failed, because it was flagged or by what an earlier release took for its outcome, may have
    changed the champion since.
    """
    if action.state in {"begun", "done"}:
        return True
    if action.mitigation == "retrain" and action.state == "failed" and _promotion(services, incident, action):
        return True
    interrupted = services.ledger.find(incident.model, _undo_key(incident, action)) is not None
    return action.state in {"undone", "failed"} and interrupted


def _is_taken_back(action: IncidentAction) -> bool:
    """Whether it was undone; a rollback has failed only if Nightshift itself has taken it back."""
    return action.state == "undone" or (action.state == "failed" and action.mitigation == "rollback")


def _moved_on(services: Services, incident: Incident, action: IncidentAction, version: str) -> str:
    """Why an undo that was done before has nothing left to say; empty if it was not, or still stands."""
    champion = services.registry.version_of(incident.model, CHAMPION)
    if not _is_taken_back(action) or champion == version:
        return ""
    return f"it was taken back already; version {champion or 'none'} is champion since"


def _again(services: Services, incident: Incident, action: IncidentAction, version: str) -> str:
    """How a version has become champion again: ``already`` if somebody else has set the alias back."""
    return "already" if _is_set_back(services, incident, action, version) else "again"


def _is_set_back(services: Services, incident: Incident, action: IncidentAction, version: str) -> bool:
    """Whether the alias points at a version to which no undo has moved it."""
    moved = find_move(services, incident.model, _undo_key(incident, action)) is not None
    return not moved and services.registry.version_of(incident.model, CHAMPION) == version


def _undo_retraining(
    services: Services,
    request: UndoRequest,
    incident: Incident,
    action: IncidentAction,
    undone: list[str],
    refused: list[str],
) -> None:
    move = _promotion(services, incident, action)
    if move is None:
        refused.append("retrain: its run has changed nothing yet; its own gate decides. Undo again if it is promoted")
        return
    if move.previous is None:
        refused.append("retrain: it made the model's first champion; there is none to go back to")
        return
    again = _again(services, incident, action, move.previous)
    problem = _moved_on(services, incident, action, move.previous) or _move_back(
        services,
        request,
        incident,
        action,
        expected=move.version,
        version=move.previous,
        created_at=move.previous_created_at,
    )
    if problem:
        refused.append(f"retrain: {problem}")
    else:
        undone.append(f"retrain: version {move.previous} is champion {again} instead of version {move.version}")


def _promotion(services: Services, incident: Incident, action: IncidentAction) -> ChampionMove | None:
    """The move by which a retraining, or the improvement loop that it went on into, has changed the champion."""
    facts = action.facts if isinstance(action.facts, RetrainingFacts) else RetrainingFacts()
    run = facts.run or services.uploads.run_of(incident.model, facts.identity)
    runs = retraining_runs(run) if run else ()
    moves = services.champions.moves(incident.model)
    made = (move for move in moves if move.run in runs and move.kind in _MADE and move.state == "done")
    return max((move for move in made if not withdrawn(move, moves)), key=lambda move: move.sequence, default=None)


def _move_back(
    services: Services,
    request: UndoRequest,
    incident: Incident,
    action: IncidentAction,
    *,
    expected: str,
    version: str,
    created_at: datetime | None,
    quarantined: str | None = None,
) -> str:
    """Move the alias back and lift a quarantine; return why not, or an empty text. A repeat finds it done.

    Args:
        created_at: when MLflow made the version that comes back; None if no record says it.
    """
    registered = services.registry.version(request.model, version)
    if registered is not None and registered.is_another(created_at, action.at):
        return f"version {version} was deleted since, and its number belongs to another version"
    entry = _order(services, request, incident, action, version)
    if not _is_set_back(services, incident, action, version):
        try:
            move_champion(
                services,
                model=request.model,
                expected=expected,
                version=version,
                run=incident.response,
                decided_by=entry.key,
                kind="undo",
            )
        except ChampionMovedError as error:
            return error.message
    if quarantined is not None:
        services.registry.tag(request.model, quarantined, TAG_QUARANTINE, None)
    if _is_taken_back(action):
        return ""
    by = "its endpoint did not follow" if request.actor == ACTOR else f"taken back by {request.actor}"
    kept = action.model_copy(
        update={
            "state": "failed" if request.actor == ACTOR else "undone",
            "detail": f"{action.detail}; {by}: version {version} is champion",
            "at": services.clock(),
        }
    )
    keep_action(services, incident, kept, actor=request.actor)
    return ""


def _order(
    services: Services, request: UndoRequest, incident: Incident, action: IncidentAction, version: str
) -> LedgerEntry:
    return services.ledger.append(
        record(
            UndoOrder(
                mitigation=action.mitigation,
                incident=incident.incident_id,
                comment=request.comment,
                undoes=action.ledger,
                order=request.order,
            ),
            key=_undo_key(incident, action),
            model=request.model,
            run=incident.response,
            subject=f"version {version}",
            actor=request.actor,
        )
    )


def _tell(services: Services, request: UndoRequest, undone: list[str], refused: list[str]) -> None:
    comment = f" ({request.comment})" if request.comment else ""
    entry = TimelineEntry(
        key=undone_key(request.actor, request.order),
        at=services.clock(),
        actor=request.actor,
        what=f"undo{comment}: {'; '.join((*undone, *refused))}"[:1_000],
    )

    def change(known: Incident) -> Incident:
        told = known.told(entry)
        if not undone or told.state != "mitigated":
            return told
        opened = told.moved("reopen")
        # A person who takes a mitigation back has the incident; one that Nightshift took back has nobody yet.
        if request.actor == ACTOR:
            return opened
        return opened.moved("acknowledge").model_copy(update={"acknowledged_by": request.actor})

    services.incidents.change(request.model, request.incident_id, change)
