"""Read what the front page shows."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import azure.durable_functions as df

from activities.newest_runs import RunFilter, newest_runs
from domain.errors import ServiceUnavailableError
from domain.incident import Incident
from domain.ports import Services
from domain.review import Review
from domain.review_packet import Link
from domain.view import RunSummary
from review_page.model_state import ModelStates
from review_page.story import tell
from review_page.views import FrontView, OpenReview

NIGHT = timedelta(hours=12)
# What began so long before the night may have ended in it.
_RUN_TIME = timedelta(hours=6)
_RUNS = 200
_INCIDENTS = 20
_SEVERITIES = {"critical": 0, "warning": 1}


async def read_front(client: df.DurableOrchestrationClient, services: Services, states: ModelStates) -> FrontView:
    """Everything at once; what does not answer is left out and named.

    Raises:
        NightshiftError: storage does not answer, without which there is nothing to show.
    """
    now = services.clock()
    since = now - NIGHT
    reviews, incidents, (runs, trouble), models = await asyncio.gather(
        asyncio.to_thread(services.reviews.all),
        asyncio.to_thread(services.incidents.all),
        _runs(client, since),
        states.read(client, services),
    )
    open_ = tuple(incident for incident in incidents if incident.state != "resolved")
    signals = Counter(incident.model for incident in open_)
    story, left_out = tell(
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


def _urgency(incident: Incident) -> tuple[int, int, float]:
    """What nobody looks after and is critical comes first; then the newest."""
    cared_for = 0 if incident.state == "open" else 1
    return cared_for, _SEVERITIES.get(incident.severity, 2), -incident.recorded_at.timestamp()
