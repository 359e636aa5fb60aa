"""Every entry of the ledger says what it says in a message of its own."""

from collections.abc import Iterator

import pytest

from nightshift.domain.ledger.bodies import (
    DataOrder,
    UndoOrder,
    expect_body,
    incident_of,
    read_as,
    read_body,
    record,
    says,
)
from nightshift.domain.ledger.ledger import GENESIS, Body, LedgerEntry, chain
from nightshift.domain.platform.errors import LedgerBrokenError
from nightshift.domain.response.mitigations import LeaseOrder, MitigationOrder, RollbackOrder
from tests.ledger_bodies import AT, BODIES

_BASES = (Body, DataOrder, MitigationOrder)


def _entry(body: Body) -> LedgerEntry:
    made = record(body, key="k", model="m", run="r", subject="version 2")
    return chain(made, sequence=1, previous_hash=GENESIS, recorded_at=AT)


def _kinds(kind: type[Body] = Body) -> Iterator[type[Body]]:
    for each in kind.__subclasses__():
        if each not in _BASES:
            yield each
        yield from _kinds(each)


def _name(body: Body) -> str:
    return type(body).__name__


def test_there_is_an_example_of_every_kind() -> None:
    """A new kind is tried by all tests below."""
    assert {type(body) for body in BODIES} == set(_kinds())


@pytest.mark.parametrize("body", BODIES, ids=_name)
def test_what_is_written_is_read(body: Body) -> None:
    """The kind of the entry and its fields are enough to know which message it is."""
    assert read_body(_entry(body)) == body


@pytest.mark.parametrize("body", BODIES, ids=_name)
def test_a_body_of_a_newer_release_is_read(body: Body) -> None:
    """A field that this release does not know is left out; the entry keeps it, because its hash covers it."""
    entry = _entry(body)
    entry = entry.model_copy(update={"body": {**entry.body, "of_a_newer_release": 1}})
    assert read_body(entry) == body
    assert entry.body["of_a_newer_release"] == 1


@pytest.mark.parametrize("body", BODIES, ids=_name)
def test_an_entry_says_its_own_kind_and_no_other(body: Body) -> None:
    """Whoever looks for one kind of entry finds those alone."""
    entry = _entry(body)
    assert [kind for kind in _kinds() if says(entry, kind)] == [type(body)]
    assert [kind for kind in _kinds() if read_as(entry, kind) is not None] == [type(body)]


def test_orders_of_the_first_release_are_read() -> None:
    """They have no creation times, no number of what runs on and no identity of an undo."""
    said = {"incident": "i1", "rule": "r", "reason": "because"}
    rollback = _entry(BODIES[4]).model_copy(
        update={"body": {**said, "mitigation": "rollback", "bad_version": "2", "target": "1", "alert": {}}}
    )
    lease = rollback.model_copy(
        update={
            "body": {
                **said,
                "mitigation": "pause_compute",
                "ends": "2026-03-01T03:00:00+00:00",
                "resources": [{"kind": "sql_warehouse", "id": "w1"}],
                "names": ["reports"],
                "spared": {"etl": "it is essential"},
            }
        }
    )
    undo = rollback.model_copy(update={"kind": "undo", "body": {"mitigation": "rollback", "incident": "i1"}})
    assert expect_body(rollback, RollbackOrder).bad_created_at is None
    assert (expect_body(lease, LeaseOrder).ends, expect_body(lease, LeaseOrder).run_on) == (AT, 0)
    assert (expect_body(undo, UndoOrder).comment, expect_body(undo, UndoOrder).undoes) == ("", None)


def test_an_entry_of_another_kind_under_a_key_is_an_error() -> None:
    """Somebody has written into the table; nothing is done by guessing."""
    with pytest.raises(LedgerBrokenError, match="'k'"):
        expect_body(_entry(BODIES[0]), RollbackOrder)


@pytest.mark.parametrize("body", BODIES, ids=_name)
def test_an_entry_names_the_incident_that_it_is_about(body: Body) -> None:
    """The page about an order is sent with those of its incident."""
    assert incident_of(_entry(body)) == getattr(body, "incident", "")
