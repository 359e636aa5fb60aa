"""The orders of an incident: what each mitigation has ordered, and the undo of one that a person has asked for."""

import logging

from activities.champions.move_serving import move_serving
from activities.response.handlers import HANDLERS
from activities.response.undo_mitigations import undo_mitigations
from nightshift.domain.ledger.bodies import UndoOrder, expect_body, read_as, says
from nightshift.domain.ledger.ledger import ACTOR, LedgerEntry
from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.identity import instance_id
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.messages import MoveServingRequest, UndoRequest
from nightshift.services.champions.move_orders import find_move
from nightshift.services.ledger.order_kinds import AGE, LONGEST, OrderKind, OrderResult
from nightshift.services.response.incident_commands import undo_is_recorded
from nightshift.services.response.incident_orders import action_of_order, incident_of_order, order_of, since_tried

logger = logging.getLogger(__name__)


def _undo_instance(entry: LedgerEntry) -> str:
    if entry.actor == ACTOR:
        return entry.run  # a response takes back what its endpoint did not follow
    return instance_id("undo", entry.model, order_of(entry).incident)


def _undo_recorded(services: Services, entry: LedgerEntry) -> bool:
    """Whether the incident says what came of the undo that this person has asked for."""
    return undo_is_recorded(incident_of_order(services, entry), entry.actor, entry.recorded_at)


def _is_young(services: Services, entry: LedgerEntry) -> bool:
    """Whether a line of its time is still in its incident's timeline, which keeps the newest."""
    return services.clock() - entry.recorded_at < AGE


def _since(services: Services, entry: LedgerEntry) -> OrderResult:
    return since_tried(services, entry, lambda action: HANDLERS[action.mitigation].went_well(action))


def _owes_undo(services: Services, entry: LedgerEntry) -> bool:
    move = find_move(services, entry.model, entry.key)
    if move is not None and move.state == "begun":
        return True
    action = action_of_order(services, entry)
    undone = action is not None and action.state in {"undone", "failed"}
    return not _undo_recorded(services, entry) and (not undone or _is_young(services, entry))


def _owes_end(services: Services, entry: LedgerEntry) -> bool:
    action = action_of_order(services, entry)
    held = action is not None and action.holds_compute
    return held or (_is_young(services, entry) and not _undo_recorded(services, entry))


def _finish_undo(services: Services, entry: LedgerEntry) -> OrderResult:
    order = expect_body(entry, UndoOrder)
    request = UndoRequest(
        model=entry.model,
        incident_id=order.incident,
        actor=entry.actor,
        comment=order.comment,
        order=order.order,
    )
    result = undo_mitigations(services, request)
    if result.serve is not None:
        serving = MoveServingRequest(model=entry.model, incident_id=order.incident, serve=result.serve)
        try:
            move_serving(services, serving)
        except NightshiftError as error:
            if error.retryable:
                raise
            # The undo is done. That the endpoint does not follow, the comparison of the champion sees, and pages.
            logger.warning("endpoint_not_moved model=%s message=%s", entry.model, error.message)
    said = "; ".join((*result.undone, *result.refused))
    return OrderResult(closed=True, said=f"undo for {entry.actor}: {said}", kind="page" if result.refused else "notice")


def _ends_early(entry: LedgerEntry) -> bool:
    """Whether a person has asked for the undo of what ends by itself: it holds something until then."""
    undo = read_as(entry, UndoOrder)
    return undo is not None and HANDLERS[undo.mitigation].end is not None


def _is_undo(entry: LedgerEntry) -> bool:
    return says(entry, UndoOrder)


INCIDENT_ORDERS: tuple[OrderKind, ...] = (
    # Each mitigation's own before all others: among them is the end of what ends by itself.
    *(kind for handler in dict.fromkeys(HANDLERS.values()) for kind in handler.orders),
    OrderKind(_ends_early, _owes_end, _finish_undo, _undo_instance, longest=LONGEST, since=_since, ages=False),
    OrderKind(_is_undo, _owes_undo, _finish_undo, _undo_instance, longest=LONGEST, since=_since),
)
