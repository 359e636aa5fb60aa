"""How an orchestrator brings a serving endpoint to the champion, or takes the champion back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from activities.champions.move_serving import move_serving
from nightshift.domain.response.messages import EndpointTarget, MoveServingRequest, MoveServingResult
from orchestrators.platform.calls import Orchestration, StepFailed, Steps
from orchestrators.platform.waiting import pause

# An endpoint that does not serve a version after this time needs a person.
SERVING_POLLS = 60
SERVING_PAUSE = timedelta(seconds=2)


@dataclass(frozen=True)
class EndpointSync:
    """Whether an endpoint has followed the alias.

    Attributes:
        moved: it serves the version.
        detail: that, or what went wrong, what was taken back, and where the endpoint is now.
        back: whether the endpoint serves what was taken back to; True if it need not.
    """

    moved: bool
    detail: str
    back: bool = True


def sync_endpoint(orchestration: Orchestration, request: MoveServingRequest) -> Steps[MoveServingResult]:
    """Poll the endpoint until it serves the version, has failed or does not answer, or its time is over."""
    try:
        return (yield from poll_endpoint(orchestration, request))
    except StepFailed as failed:
        return MoveServingResult(failed=True, detail=failed.failure.message)


def poll_endpoint(orchestration: Orchestration, request: MoveServingRequest) -> Steps[MoveServingResult]:
    """Poll the endpoint until it serves the version, has failed, or its time is over.

    Raises:
        StepFailed: it refuses, or does not answer (StepUnavailable).
    """
    result = MoveServingResult()
    for polls in range(SERVING_POLLS):
        result = yield from orchestration.step(move_serving, request.model_copy(update={"looks": polls}))
        if result.moved or result.failed:
            return result
        yield from pause(orchestration.context, SERVING_PAUSE)
    return result.model_copy(update={"failed": True, "detail": f"{result.detail}, but does not get there"})


def sync_or_take_back(
    orchestration: Orchestration,
    request: MoveServingRequest,
    take_back: Callable[[str], Steps[tuple[str, EndpointTarget | None]]],
) -> Steps[EndpointSync]:
    """Bring the endpoint to the version; if it does not get there, take the alias back, and the endpoint with it.

    Args:
        take_back: moves the alias back. It is given the problem, and returns what it did, and what the endpoint must
            serve again; None if it need not.
    """
    moved = yield from sync_endpoint(orchestration, request)
    if moved.moved:
        return EndpointSync(moved=True, detail=moved.detail)
    problem = f"the serving endpoint did not follow: {moved.detail}"
    done, serve = yield from take_back(problem)
    said = f"{problem}; {done}" if done else problem
    if serve is None:
        return EndpointSync(moved=False, detail=said)
    back = yield from sync_endpoint(orchestration, request.model_copy(update={"serve": serve}))
    if not back.moved:
        said = f"{said}; it does not serve version {serve.version} either: {back.detail}"
    return EndpointSync(moved=False, detail=said, back=back.moved)
