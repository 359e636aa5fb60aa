"""The parameters that operations take."""

from typing import get_args

from nightshift.domain.dead_letters.dead_letter import DeadLetterState
from nightshift.domain.ledger.ledger import EntryKind
from nightshift.domain.platform.names import BLOB_EVENTS_QUEUE, REFUSED_ALERTS
from nightshift.domain.platform.view import RunState
from nightshift.domain.response.alert import QUEUES, Category, Severity
from nightshift.domain.reviews.review import REVIEW_STATES
from nightshift.triggers.api.operation import Parameter

LIMIT = Parameter("limit", "At most so many items.", kind="number")
CURSOR = Parameter("cursor", "`next` of the page before; the first page without it.", pattern="[A-Za-z0-9_-]+")
PAGED = (LIMIT, CURSOR)
VERIFIED = Parameter("limit", "At most so many entries are verified.", kind="number", default=1_000)
MODEL = Parameter("model", "Only of this model; 404 if it has no spec and nothing on record.")
SINCE = Parameter("since", "Only from this time on.", kind="time")
UNTIL = Parameter("until", "Only before this time.", kind="time")
AT = Parameter("at", "The champion at this time; now without it.", kind="time")
RUN = Parameter("run", "Only of this run.")

RUN_STATE = Parameter("state", "Only runs in this state.", choices=get_args(RunState))
OUTCOME = Parameter(
    "outcome",
    "Only runs that ended so.",
    choices=("promoted", "rejected", "flagged", "halted", "failed", "terminated"),
)
ENTRY_KIND = Parameter("kind", "Only entries of this kind.", choices=get_args(EntryKind))
REVIEW_STATE = Parameter("state", "Only reviews in one of these states.", choices=REVIEW_STATES, many=True)
INCIDENT_STATE = Parameter(
    "state",
    "Only incidents in one of these states.",
    choices=("open", "acknowledged", "mitigated", "resolved"),
    many=True,
)
SEVERITY = Parameter("severity", "Only incidents of this severity.", choices=get_args(Severity))
CATEGORY = Parameter("category", "Only incidents of this category.", choices=get_args(Category))
QUEUE = Parameter("queue", "Only of this queue.", choices=(*QUEUES.values(), BLOB_EVENTS_QUEUE, REFUSED_ALERTS))
LETTER_STATE = Parameter("state", "Only letters in this state.", choices=get_args(DeadLetterState))

# Those of paths, by name.
PATH = {
    parameter.name: parameter
    for parameter in (
        Parameter("model", "Name of a model."),
        Parameter("run", "Id of a run, as the list of runs names it."),
        Parameter("round", "Number of a round of the improvement loop."),
        Parameter("review", "Id of a review."),
        Parameter("incident", "Id of an incident."),
        Parameter("letter", "Id of a dead letter."),
        Parameter("identity", "Identity of an upload, as `nightshift upload` tells it."),
    )
}
