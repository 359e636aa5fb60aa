"""Reviews over HTTP: list them, read the packet, decide."""

import asyncio

from nightshift.domain.platform.errors import NotFoundError
from nightshift.domain.platform.paging import Page, Position, page_of
from nightshift.domain.platform.principal import READERS, REVIEWERS
from nightshift.domain.platform.request import DecisionRequest
from nightshift.domain.reviews.packet import ReviewPacket
from nightshift.domain.reviews.review import Review
from nightshift.services.reviews.decision_rate import DecisionRate
from nightshift.services.reviews.review_packet import read_packet
from nightshift.services.reviews.start_review import take_decision
from nightshift.triggers.api.call import Call
from nightshift.triggers.api.endpoint import endpoint
from nightshift.triggers.api.parameters import CURSOR, LIMIT, MODEL, PAGED, REVIEW_STATE
from nightshift.triggers.unknown_model import refuse_unknown_model


@endpoint(
    "GET", "reviews", "Lists flagged promotions, newest first.",
    roles=READERS, query=(MODEL, REVIEW_STATE, *PAGED), answer=Review, shape="page", problems=(404,),
)  # fmt: skip
async def list_reviews(call: Call[None]) -> Page[Review]:
    """The newest reviews that are wanted."""
    model = call.query[MODEL]
    reviews = await asyncio.to_thread(call.services.reviews.all, model, call.query[REVIEW_STATE])
    await asyncio.to_thread(refuse_unknown_model, call.services, model, found=bool(reviews))
    return page_of(reviews, _position, after=call.query[CURSOR], limit=call.query[LIMIT])


@endpoint(
    "GET", "reviews/{review}", "Shows all that a person needs to decide on a flagged promotion.",
    roles=READERS, answer=ReviewPacket, problems=(404,), durable=True,
)  # fmt: skip
async def show_review(call: Call[None]) -> ReviewPacket:
    """The packet of a review."""
    packet = await read_packet(call.client, call.services, call.path["review"])
    if packet is None:
        raise _unknown(call.path["review"])
    return packet


@endpoint(
    "POST", "reviews/{review}/decision", "Approves or rejects a flagged promotion, or asks for an improvement.",
    roles=REVIEWERS, body=DecisionRequest, answer=Review, problems=(404, 409), durable=True, rate=DecisionRate,
)  # fmt: skip
async def decide_on_review(call: Call[DecisionRequest]) -> Review:
    """Take the caller's decision."""
    decided = await take_decision(
        call.client,
        call.services,
        call.path["review"],
        choice=call.body.decision,
        by=call.actor,
        comment=call.body.comment,
        evidence_digest=call.body.evidence_digest,
    )
    if decided is None:
        raise _unknown(call.path["review"])
    return decided


def _position(review: Review) -> Position:
    return Position(at=review.opened_at, identity=review.review_id)


def _unknown(review: str) -> NotFoundError:
    return NotFoundError("No such review", f"review = {review!r}: `nightshift reviews` lists those there are")


ENDPOINTS = (list_reviews, show_review, decide_on_review)
