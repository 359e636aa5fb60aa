"""The ledger on real Table storage."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import unquote

import pytest
from azure.core.pipeline.transport import RequestsTransport
from azure.data.tables import TableServiceClient

from nightshift.clients.ledger.ledger import TableLedger
from nightshift.domain.ledger.ledger import ChainEnd, ChainFault, ChainPart, LedgerRecord
from nightshift.domain.platform.errors import BadInputError, LedgerBrokenError
from tests.integration.clients.reads import Reads
from tests.support.refusals import figures

AT = datetime(2026, 1, 1, tzinfo=UTC)


def _record(model: str, key: str, body: dict[str, object] | None = None) -> LedgerRecord:
    return LedgerRecord(
        key=key,
        model=model,
        run=f"run-{key}",
        kind="decision",
        subject="version 1",
        actor="nightshift",
        body=body or {},
    )


@pytest.fixture
def ledger(tables: TableServiceClient) -> TableLedger:
    """A ledger whose clock stands still."""
    return TableLedger(tables, lambda: AT)


def test_entries_are_read_from_the_end(ledger: TableLedger, model: str) -> None:
    """All of them, however many reads that takes; none of a model that has none."""
    for number in range(103):
        ledger.append(_record(model, str(number)))
    assert [entry.sequence for entry in ledger.backwards(model)] == list(range(103, 0, -1))
    assert list(ledger.backwards("nobody")) == []


def test_a_key_is_appended_once(ledger: TableLedger, model: str) -> None:
    """A retry finds the first entry, whatever it now wants to say."""
    first = ledger.append(_record(model, "a", {"said": "first"}))
    assert ledger.append(_record(model, "a", {"said": "second"})) == first
    assert ledger.entries(model) == (first,)


def test_appends_at_once_make_one_chain(ledger: TableLedger, model: str) -> None:
    """Writers that meet take turns; the chain holds."""
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: ledger.append(_record(model, str(number))), range(20)))
    assert [entry.sequence for entry in ledger.entries(model)] == list(range(1, 21))
    assert ledger.verify(model) is None


class _Meanwhile(RequestsTransport):  # type: ignore[misc]  # azure-core exports its transports lazily
    """Somebody else does something once, right after the head of a ledger has been read."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self._acts = [act]

    def send(self, request: Any, **kwargs: Any) -> Any:
        """Let the answer wait until it is done."""
        response = super().send(request, **kwargs)
        if request.method == "GET" and "RowKey='head'" in unquote(request.url) and self._acts:
            self._acts.pop()()
        return response


def test_a_ledger_that_grows_while_it_is_read_has_no_fault(ledger: TableLedger, model: str, storage: str) -> None:
    """It has an entry more than the head said at first: the end is read again."""
    ledger.append(_record(model, "a"))
    transport = _Meanwhile(lambda: ledger.append(_record(model, "b")))
    with TableServiceClient.from_connection_string(storage, transport=transport) as service:
        part = TableLedger(service, lambda: AT).verify_part(model, ChainEnd(), 1_000)
    assert (part.fault, part.length, part.verified.sequence) == (None, 2, 2)


def test_entries_of_one_run(ledger: TableLedger, model: str) -> None:
    """An explanation reads only its run."""
    ledger.append(_record(model, "a"))
    ledger.append(_record(model, "b"))
    assert [entry.key for entry in ledger.entries(model, "run-b")] == ["b"]


def test_an_edit_in_the_table_is_found(ledger: TableLedger, model: str, tables: TableServiceClient) -> None:
    """Who changes a row behind our back is found by verify."""
    ledger.append(_record(model, "a", {"action": "reject"}))
    ledger.append(_record(model, "b"))
    table = tables.get_table_client("ledger")
    entity = table.get_entity(model, "entry-0000000001")
    entity["Entry"] = str(entity["Entry"]).replace("reject", "promote")
    table.update_entity(entity)
    fault = ledger.verify(model)
    assert fault is not None
    assert (fault.sequence, "its hash" in fault.problem) == (1, True)


def test_a_chain_is_verified_part_by_part(
    ledger: TableLedger, counted: TableServiceClient, reads: Reads, model: str
) -> None:
    """A part reads its own entries and the head; the last one holds the end of the chain against the head."""
    entries = [ledger.append(_record(model, str(number))) for number in range(7)]
    reader, after = TableLedger(counted, lambda: AT), ChainEnd()
    parts: list[ChainPart] = []
    while not parts or not parts[-1].complete:
        before = reads.entities
        parts.append(reader.verify_part(model, after, 3))
        after = parts[-1].verified
        assert reads.entities - before <= 3 + 2
    assert [(part.verified.sequence, part.length, part.complete) for part in parts] == [
        (3, 7, False),
        (6, 7, False),
        (7, 7, True),
    ]
    assert after == ChainEnd(sequence=7, hash=entries[-1].hash)
    assert {part.fault for part in parts} == {None}
    assert reads.scans == []


