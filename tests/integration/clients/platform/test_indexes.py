"""Index rows: what they find, what they are not left behind for, and rows of releases that wrote none."""

from datetime import timedelta
from typing import Any

import pytest
from azure.data.tables import TableServiceClient, UpdateMode

from nightshift.clients.ledger.ledger import TableLedger
from nightshift.clients.response.incidents import TableIncidentStore
from nightshift.clients.uploads.upload_queue import TableUploadQueue
from nightshift.domain.ledger.ledger import LedgerRecord
from nightshift.domain.response.incident import Incident, IncidentAction
from nightshift.domain.response.mitigations import LeaseFacts
from tests.integration.clients.earlier_release import as_before, forget_place, index_rows
from tests.integration.clients.reads import Reads
from tests.support.incident_examples import AT, alert, signal
from tests.support.upload_examples import make_upload

_PLENTY = 10_000


def _incident(store: TableIncidentStore, model: str, number: int, **given: Any) -> Incident:
    """An incident of its own window."""
    fired = AT + timedelta(hours=2 * number)
    sent = signal(alert(alert_id=f"a{number}", model=model, fired_at=fired, **given))
    incident = store.record(sent).incident
    assert incident is not None
    return incident


def _resolve(store: TableIncidentStore, incident: Incident) -> None:
    store.change(incident.model, incident.incident_id, lambda known: known.transition("resolve"))


def _pipeline(store: TableIncidentStore, model: str, number: int) -> Incident:
    return _incident(store, model, number, category="pipeline", metric="", value=None, baseline=None)


def _ids(found: Any) -> list[str]:
    return [incident.incident_id for incident in found]


def _here(found: Any, model: str) -> list[str]:
    return [incident.incident_id for incident in found if incident.model == model]


def _pause(incident: Incident, *, resumed: bool = False) -> Incident:
    facts = LeaseFacts(resumed=resumed)
    return incident.with_action(
        IncidentAction(mitigation="pause_compute", state="done", detail="paused", at=AT, facts=facts)
    )


def test_open_incidents_of_a_kind_newest_first(tables: TableServiceClient, model: str) -> None:
    """Of another category, severity or state are none."""
    store = TableIncidentStore(tables)
    first, second, over = (_pipeline(store, model, number) for number in range(3))
    _incident(store, model, 9)
    _resolve(store, over)
    assert _ids(store.open_of(model, "pipeline", "critical")) == _ids([second, first])
    assert list(store.open_of(model, "pipeline", "warning")) == []
    store.change(model, over.incident_id, lambda known: known.transition("reopen"))
    assert _ids(store.open_of(model, "pipeline", "critical")) == _ids([over, second, first])


def test_a_resolved_incident_leaves_no_index_row(tables: TableServiceClient, model: str) -> None:
    """So that what is read does not grow with what has been."""
    store = TableIncidentStore(tables)
    incident = _incident(store, model, 0)
    assert index_rows(tables, "incidents", model)
    _resolve(store, incident)
    assert index_rows(tables, "incidents", model) == set()


def test_what_a_response_needs_is_read_without_what_is_over(
    tables: TableServiceClient, counted: TableServiceClient, reads: Reads, model: str
) -> None:
    """Whatever the number of resolved incidents, the same rows are read."""
    store = TableIncidentStore(tables)
    for number in range(30):
        _resolve(store, _pipeline(store, model, number))
    cause = _pipeline(store, model, 40)
    fresh = TableIncidentStore(counted)
    assert _ids(fresh.open_of(model, "pipeline", "critical")) == [cause.incident_id]
    assert reads.entities <= 4
    before = reads.entities
    assert fresh.find(cause.incident_id) == cause
    assert reads.entities - before <= 4
    assert reads.scans == []


