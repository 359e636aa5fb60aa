"""Traces, metrics and correlation ids of a whole stack, taken by an OTLP collector."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from nightshift.cli.app_client import AppClient
from nightshift.cli.demo.data.source import REVENUE
from nightshift.domain.platform.telemetry import CORRELATION_HEADER
from tests.e2e.conftest import ROOT, RunningApp, good_file
from tests.support.otlp_collector import Collector, SeenSpan, collecting
from tests.support.running_stack import started_with

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]

_EXPORT = {
    "OTEL_BSP_SCHEDULE_DELAY": "500",
    "OTEL_BLRP_SCHEDULE_DELAY": "500",
    "OTEL_METRIC_EXPORT_INTERVAL": "1000",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
}


@dataclass(frozen=True)
class ObservedStack:
    """A running stack and the collector that it tells everything."""

    running: RunningApp
    collector: Collector

    def log(self) -> str:
        """What the functions host has logged."""
        return (self.running.state / "logs" / "functions.log").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObservedStack]:
    """A stack of its own, because telemetry is set up when the app starts."""
    folder = tmp_path_factory.mktemp("observed")
    with collecting() as collector:
        settings = {**_EXPORT, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
        with started_with(settings, folder / "state") as endpoints, AppClient(endpoints.app_url) as app:
            yield ObservedStack(RunningApp(endpoints, folder / "state", app, ROOT / "model_specs"), collector)


@pytest.fixture(scope="module")
def run(stack: ObservedStack, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The run that made the first champion."""
    run = stack.running.upload(REVENUE, good_file(tmp_path_factory.mktemp("files"), 1))
    assert stack.running.outcome(run).outcome == "promoted"
    return run


def _steps(spans: list[SeenSpan], trace: str) -> list[str]:
    return list(dict.fromkeys(span.name for span in spans if span.trace == trace))


def test_one_trace_from_the_upload_to_the_alias(stack: ObservedStack, run: str) -> None:
    """The event's trigger and every step of its run, the move of the alias included, have one trace id."""

    def published(spans: list[SeenSpan]) -> bool:
        mine = [span for span in spans if span.attributes.get("nightshift.run") == run]
        return sum(span.name == "publish_event" for span in mine) >= 2

    spans = stack.collector.await_spans(published)
    of_run = [span for span in spans if span.attributes.get("nightshift.run") == run]
    traces = {span.trace for span in of_run}
    assert len(traces) == 1
    trace = traces.pop()
    order = stack.running.app.get(f"runs/{run}")["input"]
    assert order["trace"].split("-")[1] == trace
    assert [name for name in _steps(spans, trace) if name in _EXPECTED] == _EXPECTED
    decided = next(span for span in of_run if span.name == "decide_action")
    assert decided.attributes["nightshift.outcome"] == "promoted"
    assert decided.attributes["nightshift.model"] == REVENUE
    upload = next(span for span in spans if span.trace == trace and span.name == "on_blob_created")
    assert {span.parent for span in of_run} == {upload.span}
    assert stack.collector.resources[0]["service.name"] == "nightshift"


_EXPECTED = [
    "on_blob_created",
    "claim_uploads",
    "validate_data",
    "trigger_databricks_job",
    "poll_job_status",
    "evaluate_metrics",
    "decide_action",
]


def test_log_lines_say_the_run(stack: ObservedStack, run: str) -> None:
    """What an activity logs ends with its run, in the host's log and at the collector alike."""
    mine = [line for line in stack.log().splitlines() if f"correlation={run} function=" in line]
    assert any("nightshift.services.champions.move_champion champion_moved" in line for line in mine), mine

    def arrived(_: object = None) -> bool:
        moved = [line for line in list(stack.collector.lines) if line.startswith("champion_moved")]
        return any(line.endswith(f"correlation={run}") for line in moved)

    stack.collector.await_spans(arrived)
    assert arrived()


def test_an_alert_and_its_response_are_one_trace(stack: ObservedStack) -> None:
    """From the request over the queue and the orchestration to the page, under the incident's id."""
    document = {
        "alert_id": f"test-{uuid4()}",
        "category": "budget",
        "source": "test",
        "severity": "warning",
        "title": "half of the budget is spent",
        "fired_at": datetime.now(UTC).isoformat(),
    }
    sent = httpx.post(
        f"{stack.running.endpoints.app_url}/api/alerts",
        content=json.dumps(document),
        headers={"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"},
    )
    assert sent.status_code == 202
    assert re.fullmatch(r"[0-9a-f]{16}", sent.headers[CORRELATION_HEADER])

    def answered(spans: list[SeenSpan]) -> bool:
        return "plan_response" in _steps(spans, "ab" * 16)

    spans = stack.collector.await_spans(answered)
    steps = _steps(spans, "ab" * 16)
    assert steps[:3] == ["take_alert", "on_budget_alerts", "plan_response"]
    planned = next(span for span in spans if span.name == "plan_response" and span.trace == "ab" * 16)
    taken = next(span for span in spans if span.name == "on_budget_alerts" and span.trace == "ab" * 16)
    incident = planned.attributes["nightshift.incident"]
    assert taken.attributes["nightshift.correlation_id"] == incident
    assert planned.attributes["nightshift.correlation_id"] == incident
    latency = [point for point in stack.collector.await_points("nightshift.mitigation.latency") if point.value]
    assert {(point.unit, point.attributes["mitigation"], point.attributes["state"]) for point in latency} == {
        ("s", "notify", "done")
    }


def test_metrics_arrive_with_their_units(stack: ObservedStack, run: str) -> None:
    """Runs by outcome, and every minute what waits."""
    points = stack.collector.await_points(
        "nightshift.runs",
        "nightshift.queue.depth",
        "nightshift.dead_letters.waiting",
        "nightshift.reviews.open",
        "nightshift.incidents.open",
        "nightshift.heartbeat",
        seconds=240,
    )
    units = {point.name: point.unit for point in points}
    assert units == {
        "nightshift.runs": "{run}",
        "nightshift.queue.depth": "{upload}",
        "nightshift.dead_letters.waiting": "{message}",
        "nightshift.reviews.open": "{review}",
        "nightshift.incidents.open": "{incident}",
        "nightshift.heartbeat": "{beat}",
    }
    runs = [point for point in points if point.name == "nightshift.runs"]
    assert {(point.attributes["model"], point.attributes["outcome"]) for point in runs} >= {(REVENUE, "promoted")}


def test_every_answer_has_a_correlation_id(stack: ObservedStack) -> None:
    """The run that a path names, or one of its own; a problem document carries it too."""
    url = stack.running.endpoints.app_url
    run = "lifecycle-revenue_forecast-0123456789abcdef"
    missing = httpx.get(f"{url}/api/runs/{run}")
    assert missing.status_code == 404
    assert missing.headers[CORRELATION_HEADER] == run
    assert missing.json()["correlation_id"] == run
    alive = httpx.get(f"{url}/api/health")
    assert alive.status_code == 200
    assert re.fullmatch(r"call-[0-9a-f]{16}", alive.headers[CORRELATION_HEADER])
