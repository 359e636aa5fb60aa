"""Every operation of the HTTP API: a route that is not here is closed, and the OpenAPI document shows what is."""

from typing import Any

from nightshift.domain.dead_letters.dead_letter import DeadLetter, RedrivePlan
from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.platform.health import Liveness, Readiness
from nightshift.domain.platform.principal import ACTORS, READERS
from nightshift.domain.platform.request import (
    CommentRequest,
    DecisionRequest,
    FeedbackRequest,
    ImproveRequest,
    ReasonRequest,
    RedriveRequest,
)
from nightshift.domain.platform.view import (
    AlertReceipt,
    ChainCheck,
    Explanation,
    FeedbackView,
    ImprovementView,
    IncidentView,
    InFlight,
    ModelView,
    RunDetail,
    RunSummary,
    UndoView,
    UploadView,
)
from nightshift.domain.response.incident import Incident
from nightshift.domain.reviews.packet import ReviewPacket
from nightshift.domain.reviews.review import Review
from nightshift.triggers.api import parameters as take
from nightshift.triggers.api.operation import Operation, Parameter, Shape

_OBJECT = dict[str, object]


def _read(
    name: str, path: str, summary: str, answer: Any, *query: Parameter, shape: Shape = "one", missing: bool = True
) -> Operation:
    """An operation that changes nothing; every reader may."""
    problems = (404,) if missing else ()
    return Operation(name, "GET", path, summary, READERS, answer, shape=shape, query=query, problems=problems)


OPERATIONS: tuple[Operation, ...] = (
    _read(
        "list_runs", "runs", "Runs, newest first.", RunSummary,
        take.MODEL, take.RUN_STATE, take.OUTCOME, take.SINCE, take.UNTIL, *take.PAGED, shape="page",
    ),
    _read("show_run", "runs/{run}", "A run with its timeline, input and output.", RunDetail),
    _read(
        "list_in_flight", "orchestrations", "Orchestrations that have not ended, by kind and version.", InFlight,
        shape="items", missing=False,
    ),
    _read("explain_run", "runs/{run}/explanation", "Why a run did what it did, from the ledger.", Explanation),
    Operation(
        "tell_round", "POST", "runs/{run}/rounds/{round}/feedback", "Say what a round's plan was worth.",
        ACTORS, FeedbackView, body=FeedbackRequest, problems=(404,),
    ),
    _read("list_models", "models", "All models.", ModelView, take.AT, shape="items", missing=False),
    _read("show_model", "models/{model}", "A model: versions, champion, rollback target, history.", ModelView, take.AT),
    Operation(
        "improve_model", "POST", "models/{model}/improvement", "Order an improvement on the data of a run.",
        ACTORS, ImprovementView, body=ImproveRequest, problems=(404,),
    ),
    _read(
        "list_ledger", "ledger", "Entries of the decision ledger, newest first.", LedgerEntry,
        take.MODEL, take.RUN, take.ENTRY_KIND, take.SINCE, take.UNTIL, *take.PAGED, shape="page",
    ),
    _read(
        "verify_ledger", "ledger/verification", "Verify the ledger, a part with each page.", ChainCheck,
        take.MODEL, take.VERIFIED, take.CURSOR, shape="page",
    ),
    _read(
        "list_reviews", "reviews", "Flagged promotions, newest first.", Review,
        take.MODEL, take.REVIEW_STATE, *take.PAGED, shape="page",
    ),
    _read("show_review", "reviews/{review}", "All that a person needs to decide.", ReviewPacket),
    Operation(
        "decide_on_review", "POST", "reviews/{review}/decision", "Approve, reject, or ask for an improvement.",
        ("Reviewer",), Review, body=DecisionRequest, problems=(404, 409, 429),
    ),
    _read("show_upload", "uploads/{model}/{identity}", "The run that an upload is in.", UploadView),
    _read(
        "list_incidents", "incidents", "Incidents, newest first.", Incident,
        take.MODEL, take.INCIDENT_STATE, take.SEVERITY, take.CATEGORY, take.SINCE, take.UNTIL, *take.PAGED,
        shape="page",
    ),
    _read("show_incident", "incidents/{incident}", "An incident, its alerts and its ledger entries.", IncidentView),
    Operation(
        "acknowledge_incident", "POST", "incidents/{incident}/acknowledge", "Say that a person looks after it.",
        ACTORS, Incident, body=CommentRequest, body_required=False, problems=(404, 409),
    ),
    Operation(
        "resolve_incident", "POST", "incidents/{incident}/resolve", "Say that it is over; what waited goes on.",
        ACTORS, Incident, body=CommentRequest, body_required=False, problems=(404, 409),
    ),
    Operation(
        "undo_incident", "POST", "incidents/{incident}/undo", "Take back what was done about it.",
        ("Operator",), UndoView, body=ReasonRequest, problems=(404,),
    ),
    _read("show_undo", "incidents/{incident}/undo", "Where an undo has got to.", UndoView),
    Operation(
        "take_alert", "POST", "alerts", "Send an alert, in any schema of docs/alerts.md.",
        ("AlertWriter", "Operator"), AlertReceipt, status=202, body=_OBJECT,
    ),
    _read(
        "list_dead_letters", "dead-letters", "Messages that could not be handled, newest first.", DeadLetter,
        take.QUEUE, take.LETTER_STATE, *take.PAGED, shape="page", missing=False,
    ),
    _read("show_dead_letter", "dead-letters/{letter}", "A dead letter with its body and history.", DeadLetter),
    Operation(
        "redrive_dead_letter", "POST", "dead-letters/{letter}/redrive", "Send it again, or say whether it would be.",
        ("Operator",), RedrivePlan, body=RedriveRequest, body_required=False, problems=(404, 409),
    ),
    Operation(
        "discard_dead_letter", "POST", "dead-letters/{letter}/discard", "Say that it needs nothing more.",
        ("Operator",), DeadLetter, body=ReasonRequest, problems=(404, 409),
    ),
    Operation("health", "GET", "health", "The process answers.", (), Liveness),
    Operation(
        "ready", "GET", "health/ready", "Whether storage, Service Bus, MLflow and Databricks answer.",
        (), Readiness, unwell=503,
    ),
    Operation(
        "show_openapi", "GET", "openapi.json", "This document.", (*READERS, "AlertWriter"), _OBJECT,
    ),
)  # fmt: skip
