"""The metrics that the app writes, each by a verb; without an SDK (wiring.telemetry) they go nowhere."""

from collections.abc import Mapping
from threading import Lock
from typing import Final

from opentelemetry import metrics

from nightshift.domain.platform.telemetry import (
    CALLS_FAILED,
    DEAD_LETTERS,
    HEARTBEAT,
    INCIDENTS_OPEN,
    INTERNAL_ERRORS,
    MITIGATION_LATENCY,
    PROCESS_STARTS,
    QUEUE_DEPTH,
    REVIEW_WAIT,
    REVIEWS_OPEN,
    RUNS,
    SCOPE,
    Metric,
)

_METER: Final = metrics.get_meter(SCOPE)


def _counter(metric: Metric) -> metrics.Counter:
    return _METER.create_counter(metric.name, unit=metric.unit, description=metric.description)


def _histogram(metric: Metric) -> metrics.Histogram:
    return _METER.create_histogram(metric.name, unit=metric.unit, description=metric.description)


class _Gauge:
    """Values that are exported once each: what an instance has seen an hour ago need not be so now.

    A gauge of the SDK repeats its last value for as long as the process lives, even where another instance has the
    timer by now. One exporter takes the values, which is what wiring.telemetry sets up.
    """

    def __init__(self, metric: Metric) -> None:
        self._lock = Lock()
        self._values: dict[tuple[tuple[str, str], ...], float] = {}
        _METER.create_observable_gauge(
            metric.name, callbacks=[self._take], unit=metric.unit, description=metric.description
        )

    def set(self, value: float, **attributes: str) -> None:
        """Replace the value of these attributes."""
        with self._lock:
            self._values[tuple(sorted(attributes.items()))] = value

    def _take(self, _: metrics.CallbackOptions) -> list[metrics.Observation]:
        with self._lock:
            values, self._values = self._values, {}
        return [metrics.Observation(value, dict(attributes)) for attributes, value in values.items()]


_RUNS: Final = _counter(RUNS)
_CALLS_FAILED: Final = _counter(CALLS_FAILED)
_INTERNAL_ERRORS: Final = _counter(INTERNAL_ERRORS)
_PROCESS_STARTS: Final = _counter(PROCESS_STARTS)
_HEARTBEAT: Final = _counter(HEARTBEAT)
_MITIGATION_LATENCY: Final = _histogram(MITIGATION_LATENCY)
_REVIEW_WAIT: Final = _histogram(REVIEW_WAIT)
_REVIEWS_OPEN: Final = _Gauge(REVIEWS_OPEN)
_INCIDENTS_OPEN: Final = _Gauge(INCIDENTS_OPEN)
_QUEUE_DEPTH: Final = _Gauge(QUEUE_DEPTH)
_DEAD_LETTERS: Final = _Gauge(DEAD_LETTERS)


def count_run(model: str, outcome: str) -> None:
    """A lifecycle run has ended."""
    _RUNS.add(1, {"model": model, "outcome": outcome})


def count_failed_call(function: str, code: str) -> None:
    """A call of a function has raised, or answered 500 or more."""
    _CALLS_FAILED.add(1, {"function": function, "code": code})


def count_internal_error(model: str, step: str) -> None:
    """A step was given up after unknown failures."""
    _INTERNAL_ERRORS.add(1, {"model": model, "step": step})


def count_process_start() -> None:
    """This process has begun its work."""
    _PROCESS_STARTS.add(1)


def record_heartbeat() -> None:
    """The timer of every minute has come to its end."""
    _HEARTBEAT.add(1)


def record_mitigation(model: str, mitigation: str, state: str, seconds: float) -> None:
    """A mitigation has ended, this long after its alert arrived."""
    attributes = {"model": model, "mitigation": mitigation, "state": state}
    _MITIGATION_LATENCY.record(max(seconds, 0.0), attributes)


def record_review(model: str, outcome: str, seconds: float) -> None:
    """A review has come to its end; it was decided this long after it was opened."""
    _REVIEW_WAIT.record(max(seconds, 0.0), {"model": model, "outcome": outcome})


def set_waiting(*, uploads: Mapping[str, int], dead_letters: Mapping[str, int], reviews: int, incidents: int) -> None:
    """What waits now: uploads by model, dead letters by queue, reviews, incidents."""
    for model, count in uploads.items():
        _QUEUE_DEPTH.set(count, model=model)
    for queue, count in dead_letters.items():
        _DEAD_LETTERS.set(count, queue=queue)
    _REVIEWS_OPEN.set(reviews)
    _INCIDENTS_OPEN.set(incidents)


def exported() -> bool:
    """Whether anybody takes the metrics: counting what waits costs reads."""
    return type(metrics.get_meter_provider()).__module__.startswith("opentelemetry.sdk.")
