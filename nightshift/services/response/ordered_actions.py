"""What was ordered about an incident: its own actions, and those that only the ledger knows of."""

from activities.response.pause_compute import ordered_pause
from activities.response.roll_back import is_rollback, ordered_rollback
from nightshift.domain.ledger.bodies import LeaseOrder, MitigationOrder, read_as, says
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import Incident, IncidentAction


def ordered_actions(services: Services, incident: Incident) -> tuple[IncidentAction, ...]:
    """The actions of an incident, and each order in the ledger whose action was never written into the incident.

    An activity that ended between its order and its action leaves such an order.
    """
    known = {action.mitigation for action in incident.actions}
    orders = [
        entry
        for entry in services.ledger.entries(incident.model, incident.response)
        if (order := read_as(entry, MitigationOrder)) is not None and order.mitigation not in known
    ]
    rollbacks = [ordered_rollback(entry) for entry in orders if is_rollback(entry)]
    pauses = [ordered_pause(entry) for entry in orders if says(entry, LeaseOrder)]
    return (*incident.actions, *rollbacks, *pauses)
