"""Spans of activities, kept in memory by the real SDK in a process of its own: its provider can be set only once."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[4]
CARRIED = f"00-{'a' * 32}-{'b' * 16}-01"
_PROGRAM = """
import json, logging
from datetime import UTC, datetime
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from nightshift.services.platform.tracing import span, step, traceparent_of
from nightshift.domain.platform.correlation import current
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.response.messages import MitigateRequest
from nightshift.domain.reviews.messages import ReviewResult
from nightshift.domain.lifecycle.run import PollRequest, ValidateRequest
from nightshift.domain.platform.step import Failure
from nightshift.domain.uploads.upload import Upload

memory = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(memory))
trace.set_tracer_provider(provider)
CARRIED, OTHER = "00-" + "a" * 32 + "-" + "b" * 16 + "-01", "00-" + "c" * 32 + "-" + "d" * 16 + "-01"

def upload(trace):
    return Upload(url="u", container="bronze", name="m/a.csv", etag="1", size=1, event_time=datetime.now(UTC),
                  event_id="e", trace=trace)

with step("poll_job_status", PollRequest(model="m", run="r", run_id=1), CARRIED) as ended:
    within = current()
    ended(ReviewResult(state="promoted"))
with step("validate_data", ValidateRequest(model="m", run="r", uploads=(upload(CARRIED), upload(OTHER))), CARRIED):
    pass
with step("roll_back", MitigateRequest(model="m", incident_id="i", mitigation="rollback"), "") as ended:
    ended(Failure(step="roll_back", code="bad_spec", message="no"))
try:
    with step("raises", PollRequest(model="m", run="r", run_id=1), CARRIED):
        raise ServiceUnavailableError("MLflow", "away")
except ServiceUnavailableError:
    pass
with span("host", parent_trace="", attributes={}):
    with step("in_another_trace", PollRequest(model="m", run="r", run_id=1), CARRIED):
        pass
with span("host", parent_trace=CARRIED, attributes={}):
    with step("in_the_same_trace", PollRequest(model="m", run="r", run_id=1), CARRIED):
        pass
print(json.dumps({
    "within": [within.correlation_id, within.traceparent],
    "spans": [{
        "name": item.name, "trace": f"{item.context.trace_id:032x}", "span": f"{item.context.span_id:016x}",
        "parent": f"{item.parent.span_id:016x}" if item.parent else "", "attributes": dict(item.attributes),
        "status": item.status.status_code.name, "events": [event.name for event in item.events],
        "links": [f"{link.context.trace_id:032x}" for link in item.links],
    } for item in memory.get_finished_spans()],
}))
"""


@pytest.fixture(scope="module")
def reported() -> dict[str, Any]:
    """What the program has printed."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], cwd=ROOT, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def _span(reported: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in reported["spans"] if item["name"] == name)
    return found


def test_a_step_continues_the_trace_of_its_message(reported: dict[str, Any]) -> None:
    """With run, model, step and outcome; the code within belongs to the run and hands on the step's own span."""
    found = _span(reported, "poll_job_status")
    assert (found["trace"], found["parent"]) == ("a" * 32, "b" * 16)
    assert found["attributes"] == {
        "nightshift.step": "poll_job_status",
        "nightshift.correlation_id": "r",
        "nightshift.run": "r",
        "nightshift.model": "m",
        "nightshift.outcome": "promoted",
    }
    assert reported["within"] == ["r", f"00-{'a' * 32}-{found['span']}-01"]


def test_uploads_of_other_traces_are_linked(reported: dict[str, Any]) -> None:
    """A batch belongs to the trace of its first upload; those of the others lead to it."""
    assert _span(reported, "validate_data")["links"] == ["c" * 32]


def test_a_failure_in_the_result_is_an_error(reported: dict[str, Any]) -> None:
    """It has a code, although nothing was raised; without a trace in its message a step begins one."""
    found = _span(reported, "roll_back")
    assert (found["status"], found["parent"]) == ("ERROR", "")
    assert found["attributes"]["nightshift.outcome"] == "bad_spec"
    assert found["attributes"]["nightshift.incident"] == "i"


def test_what_is_raised_is_recorded(reported: dict[str, Any]) -> None:
    """The exception is an event of the span."""
    found = _span(reported, "raises")
    assert (found["status"], found["events"]) == ("ERROR", ["exception"])


def test_the_hosts_span_is_parent_or_link(reported: dict[str, Any]) -> None:
    """In the same trace calls nest as they ran; another trace of the host is linked."""
    same, other = _span(reported, "in_the_same_trace"), _span(reported, "in_another_trace")
    hosts = [item for item in reported["spans"] if item["name"] == "host"]
    assert same["parent"] == hosts[1]["span"]
    assert (other["trace"], other["links"]) == ("a" * 32, [hosts[0]["trace"]])


def test_without_an_sdk_the_trace_of_a_message_is_handed_on() -> None:
    """Telemetry off here loses no trace of a caller that has it on."""
    program = (
        "from nightshift.services.platform.tracing import step\n"
        "from nightshift.domain.platform.correlation import current\n"
        "from nightshift.domain.lifecycle.run import PollRequest\n"
        f"with step('s', PollRequest(model='m', run='r', run_id=1), {CARRIED!r}): print(current().traceparent)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == CARRIED
