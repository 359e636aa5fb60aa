"""How an orchestrator calls activities: typed by their declarations, with one retry policy and one kind of failure."""

import json
from collections.abc import Generator
from typing import Any, TypeVar

import azure.durable_functions as df

from nightshift.domain.platform.message import Message
from nightshift.domain.platform.step import Failure, RetryPolicy
from nightshift.services.platform.activity import Declaration
from orchestrators.platform.failures import reason_of
from orchestrators.platform.versions import set_step

Request = TypeVar("Request", bound=Message)
Result = TypeVar("Result", bound=Message)
Returned = TypeVar("Returned")

# What an orchestrator's generator is: tasks of Durable go out, their results come in.
Steps = Generator[Any, Any, Returned]

# Activities raise only what a retry may cure; 20 times 15 s rides out a restart of Databricks, MLflow or storage.
DEFAULT = RetryPolicy()
UNAVAILABLE = "service_unavailable"


class StepFailed(Exception):  # noqa: N818 - it says what has happened to the step
    """A step cannot do its work.

    Attributes:
        failure: why, for people and for the records.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.step} failed: {failure.code}: {failure.message}")
        self.failure = failure


class StepUnavailable(StepFailed):
    """The retries of a step are used up: an outside system has not answered all the while."""


def call(
    context: df.DurableOrchestrationContext,
    activity: Declaration[Request, Result],
    request: Request,
    retry: RetryPolicy = DEFAULT,
) -> Steps[Result]:
    """Call an activity, again while an outside system does not answer, and return its result.

    The trace of the orchestration's input goes with the message: the activity's span continues it.

    Raises:
        StepFailed: the activity has failed for good, or its retries are used up (StepUnavailable).
    """
    options = df.RetryOptions(
        first_retry_interval_in_milliseconds=int(retry.seconds * 1000), max_number_of_attempts=retry.attempts
    )
    message = {**request.to_json(), **_trace(context.get_input())}
    try:
        value = yield context.call_activity_with_retry(activity.name, options, message)
    except Exception as error:
        failure = Failure(step=activity.name, code=UNAVAILABLE, message=reason_of(error))
        raise StepUnavailable(failure) from error
    if isinstance(value, str):
        value = json.loads(value)
    if value.get("failure") is not None:
        raise StepFailed(_failure(value))
    return activity.read_result(value)


class Orchestration:
    """What every orchestration has: its context, its retry policy, and the status that people see."""

    def __init__(self, context: df.DurableOrchestrationContext, retry: RetryPolicy) -> None:
        self.context = context
        self.retry = retry

    def step(
        self, activity: Declaration[Request, Result], request: Request, retry: RetryPolicy | None = None
    ) -> Steps[Result]:
        """Call an activity and show its name as the status.

        Raises:
            StepFailed: as `call`.
        """
        self.set_status(activity.name)
        return (yield from call(self.context, activity, request, retry or self.retry))

    def set_status(self, step: str) -> None:
        """Set the custom status that people see while the orchestration goes on."""
        set_step(self.context, step)


def _failure(value: dict[str, Any]) -> Failure:
    """A failure as histories have it; those of an earlier release have the tokens of a failed plan beside it."""
    failure = Failure.from_json(value["failure"])
    beside = {"tokens": value["tokens"]} if value.get("tokens") else {}
    return failure.model_copy(update={"fields": {**beside, **failure.fields}})


def _trace(order: Any) -> dict[str, str]:
    """The trace of an orchestration's input (Durable gives it as JSON text or as what that says); nothing without."""
    if isinstance(order, str):
        order = json.loads(order)
    trace = order.get("trace") if isinstance(order, dict) else None
    return {"trace": trace} if trace else {}
