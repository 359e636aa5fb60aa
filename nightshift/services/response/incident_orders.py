"""Orders about incidents: what the sweep of orders has to know of the incident behind a ledger entry."""

from collections.abc import Callable

from nightshift.domain.ledger.bodies import UndoOrder, expect_body, read_as
from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import Incident, IncidentAction
from nightshift.domain.response.messages import MitigateRequest
from nightshift.domain.response.mitigations import MitigationOrder
from nightshift.services.ledger.order_kinds import OrderResult, done_since
from nightshift.services.response.find_incident import find_incident


def order_of(entry: LedgerEntry) -> MitigationOrder | UndoOrder:
    """What an order about an incident says."""
    undo = read_as(entry, UndoOrder)
    return expect_body(entry, MitigationOrder) if undo is None else undo


def incident_of_order(services: Services, entry: LedgerEntry) -> Incident:
    """The incident that an order is about."""
    return find_incident(services, entry.model, order_of(entry).incident)


def action_of_order(services: Services, entry: LedgerEntry) -> IncidentAction | None:
    """What became of the mitigation that was ordered, or is to be undone; None if its incident does not know of it."""
    return incident_of_order(services, entry).action(order_of(entry).mitigation)


def request_of_order(entry: LedgerEntry) -> MitigateRequest:
    """The message by which an ordered mitigation is carried out once more."""
    order = order_of(entry)
    return MitigateRequest(model=entry.model, incident_id=order.incident, mitigation=order.mitigation)


def run_of_order(entry: LedgerEntry) -> str:
    """Id of the orchestration that has written an order, and carries it out."""
    return entry.run


def since_tried(services: Services, entry: LedgerEntry, well: Callable[[IncidentAction], bool]) -> OrderResult:
    """What came of an order that was tried before, by its incident.

    Args:
        well: whether what came of an action can wait until the morning.
    """
    action = action_of_order(services, entry)
    if action is None:
        return done_since()
    said = f"{action.mitigation} {action.state}: {action.detail}"
    return done_since(said, "notice" if well(action) else "page")
