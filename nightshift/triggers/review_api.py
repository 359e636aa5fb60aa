"""Reviews over HTTP: list them, read the packet, decide."""

import asyncio
import json
from collections.abc import Callable
from typing import cast, get_args

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.page import Position, page_of
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.review import REVIEW_STATES, Choice, Review, ReviewState
from nightshift.services.reviews.decision_rate import DecisionRate, TooManyDecisionsError
from nightshift.services.reviews.review_packet import read_packet
from nightshift.services.reviews.start_review import take_decision
from nightshift.triggers.parameters import cursor_of, limit_of, refuse_unknown_model
from nightshift.triggers.principal import require_role
from nightshift.triggers.problem import Answer, answer, explained, page_answer, problem

_FIELDS = {"decision", "comment", "evidence_digest"}


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register ``/api/reviews``."""
    result = df.Blueprint()
    rate = DecisionRate()

    def route(path: str, method: str) -> Callable[[Answer], Answer]:
        return result.route(route=f"api/{path}", methods=[method], auth_level=func.AuthLevel.ANONYMOUS)  # type: ignore[no-any-return]

    @route("reviews", "GET")
    @explained
    async def list_reviews(req: func.HttpRequest) -> func.HttpResponse:
        model, bound = req.params.get("model"), services()
        reviews = await asyncio.to_thread(bound.reviews.all, model, _states(req))
        await asyncio.to_thread(refuse_unknown_model, bound, model, found=bool(reviews))
        return page_answer(page_of(reviews, _position, after=cursor_of(req), limit=limit_of(req)))

    @route("reviews/{review}", "GET")
    @result.durable_client_input(client_name="client")
    @explained
    async def show_review(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        packet = await read_packet(client, services(), req.route_params["review"])
        return _unknown(req) if packet is None else answer(packet)

    @route("reviews/{review}/decision", "POST")
    @result.durable_client_input(client_name="client")
    @explained
    async def decide_on_review(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        principal = require_role(req, "Reviewer")
        choice, comment, digest = _decision(req)
        try:
            rate.count(principal.actor)
        except TooManyDecisionsError as error:
            response = problem(429, error.code, error.message)
            response.headers["Retry-After"] = str(error.wait)
            return response
        decided = await take_decision(
            client,
            services(),
            req.route_params["review"],
            choice=choice,
            by=principal.actor,
            comment=comment,
            evidence_digest=digest,
        )
        return _unknown(req) if decided is None else answer(decided)

    return result


def _decision(req: func.HttpRequest) -> tuple[Choice, str, str | None]:
    try:
        document = json.loads(req.get_body() or b"{}")
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or set(document) - _FIELDS:
        rule = 'must be a JSON object with "decision" and "comment", and "evidence_digest" if it is to be checked'
        raise BadInputError(field="body", value=req.get_body()[:80], rule=rule)
    choice, comment, digest = document.get("decision"), document.get("comment", ""), document.get("evidence_digest")
    if choice not in get_args(Choice):
        raise BadInputError(field="decision", value=choice, rule=f"must be of {', '.join(get_args(Choice))}")
    if not isinstance(comment, str):
        raise BadInputError(field="comment", value="...", rule="must be text")
    if digest is not None and not isinstance(digest, str):
        raise BadInputError(field="evidence_digest", value="...", rule="must be text")
    return cast("Choice", choice), comment, digest


def _states(req: func.HttpRequest) -> tuple[ReviewState, ...]:
    wanted = [part for part in req.params.get("state", "").split(",") if part]
    for part in wanted:
        if part not in REVIEW_STATES:
            raise BadInputError(field="state", value=part, rule=f"must be of {', '.join(REVIEW_STATES)}")
    return tuple(state for state in REVIEW_STATES if state in wanted)


def _position(review: Review) -> Position:
    return Position(at=review.opened_at, identity=review.review_id)


def _unknown(req: func.HttpRequest) -> func.HttpResponse:
    detail = f"review = {req.route_params['review']!r}: `nightshift reviews` lists those there are"
    return problem(404, "No such review", detail)