def test_a_fault_is_in_the_part_that_it_lies_in(ledger: TableLedger, model: str, tables: TableServiceClient) -> None:
    """The parts before hold; the fault's own says up to where the chain holds, and ends the verification."""
    for number in range(7):
        ledger.append(_record(model, str(number)))
    tables.get_table_client("ledger").delete_entity(model, "entry-0000000005")
    first = ledger.verify_part(model, ChainEnd(), 3)
    assert (first.verified.sequence, first.complete, first.fault) == (3, False, None)
    second = ledger.verify_part(model, first.verified, 3)
    assert (second.verified.sequence, second.complete) == (4, True)
    assert second.fault == ChainFault(model=model, sequence=5, problem="entry 5 is missing")
    assert ledger.verify(model) == second.fault


def test_an_entry_under_another_key_is_found(ledger: TableLedger, model: str, tables: TableServiceClient) -> None:
    """An entry that is not where its number says is missing, in whichever part it lies."""
    for number in range(4):
        ledger.append(_record(model, str(number)))
    table = tables.get_table_client("ledger")
    entity = table.get_entity(model, "entry-0000000002")
    table.delete_entity(model, "entry-0000000002")
    table.create_entity({**entity, "RowKey": "entry-0000000002x"})
    for size in (1, 2, 3, 1_000):
        part = ledger.verify_part(model, ChainEnd(), size)
        while not part.complete:
            part = ledger.verify_part(model, part.verified, size)
        assert part.fault == ChainFault(model=model, sequence=2, problem="entry 2 is missing")


def test_models_are_listed_behind_a_name(ledger: TableLedger, model: str) -> None:
    """So that a verification goes on with the next one without asking for all of them."""
    for name in ("b", "a"):
        ledger.append(_record(f"{model}{name}", "1"))
    assert list(islice(ledger.models(model), 2)) == [f"{model}a", f"{model}b"]
    assert next(ledger.models(f"{model}a")) == f"{model}b"


def test_a_deleted_last_entry_is_found(ledger: TableLedger, model: str, tables: TableServiceClient) -> None:
    """The head remembers how long the chain was."""
    ledger.append(_record(model, "a"))
    ledger.append(_record(model, "b"))
    tables.get_table_client("ledger").delete_entity(model, "entry-0000000002")
    fault = ledger.verify(model)
    assert fault is not None
    assert fault.sequence == 1


def test_a_removed_head_is_found(ledger: TableLedger, model: str, tables: TableServiceClient) -> None:
    """The model is still listed, and its chain does not end where a head says."""
    ledger.append(_record(model, "a"))
    tables.get_table_client("ledger").delete_entity(model, "head")
    assert model in ledger.models()
    fault = ledger.verify(model)
    assert fault is not None
    assert figures(fault.problem) == ["1", "0"]
    assert "the head says" in fault.problem


def test_a_forged_entry_beyond_the_head_is_found(ledger: TableLedger, model: str, tables: TableServiceClient) -> None:
    """An entry that nobody appended breaks the numbering."""
    entry = ledger.append(_record(model, "a"))
    forged = {"PartitionKey": model, "RowKey": "entry-0000000099", "Entry": entry.model_dump_json(), "Run": "r"}
    tables.get_table_client("ledger").create_entity(forged)
    fault = ledger.verify(model)
    assert fault is not None
    assert fault.sequence == 2


def test_an_unreadable_entry_is_found(ledger: TableLedger, model: str, tables: TableServiceClient) -> None:
    """Garbage in the table is a fault, and reading says so instead of breaking."""
    ledger.append(_record(model, "a"))
    table = tables.get_table_client("ledger")
    table.update_entity({"PartitionKey": model, "RowKey": "entry-0000000001", "Entry": "garbage"})
    fault = ledger.verify(model)
    assert fault is not None
    assert (fault.sequence, fault.problem) == (1, "it cannot be read")
    with pytest.raises(LedgerBrokenError, match="is not an entry"):
        ledger.entries(model)


def test_a_body_that_does_not_fit_is_refused(ledger: TableLedger, model: str) -> None:
    """Big things travel by reference; the ledger says so instead of cutting them."""
    with pytest.raises(BadInputError, match="at most 30000"):
        ledger.append(_record(model, "a", {"text": "x" * 40_000}))
    assert ledger.entries(model) == ()
