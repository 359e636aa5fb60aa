"""With years of records of one model: from an alert to the move of the champion alias, and the ledger's verification.

What the app does is done here in one process: no host, no Durable, and a registry in memory in place of MLflow. So this
is what tables cost, which alone grow.

Azurite holds everything in memory here unless ``--disk`` is given: on disk it writes its whole table file after
changes, and that is nearly all that is measured. It has no index for a range of keys: a query looks at every row of its
table.
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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import psutil
from azure.core.exceptions import ServiceRequestError
from azure.data.tables import TableServiceClient

from activities.response.mitigations.rollback import roll_back
from activities.response.plan_response import plan_response
from benchmarks.growth.table_calls import CountingTransport, Measured
from local_host.stack.azurite import azurite_script, node
from local_host.stack.endpoints import PORT_NAMES, Endpoints
from local_host.stack.ports import choose_ports
from nightshift.clients.champions.alias_history import TableAliasHistory
from nightshift.clients.ledger.ledger import TableLedger
from nightshift.clients.platform.spec_files import SpecFiles
from nightshift.clients.platform.tables import Put, Remove, Table, Write
from nightshift.clients.response.incident_index import incident_writes
from nightshift.clients.response.incidents import TableIncidentStore
from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.champions.registry import RegisteredVersion
from nightshift.domain.ledger.ledger import ACTOR, GENESIS, ChainEnd, LedgerRecord, chain
from nightshift.domain.platform.identity import short
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.response.incident import TimelineEntry
from nightshift.domain.response.messages import MitigateRequest, PlanRequest
from nightshift.services.response.record_alert import record_alert
from tests.support.incident_examples import alert, incident

ROOT = Path(__file__).parents[2]
_MODEL = "revenue_forecast"
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_RUNS = 4
_KINDS = ("point read", "transaction", "range query")


def main() -> None:
    """Fill the tables, then answer alerts, read as earlier releases did, and verify; print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines for people")
    parser.add_argument("--incidents", type=int, default=50_000)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--moves", type=int, default=200, help="changes of champion")
    parser.add_argument("--disk", action="store_true", help="Azurite on disk, as `nightshift up` starts it")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--scans", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="nightshift-bench-") as folder:
        _seed(Path(folder) / "incidents.jsonl", _incidents(options.incidents))
        _seed(Path(folder) / "ledger.jsonl", _entries(options.entries))
        _seed(Path(folder) / "champions.jsonl", _moves(options.moves))
        with _azurite(folder, disk=options.disk) as (service, transport):
            services = _services(service, _Registry(str(options.moves), transport.end))
            # The first opens connections, imports, and lets Azurite take in the rows.
            answers = [_answer(services, transport, number) for number in range(options.rounds + 1)][1:]
            before = [_seconds(lambda: _as_before(service, services)) for _ in range(options.scans)]
            parts = list(_verified(services.ledger))
    found = _rows(answers, before, parts, options)
    if options.json:
        print(json.dumps(found))
        return
    for item in found:
        print(f"{item['name']}: {item['value']} {item['unit']} ({item['note']})")
    print("\nEach kind of call: how many an answer has, and the median time of one")
    for kind, times in sorted(_by_kind(answers).items()):
        print(f"{len(times) / len(answers):5.1f} x {statistics.median(times) * 1000:7.2f} ms  {kind}")


@contextmanager
def _azurite(seeds: str, *, disk: bool) -> Iterator[tuple[TableServiceClient, CountingTransport]]:
    endpoints = Endpoints(**choose_ports(PORT_NAMES, {}))
    ports = {"blob": endpoints.blob, "queue": endpoints.queue, "table": endpoints.table}
    seeding = Path(__file__).with_name("seed_azurite.cjs")
    command = [str(node()), "--max-old-space-size=4096", "--require", str(seeding), str(azurite_script())]
    command += ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    if disk:
        command[1:1] = [
            "--require",
            str(ROOT / "local_host" / "src" / "local_host" / "azurite" / "persist_promptly.cjs"),
        ]
        command += ["--location", str(Path(seeds) / "azurite")]
    else:
        command += ["--inMemoryPersistence"]
    for name, port in ports.items():
        command += [f"--{name}Port", str(port)]
    environment = {**os.environ, "SEED_FOLDER": seeds, "SEED_AZURITE": str(azurite_script())}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    transport = CountingTransport(psutil.Process(process.pid))
    try:
        connection = endpoints.storage_connection_string
        with TableServiceClient.from_connection_string(connection, transport=transport) as service:
            deadline = time.monotonic() + 60
            while True:
                try:
                    service.create_table_if_not_exists("incidents")
                    break
                except ServiceRequestError:
                    if time.monotonic() > deadline:
                        raise
            yield service, transport
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


def _moves(count: int) -> Iterator[Put]:
    """Version 1 became champion, then version 2, and so on."""
    for number in range(1, count + 1):
        move = AliasChange(
            model=_MODEL,
            sequence=number,
            version=str(number),
            previous=str(number - 1) if number > 1 else None,
            run=f"lifecycle-{number}",
            decided_by=f"k{number}",
            kind="promotion",
            at=_AT + timedelta(hours=number),
            state="done",
        )
        yield Put(f"{number:010d}", {"Move": move.model_dump_json()})


