"""The decision ledger: a hash chain per model that says what was decided, by which rule, on which evidence."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal

from nightshift.domain.platform.identity import digest
from nightshift.domain.platform.message import Message

GENESIS = "0" * 64
# Who acts when no person does.
ACTOR = "nightshift"
EntryKind = Literal["decision", "outcome", "halt", "mitigation", "undo", "criticism", "order", "review"]


class Body(Message):
    """What an entry says; ``entry_kind`` is the kind of the entries that say it."""

    entry_kind: ClassVar[EntryKind]


class LedgerFields(Message):
    """What a record and its entry have in common.

    Attributes:
        key: identity of the record within its model; appending the same key again returns the first entry.
        subject: what it is about, such as ``version 7``.
        actor: ``nightshift`` or the principal of a person.
    """

    key: str
    model: str
    run: str
    kind: str
    subject: str
    actor: str
    body: dict[str, Any]


class LedgerRecord(LedgerFields):
    """What is to be appended."""

    kind: EntryKind


class LedgerEntry(LedgerFields):
    """A record with its place in the chain: ``hash`` covers everything else, ``previous_hash`` included.

    Its ``kind`` may be one of a newer release, before a rollback: such an entry is read as every other.
    """

    sequence: int
    recorded_at: datetime
    previous_hash: str
    hash: str


class ChainFault(Message):
    """The first place where a chain does not hold."""

    model: str
    sequence: int
    problem: str


class ChainEnd(Message):
    """The last entry of a chain, or of the part of it that is verified: its sequence, 0 for none, and its hash."""

    sequence: int = 0
    hash: str = GENESIS


class ChainPart(Message):
    """What verifying a part of a model's chain found.

    Attributes:
        verified: up to where the chain holds; the next part begins behind it.
        length: how many entries there are, as the head says.
        complete: no part is left: the chain is verified to its end, or to its fault.
    """

    verified: ChainEnd
    length: int
    complete: bool
    fault: ChainFault | None


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


def verify(model: str, entries: Iterable[Mapping[str, Any]], after: ChainEnd) -> tuple[ChainEnd, ChainFault | None]:
    """Check entries that follow each other: numbering, links, hashes.

    Returns up to where they hold, and the first fault.

    Args:
        entries: by sequence, each the JSON that is stored: the release that wrote it may know another field than this
            one, and its hash covers that.
        after: the entry before them.
    """
    for entry in entries:
        expected, problem = after.sequence + 1, ""
        if entry["sequence"] != expected:
            problem = missing(expected)
        elif entry["previous_hash"] != after.hash:
            problem = "it does not link to the entry before it"
        elif entry_hash(entry) != entry["hash"]:
            problem = "its content does not match its hash"
        if problem:
            return after, ChainFault(model=model, sequence=expected, problem=problem)
        after = ChainEnd(sequence=expected, hash=entry["hash"])
    return after, None


def missing(sequence: int) -> str:
    """The problem of a number that no entry has."""
    return f"entry {sequence} is missing"


def verify_end(model: str, last: ChainEnd, head: ChainEnd) -> ChainFault | None:
    """Check that a chain that is verified to its last entry ends where the head record says."""
    if last == head:
        return None
    problem = f"the chain ends at {last.sequence}, the head says {head.sequence}"
    return ChainFault(model=model, sequence=last.sequence, problem=problem)
