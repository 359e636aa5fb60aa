"""A review: everything for a decision on one screen, and the decision."""

import azure.functions as func

from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.principal import READERS, REVIEWERS
from nightshift.domain.platform.problem_status import status_of
from nightshift.domain.platform.request import DecisionRequest
from nightshift.pages.chart import bars
from nightshift.pages.html import see_other
from nightshift.pages.page import page
from nightshift.pages.views import ReviewView
from nightshift.pages.visit import Visit, not_found
from nightshift.services.reviews.decision_rate import DecisionRate
from nightshift.services.reviews.review_packet import read_packet
from nightshift.services.reviews.start_review import take_decision


@page("GET", "reviews/{review}", roles=READERS)
async def show_review_page(visit: Visit) -> func.HttpResponse:
    """The packet of a review."""
    return await _page(visit)


@page("POST", "reviews/{review}/decision", roles=REVIEWERS, rate=DecisionRate)
async def decide_on_page(visit: Visit) -> func.HttpResponse:
    """Take the visitor's decision."""
    review = visit.named("review")
    try:
        asked = visit.form(DecisionRequest)
        decided = await take_decision(
            visit.client,
            visit.services,
            review,
            choice=asked.decision,
            by=visit.caller.actor,
            comment=asked.comment,
            evidence_digest=asked.evidence_digest,
        )
    except NightshiftError as error:
        # The page as it is now, with the reason: whoever came second sees who decided what.
        comment = visit.fields.get("comment", "")
        return await _page(visit, refusal=error.message, comment=comment, status=status_of(error))
    if decided is None:
        raise not_found(f"There is no review {review[:200]}.")
    return see_other(f"/reviews/{decided.review_id}")


async def _page(visit: Visit, *, refusal: str = "", comment: str = "", status: int = 200) -> func.HttpResponse:
    review = visit.named("review")
    packet = await read_packet(visit.client, visit.services, review)
    if packet is None:
        raise not_found(f"There is no review {review[:200]}.")
    view = ReviewView(
        packet=packet,
        now=visit.services.clock(),
        bars=bars(packet.evidence),
        may_decide=visit.caller.has(*REVIEWERS),
        refusal=refusal,
        comment=comment,
    )
    return visit.page(view, status)


PAGES = (show_review_page, decide_on_page)
