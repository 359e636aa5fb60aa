"""What a response reads and writes in tables before it moves an alias, with years of records of one model.

Azurite holds everything in memory here: it writes its whole table file after each change, and that would be all that is
measured. It has no index for a range of keys either: a query looks at every row of its table.
"""

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from azure.core.exceptions import ServiceRequestError
from azure.data.tables import TableServiceClient

from activities.plan_response import run_plan_response
from clients.incident_index import incident_writes
from clients.incidents import TableIncidentBook
from clients.ledger import TableLedger
from clients.spec_files import SpecFiles
from clients.tables import Put, Remove, Table, Write
from domain.identity import short
from domain.ledger import GENESIS, LedgerRecord, chain
from domain.response import PlanRequest
from local_host.stack.azurite import azurite_script, node
from local_host.stack.endpoints import PORT_NAMES, Endpoints
from local_host.stack.ports import choose_ports
from tests.incident_examples import alert, incident, signal

ROOT = Path(__file__).parents[2]
_MODEL = "revenue_forecast"
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_RUNS = 4


def main() -> None:
    """Fill the tables, then answer alerts the new way and read as before; print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines for people")
    parser.add_argument("--incidents", type=int, default=50_000)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--scans", type=int, default=3)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory(prefix="nightshift-bench-") as folder:
        _seed(Path(folder) / "incidents.jsonl", _incidents(options.incidents))
        _seed(Path(folder) / "ledger.jsonl", _entries(options.entries))
        with _azurite(folder) as service:
            found = _measure(service, options)
    if options.json:
        print(json.dumps(found))
        return
    for item in found:
        print(f"{item['name']}: {item['value']} {item['unit']} ({item['note']})")


@contextmanager
def _azurite(seeds: str) -> Iterator[TableServiceClient]:
    endpoints = Endpoints(**choose_ports(PORT_NAMES, {}))
    ports = {"blob": endpoints.blob, "queue": endpoints.queue, "table": endpoints.table}
    seeding = Path(__file__).with_name("seed_azurite.cjs")
    command = [str(node()), "--max-old-space-size=4096", "--require", str(seeding), str(azurite_script())]
    command += ["--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    for name, port in ports.items():
        command += [f"--{name}Port", str(port)]
    environment = {**os.environ, "SEED_FOLDER": seeds, "SEED_AZURITE": str(azurite_script())}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    try:
        with TableServiceClient.from_connection_string(endpoints.storage_connection_string) as service:
            deadline = time.monotonic() + 60
            while True:
                try:
                    service.create_table_if_not_exists("incidents")
                    break
                except ServiceRequestError:
                    if time.monotonic() > deadline:
                        raise
            yield service
    finally:
        process.kill()
        process.wait()


def _seed(file: Path, rows: Iterator[Write | Put]) -> None:
    with file.open("w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps({"PartitionKey": _MODEL, "RowKey": row.key, **row.values}) + "\n")


def _incidents(count: int) -> Iterator[Write | Put]:
    """Resolved ones, a row each."""
    yield Put("indexed", {})
    for number in range(count):
        at = _AT + timedelta(minutes=number)
        over = incident(incident_id=short(str(number))[:12], model=_MODEL, state="resolved", recorded_at=at)
        yield from (write for write in incident_writes(over, None) if not isinstance(write, Remove))


def _entries(count: int) -> Iterator[Write | Put]:
    """Entries of runs of four, with all their rows."""
    previous = GENESIS
    for sequence in range(1, count + 1):
        run = f"lifecycle-{sequence // _RUNS}"
        record = LedgerRecord(
            key=f"k{sequence}", model=_MODEL, run=run, kind="outcome", subject="v", actor="n", body={}
        )
        entry = chain(record, sequence=sequence, previous_hash=previous, recorded_at=_AT)
        previous, key = entry.hash, f"entry-{sequence:010d}"
        yield Write(key, {"Entry": entry.model_dump_json(), "Run": run, "Kind": "outcome"})
        yield Write("key-" + short(record.key), {"Entry": key})
        yield Write(f"kind-outcome-{10**10 - sequence:010d}", {"Sequence": sequence})
        if sequence % _RUNS == _RUNS - 1:
            yield Write("run-" + short(run), {"Sequences": json.dumps(list(range(sequence - _RUNS + 1, sequence + 1)))})
    yield Put("head", {"Sequence": count, "Hash": previous, "Unindexed": 0})


def _measure(service: TableServiceClient, options: argparse.Namespace) -> list[dict[str, Any]]:
    ledger = TableLedger(service, lambda: datetime.now(UTC))
    specs = SpecFiles(ROOT / "model_specs", ROOT / "platform.yaml")
    services = SimpleNamespace(incidents=TableIncidentBook(service), ledger=ledger, specs=specs)
    # The first opens connections and imports.
    answered = [_timed(lambda number=number: _answer(services, number)) for number in range(options.rounds + 1)][1:]  # type: ignore[misc]
    before = [_timed(lambda: _as_before(service, services)) for _ in range(options.scans)]
    rows = f"{options.incidents} incidents and {options.entries} ledger entries of the model; Azurite in memory"
    return [
        _row("before_rollback", answered, f"alert recorded, planned, ordered in the ledger; {rows}"),
        _row("before_rollback_scans", before, f"only the scans of earlier releases at the same point; {rows}"),
    ]


def _answer(services: Any, number: int) -> None:
    sent = alert(alert_id=f"bench-{number}", model=_MODEL, fired_at=_AT - timedelta(days=1 + number))
    found = services.incidents.record(signal(sent)).incident
    planned = run_plan_response(
        services, PlanRequest(model=_MODEL, incident_id=found.incident_id, at=datetime.now(UTC), look=0)
    )
    assert planned.plan is not None
    assert planned.plan.mitigations[0] == "rollback"
    assert services.ledger.entries(_MODEL, found.response) == ()
    services.ledger.append(
        LedgerRecord(
            key=f"rollback:{number}",
            model=_MODEL,
            run=found.response,
            kind="mitigation",
            subject="version 3",
            actor="nightshift",
            body={"mitigation": "rollback"},
        )
    )


def _as_before(service: TableServiceClient, services: Any) -> None:
    """What plan_response and roll_back read until this release."""
    services.incidents.all(_MODEL)
    services.incidents.all("platform")
    where = "PartitionKey eq @model and Run eq @run"
    assert not list(Table(service, "ledger").query(where, {"model": _MODEL, "run": "none"}))


def _timed(call: Callable[[], None]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _row(name: str, times: list[float], note: str) -> dict[str, Any]:
    return {"name": name, "value": round(statistics.median(times), 4), "unit": "s", "runs": len(times), "note": note}


if __name__ == "__main__":
    main()
