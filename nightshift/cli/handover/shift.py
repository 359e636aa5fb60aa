"""Read what happened in a shift from the HTTP API."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from nightshift.cli.app_client import AppClient, AppUnreachableError
from nightshift.cli.paging import ListOf, every
from nightshift.domain.dead_letters.dead_letter import DeadLetter
from nightshift.domain.platform.health import Readiness
from nightshift.domain.platform.view import ModelView, RunSummary
from nightshift.domain.response.incident import Incident
from nightshift.domain.reviews.review import Review

# What began this long before the shift may have ended in it.
_RUN_TIME = timedelta(days=2)
_INCIDENT_TIME = timedelta(days=14)
_REVIEW_TIME = timedelta(days=31)


@dataclass(frozen=True)
class Shift:
    """What the app has recorded in a period, and what waits now.

    Attributes:
        ready: whether everything that the app depends on answers now.
    """

    since: datetime
    until: datetime
    runs: tuple[RunSummary, ...] = ()
    incidents: tuple[Incident, ...] = ()
    reviews: tuple[Review, ...] = ()
    letters: tuple[DeadLetter, ...] = ()
    models: tuple[ModelView, ...] = ()
    ready: bool = True


def read_shift(app: AppClient, since: datetime, until: datetime) -> Shift:
    """Read the records of a shift.

    Raises:
        AppUnreachableError, AppRefusedError: the app does not answer, or says why not.
        NotTheAppError: something else answers.
    """
    runs = every(app, "runs", RunSummary, since=(since - _RUN_TIME).isoformat())
    return Shift(
        since=since,
        until=until,
        runs=tuple(run for run in runs if run.updated_at >= since),
        incidents=tuple(_incidents(app, since)),
        reviews=tuple(_reviews(app, since)),
        letters=tuple(_dead_letters(app, since)),
        models=app.read("models", ListOf[ModelView]).value.items,
        ready=_ready(app),
    )


def _incidents(app: AppClient, since: datetime) -> Iterator[Incident]:
    """Incidents that changed in the shift, and open ones however old they are."""
    seen: set[str] = set()
    recent = every(app, "incidents", Incident, since=(since - _INCIDENT_TIME).isoformat())
    for item in recent:
        if item.updated_at >= since or item.state != "resolved":
            seen.add(item.incident_id)
            yield item
    for item in every(app, "incidents", Incident, state="open,acknowledged,mitigated"):
        if item.incident_id not in seen:
            yield item


def _reviews(app: AppClient, since: datetime) -> Iterator[Review]:
    for review in every(app, "reviews", Review):
        if review.opened_at < since - _REVIEW_TIME:
            return
        decided = review.decision is not None and review.decision.at >= since
        closed = review.settled_at is not None and review.settled_at >= since
        if review.state == "open" or review.opened_at >= since or decided or closed:
            yield review


def _dead_letters(app: AppClient, since: datetime) -> Iterator[DeadLetter]:
    waiting = {item.letter_id: item for item in every(app, "dead-letters", DeadLetter, state="waiting")}
    yield from waiting.values()
    for dead_letter in every(app, "dead-letters", DeadLetter):
        if dead_letter.recorded_at < since:
            return
        if dead_letter.letter_id not in waiting:
            yield dead_letter


def _ready(app: AppClient) -> bool:
    try:
        return app.read("health/ready", Readiness).value.ok
    except AppUnreachableError:
        return False
