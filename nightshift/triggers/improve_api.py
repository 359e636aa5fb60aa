"""Improvements over HTTP: a person asks for one, and says what a round's plan was worth."""

import asyncio
import json
from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from activities.improvement.order_improvement import order_improvement
from nightshift.domain.improvement.messages import ImproveOrder
from nightshift.domain.improvement.trace import PlanFeedback
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.view import FeedbackView, ImprovementView
from nightshift.services.lifecycle.run_views import is_run, run_rounds
from nightshift.triggers.principal import require_role
from nightshift.triggers.problem import answer, explained, problem

_COMMENT, _RUN = 1_000, 200


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register ``/api/models/{model}/improvement`` and ``/api/runs/{run}/rounds/{round}/feedback``."""
    result = df.Blueprint()

    @result.route(route="api/models/{model}/improvement", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
    @result.durable_client_input(client_name="client")
    @explained
    async def improve_model(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        principal = require_role(req, "Operator", "Reviewer")
        run, comment = _body(req)
        order = ImproveOrder(model=req.route_params["model"], run=run, by=principal.actor, reason=comment)
        ordered = await order_improvement(services(), client, order)
        view = ImprovementView(
            model=order.model,
            identity=ordered.identity,
            improves=ordered.improves,
            files=ordered.files,
            repeated=ordered.repeated,
        )
        return answer(view)

    @result.route(route="api/runs/{run}/rounds/{round}/feedback", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
    @result.durable_client_input(client_name="client")
    @explained
    async def tell_round(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        principal = require_role(req, "Operator", "Reviewer")
        helpful, comment = _opinion(req)
        run, number = req.route_params["run"], req.route_params["round"]
        status = await client.get_status(run) if is_run(run) else None
        rounds = () if status is None else run_rounds(status)
        trace = next((item.trace for item in rounds if str(item.number) == number), None)
        if not trace:
            detail = f"run = {run!r}, round = {number!r}: `nightshift show {run}` lists the rounds that have a trace"
            return problem(404, "No such round", detail)
        feedback = PlanFeedback(by=principal.actor, helpful=helpful, comment=comment)
        await asyncio.to_thread(services().traces.tell, trace, feedback)
        return answer(FeedbackView(run=run, round=int(number), trace=trace, **feedback.model_dump()))

    return result


def _opinion(req: func.HttpRequest) -> tuple[bool, str]:
    document = _document(req, {"helpful", "comment"}, 'must be a JSON object with "helpful" and "comment"')
    helpful = document.get("helpful")
    if not isinstance(helpful, bool):
        raise BadInputError(field="helpful", value=str(helpful)[:80], rule="must be true or false")
    return helpful, _comment(document)


def _body(req: func.HttpRequest) -> tuple[str, str]:
    rule = 'must be a JSON object with "comment", and "run" if not the last run is meant'
    document = _document(req, {"run", "comment"}, rule)
    run = document.get("run", "")
    if not isinstance(run, str) or len(run) > _RUN:
        raise BadInputError(field="run", value=str(run)[:80], rule="must be the id of a run")
    return run, _comment(document)


def _document(req: func.HttpRequest, fields: set[str], rule: str) -> dict[str, object]:
    try:
        document = json.loads(req.get_body() or b"{}")
    except ValueError:
        document = None
    if not isinstance(document, dict) or set(document) - fields:
        raise BadInputError(field="body", value=req.get_body()[:80], rule=rule)
    return document


def _comment(document: dict[str, object]) -> str:
    comment = document.get("comment", "")
    if not isinstance(comment, str) or not comment.strip() or len(comment) > _COMMENT:
        rule = f"say why, in at most {_COMMENT} characters: it is kept"
        raise BadInputError(field="comment", value=str(comment)[:80], rule=rule)
    return comment.strip()
