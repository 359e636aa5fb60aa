"""Bring a serving endpoint to a version, one poll at a time; the orchestrator waits between two polls."""

from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.messages import MoveServingRequest, MoveServingResult
from nightshift.services.platform.activity import activity


@activity("move_serving")
def move_serving(services: Services, request: MoveServingRequest) -> MoveServingResult:
    """Ask for the version if the endpoint is not on its way there, and say whether it serves it and is ready."""
    wanted = request.serve
    state = services.serving.read(wanted.endpoint)
    if state.version == wanted.version and state.ready and not state.updating:
        return MoveServingResult(moved=True, detail=f"endpoint {wanted.endpoint} serves version {wanted.version}")
    if wanted.version not in {state.version if not state.updating else None, state.pending_version}:
        if state.failed and request.looks > 0:
            return MoveServingResult(
                failed=True, detail=f"endpoint {wanted.endpoint}: its update to {wanted.version} failed"
            )
        champion = services.registry.version_of(wanted.model, CHAMPION)
        if champion != wanted.version:
            # Somebody has moved the alias meanwhile; what serves is for them to move.
            detail = f"version {wanted.version} is not champion any more, {champion or 'none'} is"
            return MoveServingResult(failed=True, detail=f"endpoint {wanted.endpoint} was left as it is: {detail}")
        services.serving.serve(wanted.endpoint, wanted.model, wanted.version)
    return MoveServingResult(detail=f"endpoint {wanted.endpoint} is on its way to version {wanted.version}")
