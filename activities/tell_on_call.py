"""Tell people about an incident: what happened, what was done, what they should do."""

from activities.failures import guarded
from activities.mitigation import keep_action
from activities.notify import run_notify
from activities.plan_response import find_incident
from domain.incident import Incident, IncidentAction
from domain.names import TELL_ON_CALL
from domain.notification import Notification, NotificationKind
from domain.ports import Services
from domain.response import MitigateRequest, MitigationResult

# What each mitigation that tells people is: a critical question wakes somebody, the others wait.
_KINDS: dict[str, NotificationKind] = {"page": "page", "notify": "notice"}


def run_tell_on_call(services: Services, request: MitigateRequest) -> MitigationResult:
    """Send a page or a notice, once per incident and kind; a failed one fails the step, never the incident."""
    return guarded(
        TELL_ON_CALL,
        request.incident_id,
        request.model,
        lambda: _tell(services, request),
        lambda failure: MitigationResult(failure=failure),
    )


def _tell(services: Services, request: MitigateRequest) -> MitigationResult:
    incident = find_incident(services, request.model, request.incident_id)
    kind = _KINDS.get(request.mitigation, "page" if incident.severity == "critical" else "notice")
    sent = run_notify(
        services,
        Notification(
            key=f"{incident.incident_id}:{kind}",
            kind=kind,
            model=incident.model,
            incident_id=incident.incident_id,
            severity=incident.severity,
            title=incident.title,
            body=_body(incident, request.reason),
            link=incident.runbook or incident.alert.url,
        ),
    )
    action = IncidentAction(
        mitigation=request.mitigation,
        state="failed" if sent.failure else "done",
        detail=sent.failure.message if sent.failure else f"on-call was sent a {kind}",
        at=services.clock(),
    )
    return MitigationResult(action=keep_action(services, incident, action), failure=sent.failure)


def _body(incident: Incident, reason: str) -> str:
    lines = [
        f"{incident.severity} {incident.category} of {incident.model} by rule {incident.rule}: {incident.reason}",
        *(f"{action.mitigation} {action.state}: {action.detail}" for action in incident.actions),
        *([reason] if reason else []),
        f"nightshift show {incident.incident_id}",
    ]
    return "\n".join(lines)
