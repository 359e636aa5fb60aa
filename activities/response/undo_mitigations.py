"""Take back what was done about an incident."""

import logging

from activities.response.handlers import HANDLERS, ordered_actions
from nightshift.domain.ledger.ledger import ACTOR
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import Incident, TimelineEntry
from nightshift.domain.response.messages import UndoRequest, UndoResult
from nightshift.services.platform.activity import activity
from nightshift.services.response.find_incident import find_incident
from nightshift.services.response.incident_commands import undone_key
from nightshift.services.response.mitigation import Undone

logger = logging.getLogger(__name__)


@activity("undo_mitigations")
def undo_mitigations(services: Services, request: UndoRequest) -> UndoResult:
    """Undo every mitigation of an incident that can be undone, each once and as its own file says.

    The ledger says who asked and why. A person's decision stands: the same version is not rolled back by itself again.
    """
    incident = find_incident(services, request.model, request.incident_id)
    results: list[Undone] = []
    for action in ordered_actions(services, incident):
        undo = HANDLERS[action.mitigation].undo
        if action.state == "repeated":
            results.append(Undone(refused=f"{action.mitigation}: {action.detail}; undo that incident instead"))
        elif undo is not None and (result := undo(services, request, incident, action)) is not None:
            results.append(result)
    if not results:
        results.append(Undone(refused="nothing was done about this incident that could be undone"))
    undone = [result.done for result in results if result.done]
    refused = [result.refused for result in results if result.refused]
    _record_event(services, request, undone, refused)
    logger.info(
        "undone model=%s incident=%s actor=%s undone=%d", request.model, request.incident_id, request.actor, len(undone)
    )
    serve = next((result.serve for result in results if result.serve is not None), None)
    return UndoResult(undone=tuple(undone), refused=tuple(refused), serve=serve)


def _record_event(services: Services, request: UndoRequest, undone: list[str], refused: list[str]) -> None:
    comment = f" ({request.comment})" if request.comment else ""
    entry = TimelineEntry(
        key=undone_key(request.actor, request.order),
        at=services.clock(),
        actor=request.actor,
        what=f"undo{comment}: {'; '.join((*undone, *refused))}"[:1_000],
    )

    def change(known: Incident) -> Incident:
        changed = known.with_event(entry)
        if not undone or changed.state != "mitigated":
            return changed
        opened = changed.transition("reopen")
        # A person who takes a mitigation back has the incident; one that Nightshift took back has nobody yet.
        if request.actor == ACTOR:
            return opened
        return opened.transition("acknowledge").model_copy(update={"acknowledged_by": request.actor})

    services.incidents.change(request.model, request.incident_id, change)
