"""Each mitigation has a row in the domain's table and one file that carries it out."""

from typing import get_args

import pytest

from activities.response.handlers import HANDLERS
from nightshift.domain.ledger.bodies import read_body, record
from nightshift.domain.ledger.ledger import GENESIS, LedgerEntry, chain
from nightshift.domain.response.mitigations import CHANGING, MITIGATIONS, NOTIFYING, Mitigation, MitigationOrder
from nightshift.sweeps.incident_orders import INCIDENT_ORDERS
from tests.support.ledger_bodies import AT, BODIES

ORDERS = tuple(body for body in BODIES if isinstance(body, MitigationOrder))


def _entry(body: MitigationOrder) -> LedgerEntry:
    made = record(body, key="k", model="m", run="r", subject="s")
    return chain(made, sequence=1, previous_hash=GENESIS, recorded_at=AT)


def test_each_name_has_a_row_and_a_handler() -> None:
    """What a playbook may name is carried out by one file; a forgotten one would be a KeyError at night."""
    assert set(MITIGATIONS) == set(get_args(Mitigation)) == set(HANDLERS)


@pytest.mark.parametrize("name", sorted(CHANGING))
def test_what_changes_something_can_be_taken_back_and_finished(name: Mitigation) -> None:
    """It has an undo, and the sweep finds its order, by one kind of order alone."""
    (order,) = [body for body in ORDERS if body.mitigation == name]
    entry = _entry(order)
    assert HANDLERS[name].undo is not None
    assert [kind.matches(entry) for kind in HANDLERS[name].orders].count(True) == 1
    assert [kind.matches(entry) for kind in INCIDENT_ORDERS].count(True) == 1
    assert type(read_body(entry)) is MITIGATIONS[name].order


@pytest.mark.parametrize("name", sorted(NOTIFYING))
def test_what_only_notifies_orders_nothing(name: Mitigation) -> None:
    """A notification cannot be taken back; that it is owed is on record elsewhere."""
    handler = HANDLERS[name]
    assert (handler.undo, handler.ordered, handler.orders) == (None, None, ())
