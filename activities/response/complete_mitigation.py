"""Write down in an incident what became of a mitigation."""

from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.step import Done
from nightshift.domain.response.incident import IncidentAction
from nightshift.domain.response.messages import CompleteMitigationRequest
from nightshift.domain.response.mitigations import facts_of
from nightshift.services.platform.activity import activity
from nightshift.services.response.find_incident import find_incident
from nightshift.services.response.keep_action import keep_action


@activity("settle_mitigation")
def complete_mitigation(services: Services, request: CompleteMitigationRequest) -> Done:
    """Write down what finally became of an action whose endpoint or run was waited for."""
    incident = find_incident(services, request.model, request.incident_id)
    known = incident.action(request.mitigation)
    action = IncidentAction(
        mitigation=request.mitigation,
        state=request.state,
        detail=request.detail,
        at=services.clock(),
        ledger=known.ledger if known else None,
        facts=(known.facts if known else facts_of(request.mitigation)).model_copy(update=request.facts),
    )
    keep_action(services, incident, action, mitigated=request.mitigated)
    return Done()