def test_a_lease_and_a_symptom_are_found_until_they_are_over(tables: TableServiceClient, model: str) -> None:
    """A resolved incident whose compute is still paused is owed for; one that waits for a cause is told of it."""
    store = TableIncidentStore(tables)
    incident = _incident(store, model, 0)
    store.change(model, incident.incident_id, lambda known: _pause(known.model_copy(update={"caused_by": "c" + model})))
    assert _here(store.leases(), model) == [incident.incident_id]
    assert _ids(store.symptoms_of("c" + model)) == [incident.incident_id]
    _resolve(store, incident)
    assert _ids(store.symptoms_of("c" + model)) == []
    assert _here(store.unfinished(), model) == [incident.incident_id]
    store.change(model, incident.incident_id, lambda known: _pause(known, resumed=True))
    assert (_here(store.leases(), model), _here(store.unfinished(), model)) == ([], [])


@pytest.mark.parametrize("indexed", [False, True], ids=["before the pass", "after it"])
def test_incidents_of_earlier_releases_are_found(tables: TableServiceClient, model: str, *, indexed: bool) -> None:
    """By a scan until the pass has indexed them, in the same order; and their changes are indexed at once."""
    store = TableIncidentStore(tables)
    first, second, over = (_pipeline(store, model, number) for number in range(3))
    _resolve(store, over)
    as_before(tables, "incidents", model)
    forget_place(tables, first.incident_id)
    later = TableIncidentStore(tables)
    if indexed:
        assert later.index(_PLENTY)
    assert _ids(later.open_of(model, "pipeline", "critical")) == _ids([second, first])
    assert sorted(_here(later.unfinished(), model)) == sorted(_ids([second, first]))
    assert later.find(first.incident_id) == first
    _resolve(later, second)
    assert _ids(later.open_of(model, "pipeline", "critical")) == [first.incident_id]
    third = _pipeline(later, model, 9)
    assert _ids(later.open_of(model, "pipeline", "critical")) == _ids([third, first])


def test_the_pass_goes_on_where_it_was_broken_off(tables: TableServiceClient, model: str) -> None:
    """A model counts as indexed only when all its incidents are."""
    store = TableIncidentStore(tables)
    incidents = [_pipeline(store, model, number) for number in range(15)]
    assert store.index(_PLENTY)
    as_before(tables, "incidents", model)
    later = TableIncidentStore(tables)
    assert not later.index(12)
    assert len(_ids(later.open_of(model, "pipeline", "critical"))) == len(incidents)
    assert later.index(_PLENTY)
    assert len(_ids(TableIncidentStore(tables).open_of(model, "pipeline", "critical"))) == len(incidents)


def test_a_release_that_ran_on_after_the_mark(tables: TableServiceClient, model: str) -> None:
    """It resolves without removing index rows and opens without writing them: nothing false is read, the pass mends."""
    store = TableIncidentStore(tables)
    resolved, opened = _pipeline(store, model, 0), _pipeline(store, model, 1)
    client = tables.get_table_client("incidents")
    row = client.get_entity(model, f"incident-{resolved.incident_id}")
    over = resolved.transition("resolve")
    client.upsert_entity(
        {
            "PartitionKey": model,
            "RowKey": row["RowKey"],
            "State": over.state,
            "Incident": "",
            "Json": over.model_dump_json(),
        },
        mode=UpdateMode.REPLACE,
    )
    assert _ids(store.open_of(model, "pipeline", "critical")) == [opened.incident_id]
    assert store.index(_PLENTY)
    assert all(resolved.incident_id not in key for key in index_rows(tables, "incidents", model))


def _record(model: str, number: int, run: str = "r1") -> LedgerRecord:
    return LedgerRecord(
        key=f"k{number}",
        model=model,
        run=run,
        kind="outcome" if number % 2 else "order",
        subject="s",
        actor="x",
        body={},
    )


def _sequences(found: Any) -> list[int]:
    return [entry.sequence for entry in found]


