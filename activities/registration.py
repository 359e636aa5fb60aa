"""The table of activities: name, message, body. A new activity is a file and a row."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import azure.durable_functions as df

from activities.champions.move_serving import run_move_serving
from activities.champions.withdraw_promotion import run_withdraw_promotion
from activities.improvement.critique_round import run_criticise_round
from activities.improvement.order_improvement import run_order_improvement
from activities.improvement.plan_improvement import run_plan_improvement
from activities.improvement.trace_round import run_trace_round
from activities.lifecycle.databricks_job import run_cancel_databricks_job
from activities.lifecycle.evaluate_metrics import run_evaluate_metrics
from activities.lifecycle.poll_job_status import run_poll_job_status
from activities.lifecycle.publish_event import run_publish_event
from activities.lifecycle.record_halt import run_record_halt
from activities.lifecycle.send_alert import run_send_alert
from activities.lifecycle.trigger_databricks_job import run_trigger_databricks_job
from activities.response.pause_compute import run_pause_compute, run_resume_compute
from activities.response.plan_response import run_plan_response
from activities.response.retrain import run_read_retraining, run_retrain
from activities.response.roll_back import run_roll_back
from activities.response.settle_mitigation import run_settle_mitigation
from activities.response.tell_on_call import run_tell_on_call
from activities.response.undo_mitigations import run_undo_mitigations
from activities.response.verify_recovery import run_verify_recovery
from activities.reviews.act_on_review import run_act_on_review
from activities.reviews.expire_review import run_expire_review
from activities.reviews.settle_review import run_settle_review
from activities.reviews.tell_reviewers import run_tell_reviewers
from activities.uploads.claim_uploads import run_claim_uploads
from activities.uploads.validate_data import run_validate_data
from nightshift.domain.improvement.messages import (
    CriticiseRequest,
    ImproveOrder,
    PlanImprovementRequest,
    TraceRoundRequest,
)
from nightshift.domain.lifecycle.run import (
    AlertRequest,
    ClaimRequest,
    DecideRequest,
    EvaluateRequest,
    HaltRecord,
    PollRequest,
    RunEvent,
    TriggerRequest,
    ValidateRequest,
    WithdrawRequest,
)
from nightshift.domain.platform import names
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.messages import (
    MitigateRequest,
    MoveServingRequest,
    PlanRequest,
    RetrainingRequest,
    SettleRequest,
    UndoRequest,
    VerifyRequest,
)
from nightshift.domain.reviews.messages import ReviewRequest, SettleReview
from nightshift.services.platform.failures import tried, tried_async
from nightshift.services.platform.tracing import step
from nightshift.services.reviews.start_review import run_decide_and_ask

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True)
class Activity:
    """An activity: its name in Durable, the message it takes, and its body ``(services, message) -> message``."""

    name: str
    message: type[Message]
    body: Callable[[Services, Any], Message]


@dataclass(frozen=True)
class StartingActivity:
    """An activity that starts orchestrations: ``(services, client, message) -> message``."""

    name: str
    message: type[Message]
    body: Callable[[Services, df.DurableOrchestrationClient, Any], Awaitable[Message]]


ACTIVITIES: tuple[Activity, ...] = (
    Activity(names.CLAIM_UPLOADS, ClaimRequest, run_claim_uploads),
    Activity(names.VALIDATE_DATA, ValidateRequest, run_validate_data),
    Activity(names.TRIGGER_DATABRICKS_JOB, TriggerRequest, run_trigger_databricks_job),
    Activity(names.POLL_JOB_STATUS, PollRequest, run_poll_job_status),
    Activity(names.CANCEL_DATABRICKS_JOB, PollRequest, run_cancel_databricks_job),
    Activity(names.EVALUATE_METRICS, EvaluateRequest, run_evaluate_metrics),
    Activity(names.WITHDRAW_PROMOTION, WithdrawRequest, run_withdraw_promotion),
    Activity(names.RECORD_HALT, HaltRecord, run_record_halt),
    Activity(names.SEND_ALERT, AlertRequest, run_send_alert),
    Activity(names.PUBLISH_EVENT, RunEvent, run_publish_event),
    Activity(names.PLAN_IMPROVEMENT, PlanImprovementRequest, run_plan_improvement),
    Activity(names.CRITICISE_ROUND, CriticiseRequest, run_criticise_round),
    Activity(names.TRACE_ROUND, TraceRoundRequest, run_trace_round),
    Activity(names.PLAN_RESPONSE, PlanRequest, run_plan_response),
    Activity(names.ROLL_BACK, MitigateRequest, run_roll_back),
    Activity(names.READ_RETRAINING, RetrainingRequest, run_read_retraining),
    Activity(names.PAUSE_COMPUTE, MitigateRequest, run_pause_compute),
    Activity(names.RESUME_COMPUTE, MitigateRequest, run_resume_compute),
    Activity(names.TELL_ON_CALL, MitigateRequest, run_tell_on_call),
    Activity(names.MOVE_SERVING, MoveServingRequest, run_move_serving),
    Activity(names.SETTLE_MITIGATION, SettleRequest, run_settle_mitigation),
    Activity(names.VERIFY_RECOVERY, VerifyRequest, run_verify_recovery),
    Activity(names.UNDO_MITIGATIONS, UndoRequest, run_undo_mitigations),
    Activity(names.TELL_REVIEWERS, ReviewRequest, run_tell_reviewers),
    Activity(names.EXPIRE_REVIEW, ReviewRequest, run_expire_review),
    Activity(names.SETTLE_REVIEW, SettleReview, run_settle_review),
)

STARTING_ACTIVITIES: tuple[StartingActivity, ...] = (
    StartingActivity(names.DECIDE_ACTION, DecideRequest, run_decide_and_ask),
    StartingActivity(names.ACT_ON_REVIEW, ReviewRequest, run_act_on_review),
    StartingActivity(names.RETRAIN, MitigateRequest, run_retrain),
    StartingActivity(names.ORDER_IMPROVEMENT, ImproveOrder, run_order_improvement),
)


def blueprint(services: Callable[[], Services], wrap: Wrap = lambda call: call) -> df.Blueprint:
    """Register every activity of the table; ``services`` is called when an activity runs, not before.

    Args:
        wrap: what is put around every activity before it is registered.
    """
    result = df.Blueprint()
    for activity in ACTIVITIES:
        _register(result, activity, services, wrap)
    for starting in STARTING_ACTIVITIES:
        _register_starting(result, starting, services, wrap)
    return result


def _register(target: df.Blueprint, activity: Activity, services: Callable[[], Services], wrap: Wrap) -> None:
    # The worker takes no parameterised annotation here: plain dict is the JSON object on both sides.
    def call(message: dict) -> dict:  # type: ignore[type-arg]
        read, carried = _read(activity.message, message)
        with step(activity.name, read, carried) as ended:
            bound = services()
            result = tried(bound, activity.name, read, lambda: activity.body(bound, read))
            ended(result)
        return result.to_json()

    call.__name__ = activity.name
    target.activity_trigger(input_name="message")(wrap(call))


def _register_starting(
    target: df.Blueprint, activity: StartingActivity, services: Callable[[], Services], wrap: Wrap
) -> None:
    async def call(message: dict, client: df.DurableOrchestrationClient) -> dict:  # type: ignore[type-arg]
        read, carried = _read(activity.message, message)
        with step(activity.name, read, carried) as ended:
            bound = services()
            result = await tried_async(bound, activity.name, read, activity.body(bound, client, read))
            ended(result)
        return result.to_json()

    call.__name__ = activity.name
    target.activity_trigger(input_name="message")(target.durable_client_input(client_name="client")(wrap(call)))


def _read(kind: type[Message], message: dict[str, Any]) -> tuple[Message, str]:
    """An activity's message, and the trace that the orchestrator put beside its fields."""
    fields = {name: value for name, value in message.items() if name != "trace"}
    return kind.from_json(fields), str(message.get("trace", ""))
