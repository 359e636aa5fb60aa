"""The table of activities: name, message, body. A new activity is a file and a row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import azure.durable_functions as df

from activities.cancel_databricks_job import run_cancel_databricks_job
from activities.claim_uploads import run_claim_uploads
from activities.decide_action import run_decide_action
from activities.evaluate_metrics import run_evaluate_metrics
from activities.poll_job_status import run_poll_job_status
from activities.publish_event import run_publish_event
from activities.record_halt import run_record_halt
from activities.send_alert import run_send_alert
from activities.trigger_databricks_job import run_trigger_databricks_job
from activities.validate_data import run_validate_data
from domain import names
from domain.message import Message
from domain.ports import Services
from domain.run import (
    AlertRequest,
    ClaimRequest,
    DecideRequest,
    EvaluateRequest,
    HaltRecord,
    PollRequest,
    RunEvent,
    TriggerRequest,
    ValidateRequest,
)


@dataclass(frozen=True)
class Activity:
    """An activity: its name in Durable, the message it takes, and its body ``(services, message) -> message``."""

    name: str
    message: type[Message]
    body: Callable[[Services, Any], Message]


ACTIVITIES: tuple[Activity, ...] = (
    Activity(names.CLAIM_UPLOADS, ClaimRequest, run_claim_uploads),
    Activity(names.VALIDATE_DATA, ValidateRequest, run_validate_data),
    Activity(names.TRIGGER_DATABRICKS_JOB, TriggerRequest, run_trigger_databricks_job),
    Activity(names.POLL_JOB_STATUS, PollRequest, run_poll_job_status),
    Activity(names.CANCEL_DATABRICKS_JOB, PollRequest, run_cancel_databricks_job),
    Activity(names.EVALUATE_METRICS, EvaluateRequest, run_evaluate_metrics),
    Activity(names.DECIDE_ACTION, DecideRequest, run_decide_action),
    Activity(names.RECORD_HALT, HaltRecord, run_record_halt),
    Activity(names.SEND_ALERT, AlertRequest, run_send_alert),
    Activity(names.PUBLISH_EVENT, RunEvent, run_publish_event),
)


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register every activity of the table; ``services`` is called when an activity runs, not before."""
    result = df.Blueprint()
    for activity in ACTIVITIES:
        _register(result, activity, services)
    return result


def _register(target: df.Blueprint, activity: Activity, services: Callable[[], Services]) -> None:
    # The worker takes no parameterised annotation here: plain dict is the JSON object on both sides.
    def call(message: dict) -> dict:  # type: ignore[type-arg]
        return activity.body(services(), activity.message.from_json(message)).to_json()

    call.__name__ = activity.name
    target.activity_trigger(input_name="message")(call)