class _Registry:
    """Versions in memory: registered before all moves, and all of them can be loaded."""

    def __init__(self, champion: str, moved: Callable[[], None]) -> None:
        self._champion = champion
        self._moved = moved
        self._tags: dict[str, dict[str, str]] = {}

    def version_of(self, model: str, alias: str) -> str | None:
        """The champion."""
        return self._champion

    def version(self, model: str, version: str) -> RegisteredVersion | None:
        """Any."""
        tags = self._tags.get(version, {})
        return RegisteredVersion(version=version, aliases=(), created_at=_AT, run_id="r", tags=tags)

    def columns_of(self, model: str, version: str) -> tuple[str, ...]:
        """One that the contract has."""
        return ("temp",)

    def tag(self, model: str, version: str, name: str, value: str | None) -> None:
        """Put a version into quarantine."""
        self._tags[version] = {name: str(value)}

    def set_alias(self, model: str, alias: str, version: str) -> None:
        """Move the alias: here an answer's time ends."""
        self._moved()
        self._champion = version


def _services(service: TableServiceClient, registry: _Registry) -> Any:
    return SimpleNamespace(
        clock=lambda: datetime.now(UTC),
        incidents=TableIncidentStore(service),
        ledger=TableLedger(service, lambda: datetime.now(UTC)),
        champions=TableAliasHistory(service),
        registry=registry,
        specs=SpecFiles(ROOT / "model_specs", ROOT / "platform.yaml"),
    )


def _answer(services: Any, transport: CountingTransport, number: int) -> Measured:
    """What the trigger and the activities do, from the alert's message to the alias."""
    bad = services.registry.version_of(_MODEL, CHAMPION)
    # Each in a window of its own, so that each opens an incident.
    fired_at = datetime.now(UTC) - timedelta(hours=2 * number)
    sent = alert(alert_id=f"bench-{number}", model=_MODEL, model_version=bad, fired_at=fired_at)
    measured = transport.begin()
    found = record_alert(services, sent.model_dump_json().encode()).incident
    assert found is not None
    # As the trigger does before it starts the orchestration.
    claim = TimelineEntry(key=f"start-{found.response}", at=services.clock(), actor=ACTOR, what="its response starts")
    services.incidents.change(_MODEL, found.incident_id, lambda known: known.with_event(claim))
    planned = plan_response(
        services, PlanRequest(model=_MODEL, incident_id=found.incident_id, at=services.clock(), look=0)
    )
    assert planned.plan is not None, planned
    assert planned.plan.mitigations[0] == "rollback"
    result = roll_back(services, MitigateRequest(model=_MODEL, incident_id=found.incident_id, mitigation="rollback"))
    assert result.action is not None, result
    assert result.action.state == "done", result
    return measured


def _as_before(service: TableServiceClient, services: Any) -> None:
    """What plan_response and roll_back read in earlier releases."""
    services.incidents.all(_MODEL)
    services.incidents.all("platform")
    where = "PartitionKey eq @model and Run eq @run"
    assert not list(Table(service, "ledger").query(where, {"model": _MODEL, "run": "none"}))


def _verified(ledger: TableLedger) -> Iterator[float]:
    """Verify the whole chain as calls of the API do; the seconds of each."""
    after, complete = ChainEnd(), False
    while not complete:
        started = time.perf_counter()
        part = ledger.verify_part(_MODEL, after, 1_000)
        yield time.perf_counter() - started
        assert part.fault is None, part
        after, complete = part.verified, part.complete


def _seconds(call: Callable[[], None]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _by_kind(answers: Sequence[Measured]) -> dict[str, list[float]]:
    kinds = {kind for answer in answers for kind in answer.calls}
    return {kind: [seconds for answer in answers for seconds in answer.calls.get(kind, ())] for kind in kinds}


def _rows(
    answers: Sequence[Measured], before: Sequence[float], parts: Sequence[float], options: argparse.Namespace
) -> list[dict[str, Any]]:
    load = " ".join(f"{value:.0f}" for value in os.getloadavg())
    where = (
        f"{options.incidents} incidents, {options.entries} ledger entries, {options.moves} moves of the model; "
        f"Azurite {'on disk' if options.disk else 'in memory'}, load {load} on {os.cpu_count()} cores"
    )
    calls = {kind: len(times) / len(answers) for kind, times in _by_kind(answers).items()}
    counted = {name: sum(many for kind, many in calls.items() if kind.startswith(name)) for name in _KINDS}
    kinds = ", ".join(f"{many:g} x {name}" for name, many in counted.items())
    return [
        _row("before_rollback", [answer.seconds for answer in answers], "s", f"from an alert to the alias; {where}"),
        _row("before_rollback_slowest", [max(answer.seconds for answer in answers)], "s", f"of {len(answers)}"),
        _row(
            "before_rollback_storage",
            [answer.storage for answer in answers],
            "s",
            "of it, until Azurite began to answer",
        ),
        _row("before_rollback_azurite", [answer.azurite_cpu for answer in answers], "s", "CPU time of Azurite"),
        _row("before_rollback_cpu", [answer.cpu for answer in answers], "s", "CPU time of the app"),
        _row("before_rollback_calls", [sum(map(len, answer.calls.values())) for answer in answers], "calls", kinds),
        _row("before_rollback_rows", [answer.rows for answer in answers], "rows", "that these calls bring"),
        _row("verify_ledger_part", parts, "s", "one call of the API: 1000 entries are verified"),
        _row("verify_ledger_slowest", [max(parts)], "s", f"of the {len(parts)} calls"),
        _row("verify_ledger", [sum(parts)], "s", f"all of them, {options.entries} entries"),
        _row("before_rollback_scans", before, "s", f"only the scans of earlier releases at the same point; {where}"),
    ]


def _row(name: str, values: Sequence[float], unit: str, note: str) -> dict[str, Any]:
    return {"name": name, "value": round(statistics.median(values), 4), "unit": unit, "runs": len(values), "note": note}


if __name__ == "__main__":
    main()
