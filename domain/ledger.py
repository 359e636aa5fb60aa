"""The decision ledger: a hash chain per model that says what was decided, by which rule, on which evidence."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from domain.identity import digest
from domain.message import Message

GENESIS = "0" * 64
# Who acts when no person does.
ACTOR = "nightshift"
EntryKind = Literal["decision", "outcome", "halt", "mitigation", "undo", "criticism", "order", "review"]


class LedgerRecord(Message):
    """What is to be appended.

    Attributes:
        key: identity of the record within its model; appending the same key again returns the first entry.
        subject: what it is about, such as ``version 7``.
        actor: ``nightshift`` or the principal of a person.
    """

    key: str
    model: str
    run: str
    kind: EntryKind
    subject: str
    actor: str
    body: dict[str, Any]


class LedgerEntry(LedgerRecord):
    """A record with its place in the chain: ``hash`` covers everything else, ``previous_hash`` included."""

    sequence: int
    recorded_at: datetime
    previous_hash: str
    hash: str


class ChainFault(Message):
    """The first place where a chain does not hold."""

    model: str
    sequence: int
    problem: str


def entry_hash(entry: Mapping[str, Any]) -> str:
    """SHA-256 of an entry's JSON without its own hash."""
    return digest({name: value for name, value in entry.items() if name != "hash"})


def chain(record: LedgerRecord, *, sequence: int, previous_hash: str, recorded_at: datetime) -> LedgerEntry:
    """Place a record at the end of a chain."""
    draft = LedgerEntry(
        **record.model_dump(),
        sequence=sequence,
        recorded_at=recorded_at,
        previous_hash=previous_hash,
        hash="",
    )
    return draft.model_copy(update={"hash": entry_hash(draft.to_json())})


def verify(
    model: str, entries: Sequence[Mapping[str, Any]], *, head_sequence: int, head_hash: str
) -> ChainFault | None:
    """Check a model's whole chain: numbering, links, hashes, and that it ends where the head says.

    Args:
        entries: all entries of the model, by sequence, each the JSON that is stored: the release that wrote it may know
            another field than this one, and its hash covers that.
        head_sequence: sequence of the last entry according to the head record (0 for an empty chain).
        head_hash: hash of the last entry according to the head record.
    """
    previous = GENESIS
    for expected, entry in enumerate(entries, start=1):
        if entry["sequence"] != expected:
            return ChainFault(model=model, sequence=expected, problem=f"entry {expected} is missing")
        if entry["previous_hash"] != previous:
            return ChainFault(model=model, sequence=expected, problem="it does not link to the entry before it")
        if entry_hash(entry) != entry["hash"]:
            return ChainFault(model=model, sequence=expected, problem="its content does not match its hash")
        previous = entry["hash"]
    if (len(entries), previous) != (head_sequence, head_hash):
        problem = f"the chain ends at {len(entries)}, the head says {head_sequence}"
        return ChainFault(model=model, sequence=len(entries), problem=problem)
    return None
