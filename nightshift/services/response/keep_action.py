"""Keep in an incident what was done about it."""

from nightshift.domain.ledger.ledger import ACTOR
from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import Incident, IncidentAction, TimelineEntry
from nightshift.services.platform.app_metrics import record_mitigation

_ENDED = frozenset({"done", "refused", "failed"})


def keep_action(
    services: Services,
    incident: Incident,
    action: IncidentAction,
    *,
    mitigated: bool = False,
    actor: str = ACTOR,
    of: str = "",
) -> IncidentAction:
    """Put an action into its incident, add a line to the timeline, and change the state if the incident is mitigated.

    An action that was undone stays so, whatever Nightshift was still carrying out: only a person changes it.

    Args:
        of: distinguishes actions of one mitigation, where each has its own line in the timeline.

    Returns:
        The action that stands in the incident.
    """
    entry = TimelineEntry(
        key="-".join(part for part in (action.mitigation, action.state, of) if part),
        at=action.at,
        actor=actor,
        what=f"{action.mitigation} {action.state}: {action.detail}",
        link=action.link,
    )

    overtaken = TimelineEntry(
        key=f"{action.mitigation}-overtaken",
        at=action.at,
        actor=actor,
        what=f"{action.mitigation} was undone while it was carried out: it stays undone",
    )

    stands = action

    def change(known: Incident) -> Incident:
        nonlocal stands
        undone = known.action(action.mitigation)
        if actor == ACTOR and undone is not None and undone.state == "undone":
            stands = undone
            return known.with_event(overtaken)
        stands = action
        changed = known.with_action(action).with_event(entry)
        may = mitigated and changed.state in {"open", "acknowledged"}
        return changed.transition("mitigate") if may else changed

    services.incidents.change(incident.model, incident.incident_id, change)
    if actor == ACTOR and stands is action and action.state in _ENDED:
        seconds = (action.at - incident.recorded_at).total_seconds()
        record_mitigation(incident.model, action.mitigation, action.state, seconds)
    return stands


def begin_action(services: Services, incident: Incident, action: IncidentAction) -> None:
    """Put an action that is ordered and not carried out yet into its incident, unless one of its kind stands there."""

    def change(known: Incident) -> Incident:
        return known.with_action(action) if known.action(action.mitigation) is None else known

    services.incidents.change(incident.model, incident.incident_id, change)


def record_failed_attempt(services: Services, incident: Incident, mitigation: str, error: NightshiftError) -> None:
    """Add to an incident's timeline that an ordered mitigation was tried and failed, once per code of the failure."""
    entry = TimelineEntry(
        key=f"{mitigation}-try-{error.code}",
        at=services.clock(),
        actor=ACTOR,
        what=f"{mitigation} was tried and failed, its order stands: {error.code}: {error.message}"[:1_000],
    )
    services.incidents.change(incident.model, incident.incident_id, lambda known: known.with_event(entry))
