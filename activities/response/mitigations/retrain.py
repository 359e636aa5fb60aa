"""Retraining because the data has drifted: a lifecycle like any other, at most one per cooldown."""

import asyncio
import logging
from datetime import timedelta
from functools import partial
from typing import Final

import azure.durable_functions as df

from activities.response.complete_mitigation import complete_mitigation
from nightshift.domain.champions.decision import AliasChange, withdrawn
from nightshift.domain.improvement.messages import improvement_of
from nightshift.domain.ledger.bodies import HaltBody, OutcomeBody, RefusalBody, expect_body, read_as, record, says
from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.platform.identity import short
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import ActionState, Incident, IncidentAction
from nightshift.domain.response.messages import (
    CompleteMitigationRequest,
    MitigateRequest,
    MitigationResult,
    RetrainingRequest,
    RetrainingState,
    UndoRequest,
)
from nightshift.domain.response.mitigations import RetrainingFacts, RetrainingOrder
from nightshift.domain.uploads.dataset import AcceptedDataset
from nightshift.domain.uploads.upload import Upload
from nightshift.services.ledger.order_kinds import WAITS, OrderKind, OrderResult
from nightshift.services.platform.activity import activity, starting_activity
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
from nightshift.services.response.take_back import TakeBack, undo_was_ordered
from nightshift.services.uploads.archive import upload_from_archive
from nightshift.services.uploads.newest_data import NewestData, newest_data
from nightshift.services.uploads.wake_queue import wake_busy_queue

logger = logging.getLogger(__name__)

_MITIGATION: Final = "retrain"
# The kinds of move by which the version of a run becomes champion.
_MADE = frozenset({"promotion", "review"})


@starting_activity("retrain")
async def retrain(
    services: Services, client: df.DurableOrchestrationClient, request: MitigateRequest
) -> MitigationResult:
    """Put the newest accepted data into the model's queue of uploads once more, whatever was decided on it before.

    0. Not within the cooldown after the last retraining by drift, so that a retraining cannot bring about the next.
    1. The champion has been trained on the newest data already: training would give the same model. The ledger says so
       and a person is asked for newer data, once for this champion and this data; no job runs.
    2. Append the decision to the ledger; of two incidents at once only the first gets the entry.
    3. Submit the files as one batch; a lifecycle that runs goes on, and this follows it.
    """
    result = await asyncio.to_thread(_retrain, services, request)
    if result.action.state in {"begun", "repeated"}:
        await wake_busy_queue(client, services, request.model)
    return result


def _retrain(services: Services, request: MitigateRequest) -> MitigationResult:
    incident = find_incident(services, request.model, request.incident_id)
    known = incident.action(_MITIGATION)
    if known is not None and known.state != "begun":
        return MitigationResult(action=known, escalate=known.state in {"refused", "failed"})
    playbook = services.specs.get(request.model).playbook
    mine = next(filter(_is_retraining, services.ledger.entries(request.model, incident.response)), None)
    if mine is None:
        last = next(filter(_is_retraining, services.ledger.newest_of(request.model, "mitigation")), None)
        cooldown = timedelta(minutes=playbook.retrain_cooldown_minutes)
        if last is not None and services.clock() < last.recorded_at + cooldown:
            return _keep(services, incident, "repeated", _cooling(services, last, cooldown))
        data = newest_data(services, request.model, playbook.retrain_datasets)
        if data.nothing_new:
            return _refuse(services, incident, data)
        mine = _order(services, incident, request.reason, data.files, 1 if last is None else _number(last) + 1)
        if mine.run != incident.response:
            return _keep(services, incident, "repeated", _cooling(services, mine, cooldown))
    uploads, _ = _queue(services, mine)
    detail = _in_queue(expect_body(mine, RetrainingOrder))
    facts = RetrainingFacts(identity=uploads[0].identity)
    result = _keep(services, incident, "begun", detail, mine, facts)
    return result.model_copy(update={"identity": uploads[0].identity})


def _in_queue(order: RetrainingOrder) -> str:
    return f"a retraining on {', '.join(order.files)} is in the model's queue"


def _is_retraining(entry: LedgerEntry) -> bool:
    return says(entry, RetrainingOrder)


def _number(entry: LedgerEntry) -> int:
    """The number of a retraining of its model, from 1; its key ends with it."""
    return int(entry.key.rpartition(":")[2])


