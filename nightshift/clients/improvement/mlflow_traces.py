"""Traces of improvement rounds, and what people think of them, in MLflow."""

from datetime import datetime
from threading import Lock

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, AssessmentSourceType, Feedback
from mlflow.exceptions import MlflowException

from nightshift.clients.platform.mlflow_errors import ABSENT, translated
from nightshift.domain.improvement.trace import PlanFeedback, RoundTrace
from nightshift.domain.platform.errors import BadInputError, ServiceUnavailableError
from nightshift.domain.platform.names import experiment

TAG_ROUND = "nightshift.round"
_KINDS = {"plan": "AGENT", "execute": "TASK", "critique": "EVALUATOR"}


class MlflowTraces:
    """Implements `TraceStore`."""

    def __init__(self, client: MlflowClient, tracking_uri: str) -> None:
        self._client = client
        self._uri = tracking_uri
        self._lock = Lock()

    def write(self, trace: RoundTrace) -> str:
        with translated():
            where = self._experiment(trace.model)
            known = self._find(where, trace.key)
            if known is not None:
                return known
            written = self._write(trace, where)
            if self._find(where, trace.key) == written:
                return written
        # The exporter logs why, and goes on.
        raise ServiceUnavailableError("MLflow", f"the trace {trace.key} is not there after it was written")

    def log_feedback(self, trace: str, feedback: PlanFeedback) -> None:
        said = Feedback(
            name="plan",
            value=feedback.helpful,
            rationale=feedback.comment,
            source=AssessmentSource(AssessmentSourceType.HUMAN, feedback.by),
        )
        with translated(), self._lock:
            mlflow.set_tracking_uri(self._uri)
            try:
                mlflow.log_assessment(trace, said)
            except MlflowException as error:
                if error.error_code in ABSENT:
                    raise BadInputError(field="trace", value=trace, rule="is no trace in MLflow (any more)") from error
                raise

    def _write(self, trace: RoundTrace, where: str) -> str:
        with self._lock:
            # Spans go where the process says, not where the client does.
            mlflow.set_tracking_uri(self._uri)
            first, last = trace.spans[0], trace.spans[-1]
            root = self._client.start_trace(
                f"{trace.run} round {trace.round}",
                span_type="CHAIN",
                inputs=first.inputs,
                attributes={name: str(value) for name, value in trace.attributes.items()},
                tags={TAG_ROUND: trace.key, "nightshift.lifecycle_run": trace.run, "nightshift.model": trace.model},
                experiment_id=where,
                start_time_ns=_nanoseconds(first.began_at),
            )
            for span in trace.spans:
                child = self._client.start_span(
                    span.name,
                    trace_id=root.trace_id,
                    parent_id=root.span_id,
                    span_type=_KINDS[span.name],
                    inputs=span.inputs,
                    start_time_ns=_nanoseconds(span.began_at),
                )
                self._client.end_span(
                    root.trace_id,
                    child.span_id,
                    outputs=span.outputs,
                    attributes={"error": span.error} if span.error else None,
                    status="ERROR" if span.error else "OK",
                    end_time_ns=_nanoseconds(span.ended_at),
                )
            self._client.end_trace(root.trace_id, outputs=last.outputs, end_time_ns=_nanoseconds(last.ended_at))
            return str(root.trace_id)

    def _find(self, where: str, key: str) -> str | None:
        found = self._client.search_traces(
            locations=[where], filter_string=f"tags.`{TAG_ROUND}` = '{key}'", max_results=1, include_spans=False
        )
        return str(found[0].info.trace_id) if found else None

    def _experiment(self, model: str) -> str:
        found = self._client.get_experiment_by_name(experiment(model))
        if found is None:
            raise ServiceUnavailableError("MLflow", f"the experiment {experiment(model)} is not there yet")
        return str(found.experiment_id)


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1e6) * 1_000
