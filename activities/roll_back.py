"""Put the champion before a bad one back, and the bad one into quarantine."""

import logging
from datetime import timedelta

from activities.champion import move_champion
from activities.failures import guarded
from activities.mitigation import keep_action
from activities.plan_response import find_incident
from agents.responder.rollback import Guard, blamed_version, rollback_problem, rollback_targets
from domain.errors import ChampionMovedError
from domain.incident import Incident, IncidentAction
from domain.ledger import ACTOR, LedgerEntry, LedgerRecord
from domain.names import CHAMPION, ROLL_BACK, TAG_QUARANTINE
from domain.ports import Services
from domain.registry import RegisteredVersion
from domain.response import MitigateRequest, MitigationResult, Serve
from domain.spec import ModelSpec

logger = logging.getLogger(__name__)


def run_roll_back(services: Services, request: MitigateRequest) -> MitigationResult:
    """Roll a model back, once per bad version whatever the number of incidents about it.

    1. Find the version that the alert blames and the champion before it; every guard must hold.
    2. Append the decision to the ledger under (model, bad version); whoever finds another incident's entry there does
       nothing.
    3. Put the bad version into quarantine, then move the alias by compare-and-set.
    4. Name the endpoint that must follow, if the spec has one.
    """
    return guarded(
        ROLL_BACK,
        request.incident_id,
        request.model,
        lambda: _roll_back(services, request),
        lambda failure: MitigationResult(failure=failure, escalate=True),
    )


def _roll_back(services: Services, request: MitigateRequest) -> MitigationResult:
    incident = find_incident(services, request.model, request.incident_id)
    spec = services.specs.get(request.model)
    known = incident.action("rollback")
    if known is not None and known.state != "begun":
        return _result(spec, known)
    entry = _own_order(services, incident)
    if entry is None:
        moves = services.champions.moves(request.model)
        bad = blamed_version(incident.alert, moves, timedelta(minutes=spec.playbook.settle_minutes))
        entry = services.ledger.find(request.model, rollback_key(request.model, bad)) if bad is not None else None
    if entry is None:
        guard = _guard(services, spec, bad)
        problem = rollback_problem(guard)
        if problem or bad is None or guard.target is None:
            return _refuse(services, incident, spec, problem)
        entry = _order(services, incident, request.reason, bad, guard.target)
    if entry.run != incident.response:
        problem, stands = _taken(services, entry)
        return _refuse(services, incident, spec, problem, by_another=stands)
    bad, target = str(entry.body["bad_version"]), str(entry.body["target"])
    # First: from the moment that it is champion no more, it must be nobody's target either.
    services.registry.tag(request.model, bad, TAG_QUARANTINE, incident.incident_id)
    try:
        move_champion(
            services, model=request.model, expected=bad, version=target, run=incident.response, decided_by=entry.key
        )
    except ChampionMovedError as error:
        services.registry.tag(request.model, bad, TAG_QUARANTINE, None)
        return _refuse(services, incident, spec, error.message)
    action = IncidentAction(
        mitigation="rollback",
        # With an endpoint to move, it is done only when that serves the target.
        state="done" if spec.serving_endpoint is None else "begun",
        detail=f"version {target} is champion again; version {bad} is in quarantine",
        at=services.clock(),
        ledger=entry.sequence,
        facts={"bad_version": bad, "target": target},
    )
    logger.info("rolled_back model=%s incident=%s bad=%s target=%s", spec.name, incident.incident_id, bad, target)
    kept = keep_action(services, incident, action, mitigated=spec.serving_endpoint is None)
    return _result(spec, kept)


def rollback_key(model: str, bad: str) -> str:
    """Identity of the rollback of a bad version: it happens once, whoever asks."""
    return f"rollback:{model}:{bad}"


def rollback_candidate(services: Services, model: str, bad: str) -> tuple[str | None, RegisteredVersion | None]:
    """The latest champion before ``bad`` that is not in quarantine; if there is none, the latest of all."""
    targets = rollback_targets(bad, services.champions.moves(model))
    found = [(target, services.registry.version(model, target)) for target in targets]
    free = (item for item in found if item[1] is not None and TAG_QUARANTINE not in item[1].tags)
    return next(free, found[0] if found else (None, None))


def _guard(services: Services, spec: ModelSpec, bad: str | None) -> Guard:
    target, registered = rollback_candidate(services, spec.name, bad) if bad is not None else (None, None)
    return Guard(
        model=spec.name,
        bad=bad,
        champion=services.registry.version_of(spec.name, CHAMPION),
        target=target,
        registered=registered,
        columns=services.registry.columns_of(spec.name, target) if target is not None else None,
        contract=frozenset(column.name for column in spec.contract.columns),
    )


def _order(services: Services, incident: Incident, reason: str, bad: str, target: str) -> LedgerEntry:
    return services.ledger.append(
        LedgerRecord(
            key=rollback_key(incident.model, bad),
            model=incident.model,
            run=incident.response,
            kind="mitigation",
            subject=f"version {bad}",
            actor=ACTOR,
            body={
                "mitigation": "rollback",
                "incident": incident.incident_id,
                "rule": incident.rule,
                "reason": reason or incident.reason,
                "bad_version": bad,
                "target": target,
                "alert": incident.alert.model_dump(mode="json", exclude={"detail"}),
            },
        )
    )


def _own_order(services: Services, incident: Incident) -> LedgerEntry | None:
    """What an earlier call has ordered: it stands, whoever is champion by now."""
    orders = services.ledger.entries(incident.model, incident.response)
    return next((entry for entry in orders if entry.body.get("mitigation") == "rollback"), None)


def _taken(services: Services, entry: LedgerEntry) -> tuple[str, bool]:
    """Say that another incident has ordered this rollback, and whether it stands."""
    by = str(entry.body["incident"])
    other = services.incidents.get(entry.model, by)
    action = other.action("rollback") if other else None
    when = entry.recorded_at.isoformat(timespec="seconds")
    said = f"version {entry.body['bad_version']} was rolled back by incident {by} at {when}"
    if action is not None and action.state in {"undone", "failed", "refused"}:
        return f"{said}, and that is {action.state}: it is not done a second time, a person must decide", False
    return f"{said}; that is not done a second time", True


def _refuse(
    services: Services, incident: Incident, spec: ModelSpec, problem: str, *, by_another: bool = False
) -> MitigationResult:
    action = IncidentAction(
        mitigation="rollback", state="repeated" if by_another else "refused", detail=problem, at=services.clock()
    )
    logger.warning("rollback_refused model=%s incident=%s reason=%s", spec.name, incident.incident_id, problem)
    return _result(spec, keep_action(services, incident, action))


def _result(spec: ModelSpec, action: IncidentAction) -> MitigationResult:
    serve = None
    if action.state == "begun" and spec.serving_endpoint is not None:
        serve = Serve(endpoint=spec.serving_endpoint, model=spec.name, version=str(action.facts["target"]))
    return MitigationResult(action=action, serve=serve, escalate=action.state in {"refused", "failed"})