def _refuse(services: Services, incident: Incident, data: NewestData) -> MitigationResult:
    """Say that there is nothing to train on; a person is asked once, however many incidents ask for a retraining."""
    champion, newest = data.champion, data.files[-1].digest if data.files else ""
    situation = short(str(champion.version), champion.created_at.isoformat(), newest) if champion else short(newest)
    entry = services.ledger.append(
        record(
            RefusalBody(
                outcome="no_newer_data" if data.files else "no_data",
                refused=_MITIGATION,
                incident=incident.incident_id,
                reason=data.nothing_new,
                champion_version=champion.version if champion else None,
            ),
            key=f"retrain-refused:{situation}",
            model=incident.model,
            run=incident.response,
            subject=f"model {incident.model}",
        )
    )
    if entry.run == incident.response:
        return _keep(services, incident, "refused", data.nothing_new, entry)
    said, at = expect_body(entry, RefusalBody), entry.recorded_at.isoformat(timespec="seconds")
    return _keep(services, incident, "repeated", f"incident {said.incident} asked for data at {at}: {data.nothing_new}")


def _queue(services: Services, entry: LedgerEntry) -> tuple[tuple[Upload, ...], bool]:
    """Put the files of a retraining into the model's queue, once; return them, and whether they were not there."""
    uploads = expect_body(entry, RetrainingOrder).uploads
    return uploads, services.uploads.submit(uploads[0], entry.model, with_=uploads[1:]).accepted


def _cooling(services: Services, entry: LedgerEntry, cooldown: timedelta) -> str:
    """Why there is no further retraining; one that was ordered and never reached the queue is put there now."""
    _, late = _queue(services, entry)
    by, when, until = expect_body(entry, RetrainingOrder).incident, entry.recorded_at, entry.recorded_at + cooldown
    at = when.isoformat(timespec="seconds")
    said = f"incident {by} had it retrained at {at}"
    if late:
        said = f"incident {by} ordered a retraining at {at} that had not reached the model's queue; it is in it now"
    return f"{said}; not again before {until.isoformat(timespec='seconds')}"


def _order(
    services: Services, incident: Incident, reason: str, files: tuple[AcceptedDataset, ...], number: int
) -> LedgerEntry:
    return services.ledger.append(
        record(
            RetrainingOrder(
                incident=incident.incident_id,
                rule=incident.rule,
                reason=reason or incident.reason,
                files=tuple(item.upload.name for item in files),
                uploads=tuple(
                    upload_from_archive(
                        services, incident.model, item.digest, item.upload, because=incident.incident_id
                    )
                    for item in files
                ),
                alert=incident.alert.model_dump(mode="json", exclude={"detail"}),
            ),
            key=f"retrain:{incident.model}:{number}",
            model=incident.model,
            run=incident.response,
            subject=f"model {incident.model}",
        )
    )


def _keep(
    services: Services,
    incident: Incident,
    state: ActionState,
    detail: str,
    entry: LedgerEntry | None = None,
    facts: RetrainingFacts = RetrainingFacts(),  # noqa: B008 - frozen
) -> MitigationResult:
    action = IncidentAction(
        mitigation=_MITIGATION,
        state=state,
        detail=detail,
        at=services.clock(),
        ledger=entry.sequence if entry else None,
        facts=facts,
    )
    logger.info("retraining_%s model=%s incident=%s", state, incident.model, incident.incident_id)
    return MitigationResult(action=keep_action(services, incident, action), escalate=state == "refused")


@activity("read_retraining")
def read_retraining(services: Services, request: RetrainingRequest) -> RetrainingState:
    """Say what became of a retraining: the outcome of its run as the ledger has it, None while the run goes on.

    A run that was rejected may go on into the improvement loop, and one that was promoted may be withdrawn: the outcome
    is read when the run has ended. What its improvement loop promoted or flagged is the run's outcome.
    """
    run = services.uploads.run_of(request.model, request.identity)
    if run is None or services.uploads.begun_run(request.model) == run:
        return RetrainingState(run=run or "")
    entries = (entry for each in retraining_runs(run) for entry in services.ledger.entries(request.model, each))
    ends = [(entry, end) for entry in entries if (end := _end_of(entry)) is not None]
    if not ends:
        return RetrainingState(run=run)
    last, (outcome, reason) = max(ends, key=lambda item: item[0].sequence)
    return RetrainingState(run=run, outcome=outcome, detail=f"run {last.run} was {outcome}: {reason}")


