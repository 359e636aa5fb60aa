"""A review: wait for a person's decision, remind, escalate, expire, and act on what was decided."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

from nightshift.domain.improvement.messages import ImproveOrder, ImproveOrdered
from nightshift.domain.lifecycle.run import AlertRequest, RunEvent
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import (
    ACT_ON_REVIEW,
    AWAIT_DECISION,
    EXPIRE_REVIEW,
    ORDER_IMPROVEMENT,
    PUBLISH_EVENT,
    REVIEW_DECIDED,
    SEND_ALERT,
    SETTLE_REVIEW,
    TELL_REVIEWERS,
)
from nightshift.domain.platform.step import Failure
from nightshift.domain.response.messages import Serve
from nightshift.domain.reviews.messages import ReviewInput, ReviewRequest, ReviewResult, SettleReview
from nightshift.domain.reviews.policy import ReviewStep
from orchestrators.champions.serving import follow_alias
from orchestrators.platform.failures import reason_of
from orchestrators.platform.retries import steadily
from orchestrators.platform.versions import tell_step
from orchestrators.platform.waiting import pause, wait_until

Steps = Generator[Any, Any, Any]

# A decision stays a decision while MLflow or storage is away: after the usual retries it is tried again this often.
_AGAIN = timedelta(minutes=5)


def review(context: df.DurableOrchestrationContext) -> Steps:
    """Bring a flagged promotion to its end.

    1. ``tell_reviewers`` that it waits. It may have been decided already.
    2. Wait for the decision; meanwhile ``tell_reviewers`` at each step of the spec's ladder, and at last
       ``expire_review``: the champion stays.
    3. ``act_on_review``: promote what was approved if it is still what was approved.
    4. The serving endpoint follows, or the champion goes back; an improvement is ordered.
    5. ``settle_review``, and publish a promotion.
    """
    return (yield from _Review(context, ReviewInput.from_json(context.get_input())).run())


class _Review:
    """The steps of one review; it holds nothing that replay would not build again."""

    def __init__(self, context: df.DurableOrchestrationContext, order: ReviewInput) -> None:
        self.context = context
        self.order = order
        self.decided = context.wait_for_external_event(REVIEW_DECIDED)

    def run(self) -> Steps:
        """Steps 1 to 5."""
        told = yield from self.surely(TELL_REVIEWERS, self.request())
        if told.state == "open":
            yield from self.wait(told.steps)
        result = yield from self.surely(ACT_ON_REVIEW, self.request())
        if result.state == "open":
            # Something called that was no decision. Durable would keep that event for a second wait: start afresh.
            self.context.continue_as_new(self.order.to_json())
            return None
        if result.failure is not None:
            result = yield from self.settle(problem=f"{result.failure.code}: {result.failure.message}")
        elif result.improve is not None:
            result = yield from self.improve(result.improve)
        elif result.endpoint:
            result = yield from self.follow(result)
        if result.state == "promoted":
            yield from self.publish(result)
        return {"review": self.order.review_id, "model": self.order.model, "state": result.state}

    def wait(self, steps: tuple[ReviewStep, ...]) -> Steps:
        """Step 2."""
        for step in steps:
            self.tell(AWAIT_DECISION)
            if (yield from wait_until(self.context, step.at, self.decided)):
                return
            activity = EXPIRE_REVIEW if step.kind == "expire" else TELL_REVIEWERS
            result = yield from self.surely(activity, self.request(step))
            if result.state != "open":
                return

    def follow(self, result: ReviewResult) -> Generator[Any, Any, ReviewResult]:
        """Step 4 of an approval: the endpoint serves the new champion, or alias and endpoint go back."""
        serve = Serve(endpoint=result.endpoint, model=self.order.model, version=result.version)
        moved = yield from follow_alias(self.context, serve, self.order.review_id, self.step)
        if moved.moved:
            return (yield from self.settle(detail=f"version {result.version} is champion; {moved.detail}"))
        why = moved.failure.message if moved.failure else moved.detail
        problem = f"the serving endpoint did not follow: {why}"
        settled = yield from self.settle(problem=problem)
        if settled.endpoint:
            serve = serve.model_copy(update={"version": settled.version})
            back = yield from follow_alias(self.context, serve, self.order.review_id, self.step)
            if not back.moved:
                yield from self.alert("endpoint", f"{problem}; it does not serve the champion {settled.version} either")
        return settled

    def improve(self, order: ImproveOrder) -> Generator[Any, Any, ReviewResult]:
        """Step 4 of an improvement."""
        ordered = ImproveOrdered.from_json((yield from self.step(ORDER_IMPROVEMENT, order)))
        if ordered.failure is not None:
            return (yield from self.settle(problem=f"the improvement was not ordered: {ordered.failure.message}"))
        said = "had been ordered before" if ordered.repeated else "is in the model's queue"
        detail = f"an improvement on {', '.join(ordered.files)} {said}"
        return (yield from self.settle(detail=detail, fresh=ordered.identity))

    def settle(self, *, detail: str = "", problem: str = "", fresh: str = "") -> Generator[Any, Any, ReviewResult]:
        """Step 5: write down what came of it."""
        request = SettleReview(
            model=self.order.model,
            review_id=self.order.review_id,
            detail=detail[:2_000],
            problem=problem[:2_000],
            fresh=fresh,
        )
        return (yield from self.surely(SETTLE_REVIEW, request))

    def publish(self, result: ReviewResult) -> Steps:
        """Publish the promotion as an event of the run; a topic that stays away does not undo it."""
        event = RunEvent(
            kind="promoted", model=self.order.model, run=result.run, data={"review_id": self.order.review_id}
        )
        yield from self.step(PUBLISH_EVENT, event)

    def surely(self, activity: str, message: Message) -> Generator[Any, Any, ReviewResult]:
        """Call an activity of the review until what it needs is there; on-call is told when that takes long."""
        while True:
            result = ReviewResult.from_json((yield from self.step(activity, message)))
            if result.failure is None or result.failure.code != "service_unavailable":
                return result
            detail = f"review {self.order.review_id} waits at {activity}: {result.failure.message}"
            yield from self.alert(activity, detail)
            yield from pause(self.context, _AGAIN)

    def step(self, activity: str, message: Message) -> Steps:
        """Call an activity; when its patience is used up, its result is a failure like any other."""
        self.tell(activity)
        try:
            return (yield steadily(self.context, activity, message, self.order.patience))
        except Exception as error:  # noqa: BLE001 - Durable raises the bare class when the retries are used up
            failure = Failure(step=activity, code="service_unavailable", message=reason_of(error))
            return {"failure": failure.to_json()}

    def alert(self, key: str, detail: str) -> Steps:
        """Tell on-call that a review does not get on; if that cannot be told either, the page shows it."""
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
        yield from self.step(SEND_ALERT, request)

    def request(self, step: ReviewStep | None = None) -> ReviewRequest:
        """The message of the review's own activities."""
        return ReviewRequest(model=self.order.model, review_id=self.order.review_id, step=step)

    def tell(self, step: str) -> None:
        """Set the custom status that people see while the review goes on."""
        tell_step(self.context, step)
