"""Read what the front page shows."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import azure.durable_functions as df

from nightshift.domain.dead_letters.dead_letter import DeadLetter
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.view import RunSummary
from nightshift.domain.response.incident import Incident
from nightshift.domain.reviews.packet import Link
from nightshift.domain.reviews.review import Review
from nightshift.pages.model_state import ModelStates
from nightshift.pages.story import recent_entries
from nightshift.pages.views import DeadLetterGroup, FrontView, OpenReview
from nightshift.services.lifecycle.newest_runs import RunFilter, newest_runs

NIGHT = timedelta(hours=12)
# What began so long before the night may have ended in it.
_RUN_TIME = timedelta(hours=6)
_RUNS = 200
_INCIDENTS = 20
_SEVERITIES = {"critical": 0, "warning": 1}
# What open pages poll is read once within this many seconds, however many pages are open.
_KEPT_SECONDS = 5.0


class Front:
    """Reads the front page."""

    def __init__(self) -> None:
        self._states = ModelStates()
        self._recent: asyncio.Future[FrontView] | None = None
        self._recent_at = 0.0

    async def now(self, client: df.DurableOrchestrationClient, services: Services) -> FrontView:
        """As it is: whoever loads the page after doing something sees what came of it.

        Raises:
            NightshiftError: storage does not answer, without which there is nothing to show.
        """
        # What was read before is older than what this visitor is about to see.
        self._recent = None
        return await _read(client, services, self._states)

    async def recent(self, client: df.DurableOrchestrationClient, services: Services) -> FrontView:
        """As it was some seconds ago at most, whoever it was read for.

        Raises:
            NightshiftError: storage does not answer, without which there is nothing to show.
        """
        known = self._recent
        if known is None or asyncio.get_running_loop().time() - self._recent_at > _KEPT_SECONDS:
            known = self._recent = asyncio.ensure_future(_read(client, services, self._states))
            self._recent_at = asyncio.get_running_loop().time()
        # Who goes away takes the answer from nobody else.
        return await asyncio.shield(known)


async def _read(client: df.DurableOrchestrationClient, services: Services, states: ModelStates) -> FrontView:
    """Everything at once; what does not answer is left out and named."""
    now = services.clock()
    since = now - NIGHT
    reviews, incidents, dead_letters, (runs, trouble), models = await asyncio.gather(
        asyncio.to_thread(services.reviews.all),
        asyncio.to_thread(services.incidents.all),
        asyncio.to_thread(services.dead_letters.waiting),
        _runs(client, since),
        states.read(client, services),
    )
    open_ = tuple(incident for incident in incidents if incident.state != "resolved")
    signals = Counter(incident.model for incident in open_)
    story, left_out = recent_entries(
        since,
        runs=runs,
        incidents=(incident for incident in incidents if incident.updated_at >= since),
        reviews=reviews,
        moves=(move for model in models for move in model.moves),
    )
    return FrontView(
        now=now,
        since=since,
        reviews=_open_reviews(reviews, now),
        incidents=tuple(sorted(open_, key=_urgency))[:_INCIDENTS],
        more_incidents=max(len(open_) - _INCIDENTS, 0),
        models=tuple(replace(model.state, signals=signals[model.state.model]) for model in models),
        story=story,
        left_out=left_out,
        links=(
            Link(title="MLflow", url=services.links.mlflow),
            Link(title="Databricks jobs", url=f"{services.links.databricks}/jobs"),
        ),
        trouble=trouble,
        letters=_by_queue(dead_letters),
    )


async def _runs(
    client: df.DurableOrchestrationClient, since: datetime
) -> tuple[tuple[RunSummary, ...], tuple[str, ...]]:
    wanted = RunFilter(since=since - _RUN_TIME)
    try:
        page = await newest_runs(client, wanted, after=None, limit=_RUNS)
    except ServiceUnavailableError as error:
        return (), (f"the night's runs cannot be read: {error.message}",)
    return page.items, ()


def _open_reviews(reviews: tuple[Review, ...], now: datetime) -> tuple[OpenReview, ...]:
    """What expires first comes first."""
    waiting = (
        OpenReview(
            review_id=review.review_id,
            model=review.model,
            challenger=review.challenger_version,
            reason=review.reason,
            due_at=review.due_at,
            left=review.due_at - now,
        )
        for review in reviews
        if review.state == "open"
    )
    return tuple(sorted(waiting, key=lambda review: review.due_at))


def _by_queue(dead_letters: tuple[DeadLetter, ...]) -> tuple[DeadLetterGroup, ...]:
    """Dead-lettered messages by queue, newest first, as they are given."""
    counts = Counter(dead_letter.queue for dead_letter in dead_letters)
    newest = {dead_letter.queue: dead_letter.reason for dead_letter in reversed(dead_letters)}
    return tuple(DeadLetterGroup(queue, count, newest[queue]) for queue, count in counts.items())


def _urgency(incident: Incident) -> tuple[int, int, float]:
    """Critical incidents that nobody has acknowledged come first; then the newest."""
    cared_for = 0 if incident.state == "open" else 1
    return cared_for, _SEVERITIES.get(incident.severity, 2), -incident.recorded_at.timestamp()
