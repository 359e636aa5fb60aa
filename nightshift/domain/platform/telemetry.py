"""Names of the telemetry of the app: span attributes, metrics with their units, the header of its answers.

Alert rules and the workbook of terraform/modules/observability query these names; tests compare both with this file.
"""

from dataclasses import dataclass
from typing import Final, Literal

# The instrumentation scope of every span and metric.
SCOPE: Final = "nightshift"

# On every HTTP answer: what to look for in logs and traces.
CORRELATION_HEADER: Final = "x-nightshift-correlation-id"
# W3C trace context: the application property of a Service Bus message, and the header of an HTTP request.
TRACEPARENT: Final = "traceparent"

# Span attributes.
ATTRIBUTE_CORRELATION: Final = "nightshift.correlation_id"
ATTRIBUTE_RUN: Final = "nightshift.run"
ATTRIBUTE_MODEL: Final = "nightshift.model"
ATTRIBUTE_INCIDENT: Final = "nightshift.incident"
ATTRIBUTE_REVIEW: Final = "nightshift.review"
ATTRIBUTE_STEP: Final = "nightshift.step"
ATTRIBUTE_OUTCOME: Final = "nightshift.outcome"


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes:
        unit: in UCUM, as OpenTelemetry wants it; ``{run}`` counts runs, ``1`` is a plain number.
        attributes: what it is broken down by; all of few values.
        written_by: ``serving`` for what only the process that serves a model, or a monitor of it, can know.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    description: str
    attributes: tuple[str, ...] = ()
    written_by: Literal["app", "serving"] = "app"


RUNS: Final = Metric("nightshift.runs", "counter", "{run}", "Lifecycle runs that have ended.", ("model", "outcome"))
MITIGATION_LATENCY: Final = Metric(
    "nightshift.mitigation.latency",
    "histogram",
    "s",
    "From the alert's arrival to the end of a mitigation.",
    ("model", "mitigation", "state"),
)
REVIEW_WAIT: Final = Metric(
    "nightshift.review.wait",
    "histogram",
    "s",
    "From the opening of a review to its decision.",
    ("model", "outcome"),
)
REVIEWS_OPEN: Final = Metric("nightshift.reviews.open", "gauge", "{review}", "Reviews that wait for a person.")
INCIDENTS_OPEN: Final = Metric(
    "nightshift.incidents.open", "gauge", "{incident}", "Incidents that nobody and nothing has dealt with yet."
)
QUEUE_DEPTH: Final = Metric(
    "nightshift.queue.depth", "gauge", "{upload}", "Uploads of a model that wait for their run.", ("model",)
)
DEAD_LETTERS: Final = Metric(
    "nightshift.dead_letters.waiting",
    "gauge",
    "{message}",
    "Dead letters that wait for a person; 1,000 stand for more.",
    ("queue",),
)
CALLS_FAILED: Final = Metric(
    "nightshift.calls.failed",
    "counter",
    "{call}",
    "Calls of a function that raised, or answered 500 or more.",
    ("function", "code"),
)
INTERNAL_ERRORS: Final = Metric(
    "nightshift.internal_errors",
    "counter",
    "{error}",
    "Steps that were given up after unknown failures.",
    ("model", "step"),
)
PROCESS_STARTS: Final = Metric(
    "nightshift.process.starts", "counter", "{start}", "Processes of the app that began work."
)
HEARTBEAT: Final = Metric("nightshift.heartbeat", "counter", "{beat}", "Ends of the timer that runs every minute.")
FEATURE_PSI: Final = Metric(
    "nightshift.feature.psi",
    "gauge",
    "1",
    "Population stability index of a column of served rows, as a monitor of yours measures it.",
    ("model", "feature"),
    written_by="serving",
)
MODEL_ERROR_RATE: Final = Metric(
    "nightshift.model.error_rate",
    "gauge",
    "1",
    "Share of a served model's answers that are wrong or missing.",
    ("model", "model_version"),
    written_by="serving",
)

METRICS: Final = (
    RUNS,
    MITIGATION_LATENCY,
    REVIEW_WAIT,
    REVIEWS_OPEN,
    INCIDENTS_OPEN,
    QUEUE_DEPTH,
    DEAD_LETTERS,
    CALLS_FAILED,
    INTERNAL_ERRORS,
    PROCESS_STARTS,
    HEARTBEAT,
    FEATURE_PSI,
    MODEL_ERROR_RATE,
)