def _end_of(entry: LedgerEntry) -> tuple[str, str] | None:
    """The outcome of a run and its reason, if that is what an entry says; what became void is decided again."""
    if (halt := read_as(entry, HaltBody)) is not None:
        return halt.outcome, halt.failure.message
    decided = read_as(entry, OutcomeBody)
    if decided is None or decided.outcome == "void":
        return None
    return decided.outcome, f"champion is version {decided.champion_version}"


def retraining_runs(run: str) -> tuple[str, str]:
    """The runs that may promote what a retraining makes: its lifecycle run, and the improvement loop of that."""
    return run, improvement_of(run)


# --- taking it back


def _undo(services: Services, request: UndoRequest, incident: Incident, action: IncidentAction) -> Undone | None:
    """The champion before comes back, if a retraining was promoted; one that goes on has changed nothing yet."""
    if action.state == "refused":
        return None
    move = _promotion(services, incident, action)
    # One that had failed, because it was flagged or by what an earlier release took for its outcome, may have changed
    # the champion since.
    changed = action.state in {"begun", "done"} or (action.state == "failed" and move is not None)
    interrupted = action.state in {"undone", "failed"} and undo_was_ordered(services, incident, action)
    if not changed and not interrupted:
        return None
    if move is None:
        return Undone(
            refused="retrain: its run has changed nothing yet; its own gate decides. Undo again if it is promoted"
        )
    if move.previous is None:
        return Undone(refused="retrain: it made the model's first champion; there is none to go back to")
    how, problem = TakeBack(
        services=services,
        request=request,
        incident=incident,
        action=action,
        expected=move.version,
        version=move.previous,
        created_at=move.previous_created_at,
        taken_back=action.state == "undone",
    ).run()
    if problem:
        return Undone(refused=f"retrain: {problem}")
    return Undone(f"retrain: version {move.previous} is champion {how} instead of version {move.version}")


def _promotion(services: Services, incident: Incident, action: IncidentAction) -> AliasChange | None:
    """The move by which a retraining, or the improvement loop that it went on into, has changed the champion."""
    facts = action.facts if isinstance(action.facts, RetrainingFacts) else RetrainingFacts()
    run = facts.run or services.uploads.run_of(incident.model, facts.identity)
    runs = retraining_runs(run) if run else ()
    moves = services.champions.moves(incident.model)
    made = (move for move in moves if move.run in runs and move.kind in _MADE and move.state == "done")
    return max((move for move in made if not withdrawn(move, moves)), key=lambda move: move.sequence, default=None)


# --- finishing what was ordered and not carried out


def _owes(services: Services, entry: LedgerEntry) -> bool:
    action = action_of_order(services, entry)
    return action is None or action.state == "begun"


def _finish(services: Services, entry: LedgerEntry) -> OrderResult:
    order = expect_body(entry, RetrainingOrder)
    uploads, _ = _queue(services, entry)
    identity = uploads[0].identity
    action = IncidentAction(
        mitigation=_MITIGATION,
        state="begun",
        detail=_in_queue(order),
        at=services.clock(),
        ledger=entry.sequence,
        facts=RetrainingFacts(identity=identity),
    )
    begin_action(services, incident_of_order(services, entry), action)
    request = RetrainingRequest(model=entry.model, incident_id=order.incident, identity=identity)
    ended = read_retraining(services, request)
    if ended.outcome is None:
        return WAITS
    promoted = ended.outcome == "promoted"
    became: ActionState = "done" if promoted else "failed"
    facts = {"run": ended.run, "outcome": ended.outcome}
    settle = CompleteMitigationRequest.of(
        request_of_order(entry), became, ended.detail, mitigated=promoted, facts=facts
    )
    complete_mitigation(services, settle)
    return OrderResult(closed=True, said=f"retrain {became}: {ended.detail}", kind="notice" if promoted else "page")


def _went_well(action: IncidentAction) -> bool:
    return action.state in {"done", "undone"}


HANDLER = MitigationHandler(
    names=(_MITIGATION,),
    act=retrain,
    outcome=read_retraining,
    undo=_undo,
    orders=(OrderKind(_is_retraining, _owes, _finish, run_of_order, since=partial(since_tried, well=_went_well)),),
    went_well=_went_well,
)
