"""Every entry of the ledger says what it says in a message of its own."""

from collections.abc import Iterator
from typing import Any

import pytest

from nightshift.domain.ledger.bodies import (
    ActionBody,
    CritiqueBody,
    DataOrder,
    DecisionBody,
    ImprovementOrder,
    LookBody,
    ReviewBody,
    ReviewOutcomeBody,
    UndoOrder,
    expect_body,
    incident_of,
    is_known,
    read_as,
    read_body,
    record,
    says,
)
from nightshift.domain.ledger.ledger import GENESIS, Body, LedgerEntry, chain
from nightshift.domain.platform.errors import NightshiftError, UnreadableEntryError
from nightshift.domain.response.mitigations import LeaseOrder, MitigationOrder, RetrainingOrder, RollbackOrder
from tests.support.ledger_bodies import AT, BODIES

_BASES: tuple[type[Body], ...] = (Body, ActionBody, DataOrder, LookBody, MitigationOrder, ReviewBody)
# What no release up to this one writes: the kind of the entry, and its body.
UNKNOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "mitigation": ("mitigation", {"mitigation": "throttle", "incident": "i1", "rule": "r", "reason": "because"}),
    "mitigation that orders nothing": ("mitigation", {"mitigation": "page", "incident": "i1"}),
    "mitigation without a name": ("mitigation", {}),
    "undo of a mitigation": ("undo", {"mitigation": "throttle", "incident": "i1", "comment": ""}),
    "undo of something else": ("undo", {"alias": "champion"}),
    "order": ("order", {"order": "backfill", "reason": "because", "files": [], "uploads": []}),
    "order without a name": ("order", {}),
    "halt": ("halt", {"paused": True}),
    "review": ("review", {"review": "v1", "escalated": True}),
    "kind of entry": ("forecast", {"mitigation": "rollback", "decision": {"action": "promote"}}),
}


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
    with pytest.raises(UnreadableEntryError, match="'k'"):
        expect_body(_entry(BODIES[0]), RollbackOrder)


@pytest.mark.parametrize("body", BODIES, ids=_name)
def test_an_entry_names_the_incident_that_it_is_about(body: Body) -> None:
    """The page about an order is sent with those of its incident."""
    assert incident_of(_entry(body)) == getattr(body, "incident", "")


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_entry_of_a_newer_release_is_of_no_kind(name: str) -> None:
    """Whoever looks for a kind passes over it; whoever needs one is told which entry it is."""
    entry = _of(*UNKNOWN[name])
    assert not is_known(entry)
    assert [kind for kind in (*_kinds(), *_BASES) if says(entry, kind) or read_as(entry, kind) is not None] == []
    named = rf"^entry 1 of the ledger of m \({entry.kind} 'k'\) cannot be read as "
    with pytest.raises(UnreadableEntryError, match=named):
        read_body(entry)
    with pytest.raises(UnreadableEntryError, match=named):
        expect_body(entry, RollbackOrder)


def test_what_is_known_of_an_entry_is_known_without_the_rest() -> None:
    """An entry is of its kind by its discriminator, however little of it can be read."""
    assert is_known(_of("mitigation", {"mitigation": "rollback"}))
    assert says(_of("mitigation", {"mitigation": "rollback"}), RollbackOrder)
    assert read_as(_of("mitigation", {"mitigation": "rollback"}), RetrainingOrder) is None


def test_a_broken_entry_of_a_kind_is_an_error_of_the_catalogue() -> None:
    """It names entry, key, kind, and what is wrong with the body."""
    entry = _of("order", {"order": "improve", "reason": "because", "files": ["a.csv"], "uploads": []})
    with pytest.raises(NightshiftError) as caught:
        read_as(entry, ImprovementOrder)
    assert caught.value.message == (
        "entry 1 of the ledger of m (order 'k') cannot be read as ImprovementOrder: improves: must be there"
    )
    assert {**caught.value.fields, "problem": ""} == {
        "model": "m", "entry": 1, "key": "k", "kind": "order", "wanted": "ImprovementOrder", "problem": "",
    }  # fmt: skip


def test_who_needs_one_field_reads_no_other() -> None:
    """The rest may be of a newer release: an action, a planner's action, an outcome."""
    look = _of("criticism", {"plan": {"action": {"kind": "distil"}}, "evaluation_set_digest": "d"})
    decision = _of("decision", {"decision": {"action": "shadow"}})
    outcome = _of("review", {"review": "v1", "outcome": "escalated"})
    assert expect_body(look, LookBody).evaluation_set_digest == "d"
    assert expect_body(decision, ActionBody).decision.action == "shadow"
    assert expect_body(outcome, ReviewBody).review == "v1"
    for entry, whole in ((look, CritiqueBody), (decision, DecisionBody), (outcome, ReviewOutcomeBody)):
        with pytest.raises(UnreadableEntryError):
            expect_body(entry, whole)


def _of(kind: str, body: dict[str, Any]) -> LedgerEntry:
    """An entry with this body, as a release has written it."""
    return _entry(BODIES[0]).model_copy(update={"kind": kind, "body": body})
