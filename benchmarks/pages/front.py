"""The front page with 1,000 runs and 200 incidents in store: its size, and how long the server takes."""

import argparse
import json
import logging
import sqlite3
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import httpx

from benchmarks.responder.stack import Running, running
from nightshift.cli.app_client import AppClient
from nightshift.cli.upload_command import await_run, follow, put
from nightshift.pages.static_files import static_files
from nightshift.services.response.record_alert import record_alert
from tests.support.incident_examples import alert
from tests.support.model_versions import make_champions, make_versions

_MODEL = "revenue_forecast"
_RUNS, _INCIDENTS, _OPEN = 1_000, 200, 20
_DAYS = 30
_REQUESTS = 50


def main() -> None:
    """Fill a stack, look at the front page again and again; print size and times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines for people")
    options = parser.parse_args()
    logging.disable(logging.INFO)
    with running(()) as stack:
        found = _measure(stack)
    if options.json:
        print(json.dumps(found))
        return
    for item in found:
        print(f"{item['name']}: {item['value']} {item['unit']} ({item['note']})")


def _measure(stack: Running) -> list[dict[str, Any]]:
    from mlflow import MlflowClient

    make_versions(MlflowClient(stack.endpoints.mlflow_url), _MODEL, 3, stack.folder)
    make_champions(stack.services, _MODEL, ("1", "2", "3"))
    _fill_runs(stack)
    _fill_incidents(stack)
    note = (
        f"{_RUNS} runs and {_INCIDENTS} incidents ({_OPEN} open) of {_DAYS} days, {_REQUESTS} looks over loopback HTTP"
    )
    headers = {"Authorization": "Bearer local:bench:Reader,Reviewer,Operator"}
    with httpx.Client(base_url=stack.endpoints.app_url, headers=headers, timeout=60) as client:
        page = client.get("/").raise_for_status()
        listed = client.get("/api/runs?limit=1000").raise_for_status()
        assert len(listed.json()["items"]) >= _RUNS, "the API lists the runs that were made"
        front = [_get(client, "/") for _ in range(_REQUESTS)]
        nothing = [_get(client, "/api/health") for _ in range(_REQUESTS)]
    first = len(page.content) + sum(len(static_files()[name].body) for name in ("page.css", "page.js", "icon.svg"))
    return [
        _row("front_page_html", len(page.content) / 1024, "KiB", 1, note),
        _row("front_page_first_visit", first / 1024, "KiB", 1, "with stylesheet, script and icon, not compressed"),
        _row("front_page_median", statistics.median(front), "s", _REQUESTS, note),
        _row("front_page_p95", statistics.quantiles(front, n=20)[18], "s", _REQUESTS, note),
        _row("health_median", statistics.median(nothing), "s", _REQUESTS, "the same host, a call that reads nothing"),
    ]


def _row(name: str, value: float, unit: str, runs: int, note: str) -> dict[str, Any]:
    return {"name": name, "value": round(value, 4), "unit": unit, "runs": runs, "note": note}


def _get(client: httpx.Client, path: str) -> float:
    started = time.perf_counter()
    client.get(path).raise_for_status()
    return time.perf_counter() - started


def _fill_runs(stack: Running) -> None:
    """One real run that ends early; the others are its records under other ids, begun at other times."""
    file = stack.folder / "nonsense.csv"
    file.write_text("nonsense\n1\n", encoding="utf-8")
    state = stack.folder / "state"
    with AppClient(stack.endpoints.app_url) as app:
        run = await_run(app, _MODEL, put(_MODEL, file, "synthetic: a benchmark", state).identity, seconds=120)
        follow(app, run, lambda _: None, seconds=120)
    database = next(state.rglob("durable.sqlite3"))
    with sqlite3.connect(database, timeout=30) as connection:
        connection.row_factory = sqlite3.Row
        known = {
            table: [dict(row) for row in connection.execute(f"SELECT * FROM {table} WHERE instance_id = ?", (run,))]
            for table in ("instances", "history")
        }
        for number in range(_RUNS):
            moment = datetime.now(UTC) - timedelta(days=_DAYS) * number / _RUNS
            for table, rows in known.items():
                for row in rows:
                    copy = row | {"instance_id": f"{run}{number}"}
                    times = {name: _like(row[name], moment) for name in row if name.endswith("_time") and row[name]}
                    _insert(connection, table, copy | times)
    connection.close()


def _like(written: str, moment: datetime) -> str:
    """A moment as the engine writes times: with as many digits as the one beside."""
    digits = len(written.partition(".")[2].rstrip("Z"))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}"[: 20 + min(digits, 6)].ljust(20 + digits, "0") + "Z"


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    names = [name for name in row if name != "id"]
    marks = ", ".join("?" for _ in names)
    connection.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", [row[name] for name in names])


def _fill_incidents(stack: Running) -> None:
    for number in range(_INCIDENTS):
        fired = datetime.now(UTC) - timedelta(days=_DAYS) * number / _INCIDENTS
        given = {
            "alert_id": f"bench-{number}", "model": _MODEL, "category": "pipeline", "rule": f"r{number}",
            "metric": "", "value": None, "baseline": None, "title": f"pipeline {number} failed", "fired_at": fired,
        }  # fmt: skip
        recorded = record_alert(stack.services, alert(**given).model_dump_json().encode())
        assert recorded.incident is not None
        if number >= _OPEN:
            incident = recorded.incident
            stack.services.incidents.change(_MODEL, incident.incident_id, lambda item: item.transition("resolve"))


if __name__ == "__main__":
    main()
