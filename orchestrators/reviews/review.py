"""A review: wait for a person's decision, remind, escalate, expire, and act on what was decided."""

from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

import azure.durable_functions as df

from activities.improvement.order_improvement import order_improvement
from activities.lifecycle.publish_event import publish_event
from activities.lifecycle.send_alert import send_alert
from activities.reviews.act_on_review import act_on_review
from activities.reviews.close_review import close_review
from activities.reviews.expire_review import expire_review
from activities.reviews.notify_reviewers import notify_reviewers
from nightshift.domain.improvement.messages import ImproveOrder
from nightshift.domain.lifecycle.run import AlertRequest, RunEvent
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import AWAIT_DECISION, REVIEW_DECIDED
from nightshift.domain.platform.step import Failure
from nightshift.domain.response.messages import EndpointTarget, MoveServingRequest
from nightshift.domain.reviews.messages import FinalizeReviewRequest, ReviewInput, ReviewRequest, ReviewResult
from nightshift.domain.reviews.policy import ReviewStep
from nightshift.services.platform.activity import Declaration
from orchestrators.champions.serving import sync_or_take_back
from orchestrators.platform.calls import Orchestration, StepFailed, Steps, StepUnavailable
from orchestrators.platform.waiting import pause, wait_until

Request = TypeVar("Request", bound=Message)

# A decision stays a decision while MLflow or storage is away, and a review waits for one whatever is broken: after the
# usual retries it is tried again this often.
_AGAIN = timedelta(minutes=5)


def review(context: df.DurableOrchestrationContext) -> Steps[dict[str, Any] | None]:
    """Bring a flagged promotion to its end.

    1. ``tell_reviewers`` that it waits. It may have been decided already.
    2. Wait for the decision; meanwhile ``tell_reviewers`` at each level of the spec's escalation policy, and at last
       ``expire_review``: the champion stays.
    3. ``act_on_review``: promote what was approved if it is still what was approved.
    4. The serving endpoint follows, or the champion goes back; an improvement is ordered.
    5. ``settle_review``, and publish a promotion.
    """
    return (yield from _Review(context, ReviewInput.from_json(context.get_input())).run())


class _Review(Orchestration):
    """The steps of one review; it holds nothing that replay would not build again."""

    def __init__(self, context: df.DurableOrchestrationContext, order: ReviewInput) -> None:
        super().__init__(context, order.patience)
        self.order = order
        self.decided = context.wait_for_external_event(REVIEW_DECIDED)

    def run(self) -> Steps[dict[str, Any] | None]:
        """Steps 1 to 5."""
        # A notification or an expiry that fails for good keeps no decision from being acted on.
        broken: Failure | None = None
        try:
            notified = yield from self.until_done(notify_reviewers, self.request())
            if notified.state == "open":
                yield from self.wait(notified.steps)
        except StepFailed as failed:
            broken = failed.failure
        try:
            result = yield from self.until_done(act_on_review, self.request())
        except StepFailed as failed:
            result = yield from self.close(problem=f"{failed.failure.code}: {failed.failure.message}")
        else:
            if result.state == "open":
                if broken is not None:
                    yield from self.alert(
                        broken.step, f"review {self.order.review_id}: {broken.code}: {broken.message}"
                    )
                    self.set_status(AWAIT_DECISION)
                    yield from wait_until(self.context, self.context.current_utc_datetime + _AGAIN, self.decided)
                # Something called that was no decision. Durable would keep that event for a second wait: start afresh.
                self.context.continue_as_new(self.order.to_json())
                return None
            if result.improve is not None:
                result = yield from self.improve(result.improve)
            elif result.endpoint:
                result = yield from self.follow(result)
        if result.state == "promoted":
            yield from self.publish(result)
        return {"review": self.order.review_id, "model": self.order.model, "state": result.state}

    def wait(self, steps: tuple[ReviewStep, ...]) -> Steps[None]:
        """Step 2."""
        for step in steps:
            self.set_status(AWAIT_DECISION)
            if (yield from wait_until(self.context, step.at, self.decided)):
                return
            activity = expire_review if step.kind == "expire" else notify_reviewers
            result = yield from self.until_done(activity, self.request(step))
            if result.state != "open":
                return

    def follow(self, result: ReviewResult) -> Steps[ReviewResult]:
        """Step 4 of an approval: the endpoint serves the new champion, or alias and endpoint go back."""
        serve = EndpointTarget(endpoint=result.endpoint, model=self.order.model, version=result.version)
        closed = result

        def take_back(problem: str) -> Steps[tuple[str, EndpointTarget | None]]:
            nonlocal closed
            closed = yield from self.close(problem=problem)
            return "", serve.model_copy(update={"version": closed.version}) if closed.endpoint else None

        request = MoveServingRequest(model=self.order.model, review_id=self.order.review_id, serve=serve)
        followed = yield from sync_or_take_back(self, request, take_back)
        if followed.moved:
            return (yield from self.close(detail=f"version {result.version} is champion; {followed.detail}"))
        if not followed.back:
            yield from self.alert("endpoint", followed.detail)
        return closed

    def improve(self, order: ImproveOrder) -> Steps[ReviewResult]:
        """Step 4 of an improvement."""
        try:
            ordered = yield from self.step(order_improvement, order)
        except StepFailed as failed:
            return (yield from self.close(problem=f"the improvement was not ordered: {failed.failure.message}"))
        said = "had been ordered before" if ordered.repeated else "is in the model's queue"
        detail = f"an improvement on {', '.join(ordered.files)} {said}"
        return (yield from self.close(detail=detail, fresh=ordered.identity))

    def close(self, *, detail: str = "", problem: str = "", fresh: str = "") -> Steps[ReviewResult]:
        """Step 5: write down what came of it; if that fails, so does the instance, and the sweep starts another."""
        request = FinalizeReviewRequest(
            model=self.order.model,
            review_id=self.order.review_id,
            detail=detail[:2_000],
            problem=problem[:2_000],
            fresh=fresh,
        )
        return (yield from self.until_done(close_review, request))

    def publish(self, result: ReviewResult) -> Steps[None]:
        """Publish the promotion as an event of the run; a topic that stays away does not undo it."""
        event = RunEvent(
            kind="promoted", model=self.order.model, run=result.run, data={"review_id": self.order.review_id}
        )
        with suppress(StepFailed):
            yield from self.step(publish_event, event)

    def until_done(self, activity: Declaration[Request, ReviewResult], message: Request) -> Steps[ReviewResult]:
        """Call an activity of the review until what it needs is there; on-call is notified when that takes long.

        Raises:
            StepFailed: it has failed, and not because something does not answer.
        """
        while True:
            try:
                return (yield from self.step(activity, message))
            except StepUnavailable as failed:
                why = failed.failure.message
            yield from self.alert(activity.name, f"review {self.order.review_id} waits at {activity.name}: {why}")
            yield from pause(self.context, _AGAIN)

    def alert(self, key: str, detail: str) -> Steps[None]:
        """Notify on-call that a review is stuck; if the notification fails too, only the page shows it."""
        request = AlertRequest(
            key=f"review:{self.order.review_id}:{key}",
            model=self.order.model,
            run="",
            rule=f"review_{key}",
            severity="warning",
            title=f"A review of {self.order.model} does not get on",
            detail=detail[:4_000],
            at=self.context.current_utc_datetime,
        )
        with suppress(StepFailed):
            yield from self.step(send_alert, request)

    def request(self, step: ReviewStep | None = None) -> ReviewRequest:
        """The message of the review's own activities."""
        return ReviewRequest(model=self.order.model, review_id=self.order.review_id, step=step)
