"""Verify after a mitigation that the signal has recovered; if it has not in time, page a person."""

from datetime import timedelta

from nightshift.domain.ledger.ledger import ACTOR
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import Incident, TimelineEntry
from nightshift.domain.response.messages import Verification, VerifyRequest
from nightshift.services.platform.activity import activity
from nightshift.services.response.find_incident import find_incident


@activity("verify_recovery")
def verify_recovery(services: Services, request: VerifyRequest) -> Verification:
    """Check whether an incident's signal has recovered since it was mitigated.

    Recovered: its source resolved it; or, when the time is over, no alert of it has fired since. Otherwise it opens
    again, and on-call is paged by the caller.
    """
    incident = find_incident(services, request.model, request.incident_id)
    if incident.state == "resolved":
        return Verification(recovered=True, detail="its source has resolved it")
    if any(action.state == "undone" for action in incident.actions):
        return Verification(recovered=True, detail="a person has taken the mitigation back and decides")
    if not request.final:
        return Verification()
    # Both times by our clock: a source whose clock is behind would fire on and be taken for recovered.
    fired_at = incident.last_fired_at + timedelta(seconds=incident.lag_seconds)
    recovered = fired_at <= request.since
    if recovered:
        detail = f"no alert has fired since it was acted upon at {request.since.isoformat(timespec='seconds')}"
    else:
        when = fired_at.isoformat(timespec="seconds")
        detail = f"the signal has not recovered: it fired again at {when}, after it was acted upon"
    entry = TimelineEntry(key="verified", at=services.clock(), actor=ACTOR, what=detail)

    def change(known: Incident) -> Incident:
        changed = known.with_event(entry)
        if recovered:
            return changed if changed.state == "resolved" else changed.transition("resolve")
        return changed.transition("reopen") if changed.state == "mitigated" else changed

    services.incidents.change(request.model, request.incident_id, change)
    return Verification(recovered=recovered, detail=detail)
