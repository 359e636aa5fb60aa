"""The hash chain: holds when untouched, and says where it was touched."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.domain.ledger.ledger import (
    GENESIS,
    ChainEnd,
    LedgerEntry,
    LedgerRecord,
    chain,
    entry_hash,
    verify,
    verify_end,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)


def _chain(bodies: list[dict[str, str]]) -> list[LedgerEntry]:
    entries: list[LedgerEntry] = []
    for number, body in enumerate(bodies, start=1):
        record = LedgerRecord(
            key=f"k{number}", model="m", run="r", kind="decision", subject="version 1", actor="nightshift", body=body
        )
        previous = entries[-1].hash if entries else GENESIS
        entries.append(chain(record, sequence=number, previous_hash=previous, recorded_at=AT))
    return entries


def _stored(entries: list[LedgerEntry]) -> list[dict[str, Any]]:
    return [json.loads(entry.model_dump_json()) for entry in entries]


def _fault(entries: list[LedgerEntry], length: int | None = None) -> tuple[int, str] | None:
    head = ChainEnd(sequence=len(entries) if length is None else length, hash=entries[-1].hash if entries else GENESIS)
    verified, fault = verify("m", _stored(entries), ChainEnd())
    fault = fault or verify_end("m", verified, head)
    return None if fault is None else (fault.sequence, fault.problem)


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5)), max_size=6))
def test_an_untouched_chain_holds(bodies: list[dict[str, str]]) -> None:
    """Whatever the bodies hold, a chain that nobody touched verifies, also after a trip through JSON."""
    entries = [LedgerEntry.model_validate_json(entry.model_dump_json()) for entry in _chain(bodies)]
    assert _fault(entries) is None


# What stands for a field whose JSON is no plain text; for all others "forged" does.
_FORGED: dict[str, Any] = {
    "kind": "undo",
    "body": {"a": "forged"},
    "sequence": 7,
    "recorded_at": "2026-01-02T00:00:00Z",
    "previous_hash": GENESIS,
    "hash": GENESIS,
}


@pytest.mark.parametrize("field", sorted(LedgerEntry.model_fields))
def test_an_edited_field_is_found(field: str) -> None:
    """Every field is under the hash, the hash of the entry before and the time included."""
    stored = _stored(_chain([{"a": "1"}, {"a": "2"}, {"a": "3"}]))
    stored[1][field] = _FORGED.get(field, "forged")
    assert LedgerEntry.from_json(stored[1])
    verified, fault = verify("m", stored, ChainEnd())
    assert fault is not None
    assert (verified.sequence, fault.sequence) == (1, 2)


def test_a_last_entry_that_was_forged_with_its_hash_is_found() -> None:
    """It links, and its content matches its hash: only the head knows that it is another one."""
    entries = _chain([{"a": "1"}, {"a": "2"}, {"a": "3"}])
    head = ChainEnd(sequence=3, hash=entries[-1].hash)
    forged = entries[-1].model_copy(update={"body": {"a": "forged"}, "hash": ""})
    entries[-1] = forged.model_copy(update={"hash": entry_hash(forged.to_json())})
    verified, fault = verify("m", _stored(entries), ChainEnd())
    assert (verified.sequence, fault) == (3, None)
    assert verify_end("m", verified, head) is not None


def test_an_edited_entry_with_a_new_hash_breaks_the_next_link() -> None:
    """Who forges an entry must forge all that follow."""
    entries = _chain([{"a": "1"}, {"a": "2"}, {"a": "3"}])
    forged = LedgerRecord.model_validate({**entries[1].model_dump(include=set(LedgerRecord.model_fields)), "run": "x"})
    entries[1] = chain(forged, sequence=2, previous_hash=entries[1].previous_hash, recorded_at=AT)
    sequence, problem = _fault(entries) or (0, "")
    assert (sequence, "link" in problem) == (3, True)


def test_a_removed_entry_is_found() -> None:
    """A gap in the numbers is a fault."""
    entries = _chain([{"a": "1"}, {"a": "2"}, {"a": "3"}])
    assert _fault([entries[0], entries[2]]) == (2, "entry 2 is missing")


def test_a_cut_off_end_is_found() -> None:
    """The head knows how long the chain was."""
    entries = _chain([{"a": "1"}, {"a": "2"}])
    sequence, problem = _fault(entries[:1], length=2) or (0, "")
    assert (sequence, [word for word in problem.replace(",", "").split() if word.isdigit()]) == (1, ["1", "2"])


@given(st.integers(0, 6), st.integers(0, 6))
def test_parts_find_what_the_whole_finds(cut: int, edited: int) -> None:
    """Wherever a chain is cut into two parts, and whichever entry is edited, if any."""
    entries = _chain([{"a": str(number)} for number in range(6)])
    if edited:
        entries[edited - 1] = entries[edited - 1].model_copy(update={"run": "forged"})
    stored = _stored(entries)
    verified, fault = verify("m", stored[:cut], ChainEnd())
    if fault is None:
        verified, fault = verify("m", stored[cut:], verified)
    assert (verified, fault) == verify("m", stored, ChainEnd())
    assert (verified.sequence, fault is None) == (edited - 1 if edited else 6, not edited)


def test_a_part_that_belongs_behind_another_hash_does_not_link() -> None:
    """What was verified before is part of the check: the same numbers behind another entry are no chain."""
    entries = _chain([{"a": "1"}, {"a": "2"}])
    before = ChainEnd(sequence=1, hash="f" * 64)
    verified, fault = verify("m", _stored(entries[1:]), before)
    assert fault is not None
    assert (verified, "link" in fault.problem) == (before, True)


def test_a_field_of_another_release_stays_under_its_hash() -> None:
    """Before a rollback a newer release may have written a field that this one does not know; the chain still holds."""
    written = {**_chain([{"a": "1"}])[0].to_json(), "weight": 3, "hash": ""}
    written["hash"] = entry_hash(written)
    assert verify("m", [written], ChainEnd()) == (ChainEnd(sequence=1, hash=written["hash"]), None)
    forged = {**written, "weight": 4}
    _, fault = verify("m", [forged], ChainEnd())
    assert fault is not None
    assert "hash" in fault.problem


def test_the_hash_before_the_first_entry_is_as_long_as_any() -> None:
    """It stands in every stored chain: 64 zeros."""
    first = _chain([{}])[0]
    assert (first.previous_hash, len(first.hash)) == ("0" * 64, 64)