@pytest.mark.parametrize("state", ["new", "old", "mixed", "indexed"])
def test_ledger_entries_by_run_and_kind(tables: TableServiceClient, model: str, state: str) -> None:
    """The same whether their rows were written by this release, an earlier one or both in turn."""
    ledger = TableLedger(tables, lambda: AT)
    for number in range(1, 121):
        ledger.append(_record(model, number, "r7" if number % 10 == 0 else "r1"))
        if state == "mixed" and number in {40, 90}:
            as_before(tables, "ledger", model)
    if state in {"old", "indexed"}:
        as_before(tables, "ledger", model)
    if state == "indexed":
        while not ledger.index(60):
            pass
        assert len(index_rows(tables, "ledger", model)) == 122
    assert _sequences(ledger.entries(model, "r7")) == list(range(10, 121, 10))
    assert _sequences(ledger.of_kind(model, "outcome")) == list(range(1, 121, 2))
    assert _sequences(ledger.newest_of(model, "order"))[:3] == [120, 118, 116]
    assert ledger.verify(model) is None


def test_a_run_is_read_without_the_rest_of_the_ledger(
    tables: TableServiceClient, counted: TableServiceClient, reads: Reads, model: str
) -> None:
    """Head, the run's row, two entries and no more."""
    ledger = TableLedger(tables, lambda: AT)
    for number in range(1, 61):
        ledger.append(_record(model, number, "mine" if number in {5, 50} else "r1"))
    assert _sequences(TableLedger(counted, lambda: AT).entries(model, "mine")) == [5, 50]
    assert reads.entities <= 4
    assert reads.scans == []


@pytest.mark.parametrize("state", ["new", "old", "mixed"])
def test_uploads_of_a_queue_in_every_mixture(tables: TableServiceClient, model: str, state: str) -> None:
    """Each upload is taken once, in order, whoever began the generation; a repeated claim gets the same."""
    queue = TableUploadQueue(tables)
    queue.submit(make_upload("m/a"), model, with_=[make_upload("m/b")])
    if state != "new":
        as_before(tables, "uploads", model)
    queue.submit(make_upload("m/c"), model)
    (seen,) = (found for found in queue.states() if found.model == model)
    assert seen.waiting == 3
    first = queue.claim(model, 1, 0)
    assert [upload.name for upload in first.uploads] == ["m/a", "m/b", "m/c"]
    if state == "mixed":
        as_before(tables, "uploads", model)
    assert queue.claim(model, 1, 0) == first
    queue.submit(make_upload("m/d"), model)
    assert queue.take_over(model, 1, begun_has_ended=False).generation == 2
    assert queue.claim(model, 2, 0) == first
    assert [upload.name for upload in queue.claim(model, 2, 1).uploads] == ["m/d"]
    assert queue.claim(model, 2, 2).uploads == ()
    queue.submit(make_upload("m/e"), model)
    assert [upload.name for upload in queue.claim(model, 3, 0).uploads] == ["m/e"]


def test_a_claim_reads_only_what_it_takes(
    tables: TableServiceClient, counted: TableServiceClient, reads: Reads, model: str
) -> None:
    """Uploads that were claimed long ago are not read again."""
    queue = TableUploadQueue(tables)
    for number in range(20):
        queue.submit(make_upload(f"m/{number}"), model)
        queue.claim(model, 1, number)
    queue.submit(make_upload("m/new"), model)
    assert [upload.name for upload in TableUploadQueue(counted).claim(model, 1, 20).uploads] == ["m/new"]
    assert reads.entities <= 3
    assert reads.scans == []


def test_the_newest_alerts_of_an_incident(
    tables: TableServiceClient, counted: TableServiceClient, reads: Reads, model: str
) -> None:
    """Read without the others; those that an earlier release recorded are found as well."""
    store = TableIncidentStore(tables)
    sent = [
        alert(alert_id=f"a{number:02d}", model=model, fired_at=AT + timedelta(minutes=number)) for number in range(20)
    ]
    incident = [store.record(signal(one)).incident for one in sent][-1]
    assert incident is not None
    assert TableIncidentStore(counted).occurrences(model, incident.incident_id, 3) == tuple(sent[-3:])
    assert reads.entities <= 7
    assert reads.scans == []
    as_before(tables, "incidents", model)
    assert store.occurrences(model, incident.incident_id, 3) == tuple(sent[-3:])
    assert store.occurrences(model, incident.incident_id, 1_000) == tuple(sent)
