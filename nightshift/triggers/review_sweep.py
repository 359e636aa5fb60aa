"""A timer that sees to it that every review is waited for, and that no decision is left lying."""

import asyncio
import logging
from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.domain.watch.sweep import Swept
from nightshift.functions.registrar import Functions
from nightshift.services.reviews.start_review import wake_review
from nightshift.sweeps.report_sweep import report_sweep

logger = logging.getLogger(__name__)


def register(functions: Functions, services: Callable[[], Services]) -> None:
    """Register the timer: every minute."""

    async def sweep_reviews(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
        bound = services()
        await report_sweep(bound, "sweep_reviews", lambda: _wake_all(client, bound))

    functions.timer("sweep_reviews", "30 * * * * *", sweep_reviews)


async def _wake_all(client: df.DurableOrchestrationClient, services: Services) -> Swept:
    woken, failed = 0, []
    for review in await asyncio.to_thread(services.reviews.unfinished):
        try:
            woken += await wake_review(client, services, review, again=True)
        except Exception:
            # One review that cannot be woken, perhaps because somebody else starts it just now, holds up no other.
            logger.exception("review_not_woken review=%s model=%s", review.review_id, review.model)
            failed.append(review.review_id)
    return Swept(found=woken, problem=f"not woken: {', '.join(failed)}" if failed else "")
