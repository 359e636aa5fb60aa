"""The parameters that endpoints take."""

from typing import get_args

from nightshift.domain.dead_letters.dead_letter import DeadLetterState
from nightshift.domain.ledger.ledger import EntryKind
from nightshift.domain.platform.names import BLOB_EVENTS_QUEUE, REFUSED_ALERTS
from nightshift.domain.platform.view import RunState
from nightshift.domain.response.alert import QUEUES, Category, Severity
from nightshift.domain.response.incident import IncidentState
from nightshift.domain.reviews.review import REVIEW_STATES
from nightshift.triggers.api.parameter import Parameter, moment, number, one_of, position, some_of, text

_CURSOR = "`next` of the page before; the first page without it."

LIMIT = number("limit", "The most items in the answer.", default=50)
CURSOR = position("cursor", _CURSOR)
PAGED = (LIMIT, CURSOR)
VERIFIED = number("limit", "The most entries that are verified.", default=1_000)
VERIFIED_UP_TO = text("cursor", _CURSOR, pattern="[A-Za-z0-9_-]+")
MODEL = text("model", "Only of this model; 404 if it has no spec and nothing on record.")
SINCE = moment("since", "Only from this time on.")
UNTIL = moment("until", "Only before this time.")
AT = moment("at", "The champion, rollback target and versions at this time; now without it.")
RUN = text("run", "Only of this run.")

_RUN_STATES: tuple[RunState, ...] = get_args(RunState)
_ENTRY_KINDS: tuple[EntryKind, ...] = get_args(EntryKind)
_INCIDENT_STATES: tuple[IncidentState, ...] = get_args(IncidentState)
_SEVERITIES: tuple[Severity, ...] = get_args(Severity)
_CATEGORIES: tuple[Category, ...] = get_args(Category)
_DEAD_LETTER_STATES: tuple[DeadLetterState, ...] = get_args(DeadLetterState)

RUN_STATE = one_of("state", "Only runs in this state.", _RUN_STATES)
OUTCOME = one_of(
    "outcome", "Only runs that ended so.", ("promoted", "rejected", "flagged", "halted", "failed", "terminated")
)
ENTRY_KIND = one_of("kind", "Only entries of this kind.", _ENTRY_KINDS)
REVIEW_STATE = some_of("state", "Only reviews in one of these states.", REVIEW_STATES)
INCIDENT_STATE = some_of("state", "Only incidents in one of these states.", _INCIDENT_STATES)
SEVERITY = one_of("severity", "Only incidents of this severity.", _SEVERITIES)
CATEGORY = one_of("category", "Only incidents of this category.", _CATEGORIES)
QUEUE = one_of("queue", "Only of this queue.", (*QUEUES.values(), BLOB_EVENTS_QUEUE, REFUSED_ALERTS))
DEAD_LETTER_STATE = one_of("state", "Only dead letters in this state.", _DEAD_LETTER_STATES)

# Those of paths, by name.
PATH: dict[str, Parameter[str | None]] = {
    parameter.name: parameter
    for parameter in (
        text("model", "Name of a model."),
        text("run", "Id of a run, as the list of runs names it."),
        text("round", "Number of a round of the improvement loop."),
        text("review", "Id of a review."),
        text("incident", "Id of an incident."),
        text("letter", "Id of a dead letter."),
        text("identity", "Identity of an upload, as `nightshift upload` prints it."),
    )
}
