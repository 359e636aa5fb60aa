"""See to it that every review is waited for, and that no decision is left lying."""

import asyncio
import logging

import azure.durable_functions as df

from nightshift.domain.platform.ports import Services
from nightshift.domain.watch.sweep import Swept
from nightshift.services.reviews.start_review import wake_review

logger = logging.getLogger(__name__)


async def watch_reviews(client: df.DurableOrchestrationClient, services: Services) -> Swept:
    """Start or wake the orchestration of each review that is not closed; one that cannot be woken holds up no other."""
    woken, failed = 0, []
    for review in await asyncio.to_thread(services.reviews.unfinished):
        try:
            woken += await wake_review(client, services, review, again=True)
        except Exception:
            # Perhaps somebody else starts it just now.
            logger.exception("review_not_woken review=%s model=%s", review.review_id, review.model)
            failed.append(review.review_id)
    return Swept(found=woken, problem=f"not woken: {', '.join(failed)}" if failed else "")
