"""A review: everything for a decision on one screen, and the decision."""

from collections.abc import Callable
from typing import cast, get_args

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.errors import BadInputError, NightshiftError
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import READERS
from nightshift.domain.platform.problem_status import status_of
from nightshift.domain.reviews.review import Choice
from nightshift.pages.chart import bars
from nightshift.pages.views import ReviewView
from nightshift.pages.visit import Visit, explained_page, failed, see_other
from nightshift.services.reviews.decision_rate import DecisionRate, TooManyDecisionsError
from nightshift.services.reviews.review_packet import read_packet
from nightshift.services.reviews.start_review import take_decision


def register(target: df.Blueprint, services: Callable[[], Services]) -> None:
    """Register ``/reviews/{review}`` and the decision below it."""
    rate = DecisionRate()

    @target.route(route="reviews/{review}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    @target.durable_client_input(client_name="client")
    @explained_page
    async def show_review_page(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        return await _page(Visit.of(req, *READERS), client, services())

    @target.route(route="reviews/{review}/decision", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
    @target.durable_client_input(client_name="client")
    @explained_page
    async def decide_on_page(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        visit, fields = Visit.posting(req, "Reviewer")
        try:
            rate.count(visit.principal.actor)
        except TooManyDecisionsError as error:
            refused = failed(req, 429, error.message)
            refused.headers["Retry-After"] = str(error.wait)
            return refused
        review, comment = req.route_params["review"], fields.get("comment", "")
        try:
            decided = await take_decision(
                client,
                services(),
                review,
                choice=_choice(fields),
                by=visit.principal.actor,
                comment=comment,
                evidence_digest=fields.get("evidence_digest"),
            )
        except NightshiftError as error:
            # The page as it is now, with the reason: whoever came second sees who decided what.
            return await _page(
                visit, client, services(), refusal=error.message, comment=comment, status=status_of(error)
            )
        return _unknown(req) if decided is None else see_other(f"/reviews/{decided.review_id}")


async def _page(
    visit: Visit,
    client: df.DurableOrchestrationClient,
    services: Services,
    *,
    refusal: str = "",
    comment: str = "",
    status: int = 200,
) -> func.HttpResponse:
    packet = await read_packet(client, services, visit.request.route_params["review"])
    if packet is None:
        return _unknown(visit.request)
    view = ReviewView(
        packet=packet,
        now=services.clock(),
        bars=bars(packet.evidence),
        may_decide=visit.principal.has("Reviewer"),
        refusal=refusal,
        comment=comment,
    )
    return visit.page(view, status)


def _choice(fields: dict[str, str]) -> Choice:
    choice = fields.get("decision")
    if choice not in get_args(Choice):
        raise BadInputError(field="decision", value=choice, rule=f"must be of {', '.join(get_args(Choice))}")
    return cast("Choice", choice)


def _unknown(req: func.HttpRequest) -> func.HttpResponse:
    return failed(req, 404, f"There is no review {req.route_params['review'][:200]}.")
