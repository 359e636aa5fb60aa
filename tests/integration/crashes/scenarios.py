"""The table of activities that crash tests break off: each prepares a scene and gives the activity to break off."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import yaml

from activities.champions.move_serving import move_serving
from activities.champions.withdraw_promotion import withdraw_promotion
from activities.improvement.order_improvement import order_improvement
from activities.lifecycle.decide_action import decide_and_act
from activities.lifecycle.record_halt import record_halt
from activities.lifecycle.send_alert import send_alert
from activities.response.complete_mitigation import complete_mitigation
from activities.response.mitigations.notify_on_call import notify_on_call
from activities.response.mitigations.pause_compute import pause_compute, resume_compute
from activities.response.mitigations.retrain import retrain
from activities.response.mitigations.rollback import roll_back
from activities.response.plan_response import plan_response
from activities.response.undo_mitigations import undo_mitigations
from activities.response.verify_recovery import verify_recovery
from activities.reviews.act_on_review import act_on_review
from activities.reviews.close_review import close_review
from activities.reviews.expire_review import expire_review
from activities.reviews.notify_reviewers import notify_reviewers
from activities.uploads.claim_uploads import claim_uploads
from nightshift.domain.improvement.messages import ImproveOrder
from nightshift.domain.ledger.bodies import OutcomeBody, record
from nightshift.domain.ledger.keys import outcome_key
from nightshift.domain.lifecycle.run import AlertRequest, ClaimRequest, HaltRecord, WithdrawRequest, broke_off
from nightshift.domain.platform.errors import ServiceRefusedError
from nightshift.domain.platform.identity import short
from nightshift.domain.platform.names import TAG_QUARANTINE
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.messages import (
    CompleteMitigationRequest,
    EndpointTarget,
    MoveServingRequest,
    PlanRequest,
    VerifyRequest,
)
from nightshift.domain.reviews.messages import FinalizeReviewRequest
from nightshift.domain.reviews.policy import ReviewStep
from nightshift.domain.reviews.review import Choice, Review
from nightshift.domain.uploads.upload_queue import Submission
from nightshift.services.dead_letters.dead_letters import record_dead_letter, redrive
from nightshift.services.response.record_alert import record_alert
from nightshift.services.reviews.decide_review import decide_review, expire
from nightshift.services.reviews.start_review import wake_review
from nightshift.services.uploads.wake_queue import wake_queue
from nightshift.sweeps.orders import watch_model
from nightshift.sweeps.owed import deliver_owed
from nightshift.sweeps.responses import watch_responses
from tests.integration.crashes.scene import STATES, Activity, Scene
from tests.support.deciding import FLAG, PROMOTE, REJECT, Deciding, Verdicts
from tests.support.failing_ports import without_alias
from tests.support.incident_examples import alert
from tests.support.model_data import accept_file
from tests.support.responder import ROOT
from tests.support.reviewing import flag, request

_REFUSED = ServiceRefusedError("MLflow", "403", "the identity may not set aliases")
_ENDPOINT = "revenue"


@dataclass(frozen=True)
class Scenario:
    """An activity to break off.

    Attributes:
        prepare: sets the scene, and gives the activity as a function of the services that it is to use.
        refused: whether a repeat is refused once it has been done, as a person's is.
    """

    prepare: Callable[[Scene], Activity | Awaitable[Activity]]
    refused: bool = False


# --- responses


def _rollback(scene: Scene, **spec: Any) -> tuple[Incident, Activity]:
    scene.champions(**spec)
    incident = scene.case.alert()
    order = scene.case.request(incident, "rollback")
    return incident, lambda services: roll_back(services, order)


def _rolled_back(scene: Scene, **spec: Any) -> Incident:
    incident, activity = _rollback(scene, **spec)
    activity(scene.services)
    return incident


def _undo(scene: Scene, incident: Incident) -> Activity:
    order = scene.case.undo_request(incident)
    return lambda services: undo_mitigations(services, order)


def _leased(scene: Scene) -> Incident:
    incident = _budget(scene)
    pause_compute(scene.services, scene.case.request(incident, "pause_compute"))
    return incident


def _budget(scene: Scene) -> Incident:
    return scene.case.alert("b1", category="budget", metric="spend", value=None, severity="critical", rule="b1")


def _pause(scene: Scene) -> Activity:
    order = scene.case.request(_budget(scene), "pause_compute")
    return lambda services: pause_compute(services, order)


def _resume(scene: Scene) -> Activity:
    order = scene.case.request(_leased(scene), "pause_compute")
    return lambda services: resume_compute(services, order)


def _settle_mitigation(scene: Scene) -> Activity:
    incident = _rolled_back(scene, serving_endpoint=_ENDPOINT)
    scene.serving.serve(_ENDPOINT, scene.model, "2")
    scene.serving.end_update()
    order = CompleteMitigationRequest(
        model=scene.model, incident_id=incident.incident_id, mitigation="rollback", state="done", detail="it serves",
        mitigated=True,
    )  # fmt: skip
    return lambda services: complete_mitigation(services, order)


def _move_serving(scene: Scene) -> Activity:
    incident = _rolled_back(scene, serving_endpoint=_ENDPOINT)
    serve = EndpointTarget(endpoint=_ENDPOINT, model=scene.model, version="2")
    order = MoveServingRequest(model=scene.model, incident_id=incident.incident_id, serve=serve, looks=0)
    return lambda services: move_serving(services, order)


def _files(scene: Scene) -> None:
    document = yaml.safe_load((ROOT / "model_specs/revenue_forecast.yaml").read_text(encoding="utf-8"))
    contract = document["contract"] | {"min_rows": 1}
    scene.case.specify(contract=contract, playbook={"retrain_datasets": 2, "retrain_cooldown_minutes": 60})
    for number, name in enumerate("ab"):
        accept_file(scene.case, scene.folder, name, day=number + 1)


def _retrain(scene: Scene) -> Activity:
    _files(scene)
    order = scene.case.request(scene.case.drift(), "retrain")
    return lambda services: retrain(services, scene.client, order)


def _improve(scene: Scene) -> Activity:
    _files(scene)
    run = f"lifecycle-{scene.model}-b"
    scene.services.ledger.append(
        record(
            OutcomeBody(outcome="rejected"), key=outcome_key(run, 0), model=scene.model, run=run, subject="version 1"
        )
    )
    order = ImproveOrder(model=scene.model, by="ann", reason="it must get better")
    return lambda services: order_improvement(services, scene.client, order)


async def _claim(scene: Scene) -> Activity:
    await _retrain(scene)(scene.services)
    order = ClaimRequest(model=scene.model, generation=1, claim=0)
    return lambda services: claim_uploads(services, order)


def _page(scene: Scene) -> Activity:
    order = scene.case.request(
        scene.case.alert("p1", category="pipeline", metric="", value=None, baseline=None), "page"
    )
    return lambda services: notify_on_call(services, order)


def _plan(scene: Scene) -> Activity:
    incident = scene.case.alert()
    order = PlanRequest(model=scene.model, incident_id=incident.incident_id, at=scene.services.clock())
    return lambda services: plan_response(services, order)


def _plan_held(scene: Scene) -> Activity:
    scene.case.alert("p1", category="pipeline", metric="", value=None, baseline=None)
    order = PlanRequest(model=scene.model, incident_id=scene.case.drift().incident_id, at=scene.services.clock())
    return lambda services: plan_response(services, order)


def _verify(scene: Scene, *, again: bool = False) -> Activity:
    incident = _rolled_back(scene)
    since = incident.opened_at + timedelta(seconds=1)
    if again:
        scene.passed = timedelta(minutes=1)
        scene.case.alert("a2", fired_at=scene.services.clock())
    order = VerifyRequest(model=scene.model, incident_id=incident.incident_id, since=since, final=True)
    return lambda services: verify_recovery(services, order)


def _respond(scene: Scene) -> Activity:
    message = alert(alert_id=f"{scene.model}-r", model=scene.model, fired_at=scene.services.clock())
    return lambda services: record_alert(services, message.model_dump_json().encode())


# --- runs


def _decide(verdicts: Verdicts) -> Callable[[Scene], Activity]:
    def prepare(scene: Scene) -> Activity:
        scene.champions()
        make = Deciding(scene.services, scene.mlflow, scene.model)
        order = make.request(verdicts, challenger_version="2", champion_version="3")
        return lambda services: decide_and_act(services, order)

    return prepare


def _withdraw(scene: Scene) -> WithdrawRequest:
    scene.champions()
    return WithdrawRequest(model=scene.model, run="lifecycle-x", version="3", previous="2", reason="it does not serve")


def _withdrawal(scene: Scene) -> Activity:
    order = _withdraw(scene)
    return lambda services: withdraw_promotion(services, order)


def _halt(scene: Scene) -> HaltRecord:
    return HaltRecord(model=scene.model, run=f"lifecycle-{scene.model}-1", outcome="failed", failure=broke_off("why"))


def _record_halt(scene: Scene) -> Activity:
    order = _halt(scene)
    return lambda services: record_halt(services, order)


def _send_alert(scene: Scene) -> Activity:
    order = AlertRequest(
        key=f"{scene.model}:ended", model=scene.model, run=f"lifecycle-{scene.model}-1", rule="run_broke_off",
        severity="critical", title="it broke off", detail="why", at=scene.services.clock(), halt=_halt(scene),
    )  # fmt: skip
    return lambda services: send_alert(services, order)


def _letter(scene: Scene) -> dict[str, Any]:
    enqueued = scene.services.clock()
    given = {"queue": "model-alerts", "message_id": scene.model, "enqueued_at": enqueued, "body": b"{"}
    scene.letters.append(short("model-alerts", scene.model, enqueued.isoformat()))
    return given | {"broker_reason": "", "delivery_count": 1, "properties": {}}


def _record_letter(scene: Scene) -> Activity:
    given = _letter(scene)
    return lambda services: record_dead_letter(services, **given)


def _redrive(scene: Scene) -> Activity:
    dead_letter = record_dead_letter(scene.services, **_letter(scene))
    message = alert(alert_id=scene.model, model=scene.model, fired_at=scene.services.clock()).model_dump_json()
    return lambda services: redrive(services, dead_letter, message, "ann")


# --- reviews


def _review(scene: Scene, choice: Choice | None = "approve", **spec: Any) -> Review:
    review = flag(scene.case, scene.mlflow, scene.folder, **spec)
    if choice is None:
        return review
    return decide_review(scene.services, review, choice=choice, by="ann", comment="looks right")


def _act(choice: Choice | None, *, void: bool = False, **spec: Any) -> Callable[[Scene], Activity]:
    def prepare(scene: Scene) -> Activity:
        review = _review(scene, choice, **spec)
        if choice is None:
            expire(scene.services, review)
        if void:
            scene.services.registry.tag(scene.model, "2", TAG_QUARANTINE, "i7")
        return lambda services: act_on_review(services, scene.client, request(review))

    return prepare


async def _settle_failed(scene: Scene) -> Activity:
    review = _review(scene, serving_endpoint=_ENDPOINT)
    await act_on_review(scene.services, scene.client, request(review))
    order = FinalizeReviewRequest(model=scene.model, review_id=review.review_id, problem="the endpoint failed")
    return lambda services: close_review(services, order)


def _settle_improving(scene: Scene) -> Activity:
    review = _review(scene, "improve")
    order = FinalizeReviewRequest(model=scene.model, review_id=review.review_id, detail="ordered", fresh="u1")
    return lambda services: close_review(services, order)


def _expire(scene: Scene) -> Activity:
    order = request(_review(scene, None))
    return lambda services: expire_review(services, order)


def _decide_review(choice: Choice) -> Callable[[Scene], Activity]:
    def prepare(scene: Scene) -> Activity:
        review = _review(scene, None)
        return lambda services: decide_review(services, review, choice=choice, by="ann", comment="looks right")

    return prepare


def _remind(scene: Scene) -> Activity:
    order = request(_review(scene, None)).model_copy(
        update={"step": ReviewStep(kind="remind", at=scene.services.clock())}
    )
    return lambda services: notify_reviewers(services, order)


# --- sweeps


def _sweep_orders(prepare: Callable[[Scene], Any]) -> Callable[[Scene], Awaitable[Activity]]:
    async def prepared(scene: Scene) -> Activity:
        made = prepare(scene)
        if hasattr(made, "__await__"):
            await made
        return lambda services: watch_model(scene.client, services, scene.model)

    return prepared


def _failed_rollback(scene: Scene) -> None:
    _, activity = _rollback(scene)
    with pytest.raises(ServiceRefusedError):
        activity(without_alias(scene.services, _REFUSED))


def _failed_withdrawal(scene: Scene) -> None:
    withdrawal = _withdraw(scene)
    with pytest.raises(ServiceRefusedError):
        withdraw_promotion(without_alias(scene.services, _REFUSED), withdrawal)


def _ended_lease(scene: Scene) -> None:
    _leased(scene)
    scene.passed = timedelta(days=3)


async def _lost_endpoint(scene: Scene) -> None:
    (await _settle_failed(scene))(scene.services)
    scene.passed = timedelta(minutes=20)


def _sweep_responses(scene: Scene) -> Activity:
    scene.case.alert()
    scene.durable.state = None
    scene.passed = timedelta(minutes=11)
    return lambda services: watch_responses(scene.client, services)


def _sweep_failed_responses(scene: Scene) -> Activity:
    scene.case.alert()
    scene.durable.state = STATES.Failed
    scene.passed = timedelta(minutes=11)
    return lambda services: watch_responses(scene.client, services)


def _sweep_reviews(scene: Scene) -> Activity:
    review = _review(scene)
    scene.durable.state = None
    return lambda services: wake_review(scene.client, services, review, again=True)


async def _sweep_queues(scene: Scene) -> Activity:
    await _retrain(scene)(scene.services)
    scene.services.uploads.claim(scene.model, 1, 0)
    scene.durable.state = STATES.Failed
    order = Submission(generation=1, accepted=False)
    return lambda services: wake_queue(scene.client, services, scene.model, order)


def _sweep_owed(scene: Scene) -> Activity:
    scene.pager.away = True
    _page(scene)(scene.services)
    scene.pager.away = False
    scene.passed = timedelta(minutes=3)
    return deliver_owed


SCENARIOS: dict[str, Scenario] = {
    "roll back": Scenario(lambda scene: _rollback(scene)[1]),
    "roll back with an endpoint": Scenario(lambda scene: _rollback(scene, serving_endpoint=_ENDPOINT)[1]),
    "undo a rollback": Scenario(lambda scene: _undo(scene, _rolled_back(scene))),
    "undo a rollback with an endpoint": Scenario(
        lambda scene: _undo(scene, _rolled_back(scene, serving_endpoint=_ENDPOINT))
    ),
    "undo a pause": Scenario(lambda scene: _undo(scene, _leased(scene))),
    "pause compute": Scenario(_pause),
    "resume compute": Scenario(_resume),
    "settle a mitigation": Scenario(_settle_mitigation),
    "move an endpoint": Scenario(_move_serving),
    "retrain": Scenario(_retrain),
    "order an improvement": Scenario(_improve),
    "claim uploads": Scenario(_claim),
    "page on-call": Scenario(_page),
    "plan a response": Scenario(_plan),
    "plan a response that is held": Scenario(_plan_held),
    "verify a recovery": Scenario(_verify),
    "verify what fires again": Scenario(lambda scene: _verify(scene, again=True)),
    "take an alert": Scenario(_respond),
    "decide: promote": Scenario(_decide(PROMOTE)),
    "decide: reject": Scenario(_decide(REJECT)),
    "decide: flag": Scenario(_decide(FLAG)),
    "withdraw a promotion": Scenario(_withdrawal),
    "record a halt": Scenario(_record_halt),
    "send an alert": Scenario(_send_alert),
    "record a dead letter": Scenario(_record_letter),
    "redrive a dead letter": Scenario(_redrive, refused=True),
    "act on a review: promote": Scenario(_act("approve")),
    "act on a review: promote with an endpoint": Scenario(_act("approve", serving_endpoint=_ENDPOINT)),
    "act on a review: void": Scenario(_act("approve", void=True)),
    "act on a review: reject": Scenario(_act("reject")),
    "act on a review: improve": Scenario(_act("improve")),
    "act on a review: expired": Scenario(_act(None)),
    "settle a review: failed": Scenario(_settle_failed),
    "settle a review: improving": Scenario(_settle_improving),
    "expire a review": Scenario(_expire),
    "approve a review": Scenario(_decide_review("approve"), refused=True),
    "remind reviewers": Scenario(_remind),
    "sweep orders: a rollback": Scenario(_sweep_orders(_failed_rollback)),
    "sweep orders: a withdrawal": Scenario(_sweep_orders(_failed_withdrawal)),
    "sweep orders: a lease": Scenario(_sweep_orders(_ended_lease)),
    "sweep orders: an endpoint": Scenario(_sweep_orders(_lost_endpoint)),
    "sweep responses: never started": Scenario(_sweep_responses),
    "sweep responses: failed": Scenario(_sweep_failed_responses),
    "sweep reviews": Scenario(_sweep_reviews),
    "sweep queues": Scenario(_sweep_queues),
    "sweep owed notifications": Scenario(_sweep_owed),
}
