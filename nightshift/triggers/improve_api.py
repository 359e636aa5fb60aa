"""Improvements over HTTP: a person asks for one, and says what a round's plan was worth."""

import asyncio

from activities.improvement.order_improvement import order_improvement
from nightshift.domain.improvement.messages import ImproveOrder
from nightshift.domain.improvement.trace import PlanFeedback
from nightshift.domain.platform.errors import NotFoundError
from nightshift.domain.platform.identity import RunId
from nightshift.domain.platform.principal import ACTORS
from nightshift.domain.platform.request import FeedbackRequest, ImproveRequest
from nightshift.domain.platform.view import FeedbackView, ImprovementView
from nightshift.services.lifecycle.run_views import run_rounds
from nightshift.triggers.api.call import Call
from nightshift.triggers.api.endpoint import endpoint


@endpoint(
    "POST", "models/{model}/improvement", "Orders an improvement of a model on the data of one of its runs.",
    roles=ACTORS, body=ImproveRequest, answer=ImprovementView, problems=(404,), durable=True,
    function="improve_model",
)  # fmt: skip
async def request_improvement(call: Call[ImproveRequest]) -> ImprovementView:
    """Order an improvement in the caller's name."""
    reason = call.body.comment.strip()
    order = ImproveOrder(model=call.path["model"], run=call.body.run, by=call.actor, reason=reason)
    ordered = await order_improvement(call.services, call.client, order)
    return ImprovementView(
        model=order.model,
        identity=ordered.identity,
        improves=ordered.improves,
        files=ordered.files,
        repeated=ordered.repeated,
    )


@endpoint(
    "POST", "runs/{run}/rounds/{round}/feedback", "Records whether the plan of an improvement round was helpful.",
    roles=ACTORS, body=FeedbackRequest, answer=FeedbackView, problems=(404,), durable=True, function="tell_round",
)  # fmt: skip
async def submit_plan_feedback(call: Call[FeedbackRequest]) -> FeedbackView:
    """Put the caller's feedback beside the round's trace."""
    run, number = call.path["run"], call.path["round"]
    status = await call.client.get_status(run) if RunId.parse(run) else None
    rounds = () if status is None else run_rounds(status)
    trace = next((item.trace for item in rounds if str(item.number) == number), None)
    if not trace:
        detail = f"run = {run!r}, round = {number!r}: `nightshift show {run}` lists the rounds that have a trace"
        raise NotFoundError("No such round", detail)
    feedback = PlanFeedback(by=call.actor, helpful=call.body.helpful, comment=call.body.comment.strip())
    await asyncio.to_thread(call.services.traces.log_feedback, trace, feedback)
    return FeedbackView(run=run, round=int(number), trace=trace, **feedback.model_dump())


ENDPOINTS = (request_improvement, submit_plan_feedback)
