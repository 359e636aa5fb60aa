"""What the sweeps keep in Table storage."""

from datetime import UTC, datetime, timedelta

import pytest
from azure.data.tables import TableServiceClient

from nightshift.clients.ledger.ledger import TableLedger
from nightshift.clients.watch.sweeps import TableSweepStore
from nightshift.domain.ledger.ledger import ACTOR, LedgerRecord
from nightshift.domain.platform.errors import ConflictError
from nightshift.domain.watch.sweep import OrderMark, SweepRun

AT = datetime(2026, 11, 1, 3, tzinfo=UTC)
LATER = AT + timedelta(minutes=1)


def test_the_last_run_is_kept(tables: TableServiceClient, model: str) -> None:
    """One that broke off does not count as a look, and its problem shows until the next."""
    store = TableSweepStore(tables)
    store.saw(model, at=AT, found=2)
    store.saw(model, at=LATER, found=0, problem="it broke off", broke_off=True)
    (look,) = (item for item in store.last() if item.name == model)
    assert look == SweepRun(name=model, at=LATER, found=0, problem="it broke off", whole_at=AT)
    store.saw(model, at=LATER, found=0)
    (look,) = (item for item in store.last() if item.name == model)
    assert (look.problem, look.whole_at) == ("", LATER)


def test_a_mark_is_moved_by_one_sweep_only(tables: TableServiceClient, model: str) -> None:
    """Two hosts that look at the same time: the second has looked at an old state, and its mark is refused."""
    store = TableSweepStore(tables)
    before = store.mark(model)
    first = before.model_copy(update={"sequence": 5, "open": (3,)})
    assert before == OrderMark(model=model)
    store.move_mark(before, first)
    with pytest.raises(ConflictError):
        store.move_mark(before, before.model_copy(update={"sequence": 4}))
    assert store.mark(model) == first
    assert model in store.marked()


def test_a_mark_is_begun_once(tables: TableServiceClient, model: str) -> None:
    """A second host that begins it leaves it where it is."""
    store = TableSweepStore(tables)
    store.begin_mark(model)
    assert (store.mark(model), model in store.marked()) == (OrderMark(model=model), True)
    moved = OrderMark(model=model, sequence=5)
    store.move_mark(OrderMark(model=model), moved)
    store.begin_mark(model)
    assert store.mark(model) == moved


def test_the_ledger_is_read_behind_a_mark(tables: TableServiceClient, model: str) -> None:
    """In the order of the chain, no further than asked, and each entry by its number."""
    ledger = TableLedger(tables, lambda: AT)
    for number in range(1, 6):
        ledger.append(
            LedgerRecord(
                key=f"k{number}", model=model, run="r", kind="order", subject="s", actor=ACTOR, body={"number": number}
            )
        )
    assert [entry.key for entry in ledger.since(model, 2, 2)] == ["k3", "k4"]
    assert [entry.key for entry in ledger.since(model, 4, 10)] == ["k5"]
    assert ledger.since(model, 5, 10) == ()
    entry = ledger.entry(model, 3)
    assert entry is not None
    assert (entry.key, ledger.entry(model, 6)) == ("k3", None)
