"""Traces of improvement rounds on a real MLflow server."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from mlflow import MlflowClient

from activities.improvement.trace_round import trace_of
from local_host.stack.endpoints import Endpoints
from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.loop import Budget, Critique, Feedback, Round
from nightshift.domain.improvement.messages import TraceRoundRequest
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.improvement.trace import PlanFeedback, RoundTrace
from nightshift.domain.platform.errors import BadInputError, ServiceUnavailableError
from nightshift.domain.platform.names import experiment
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.conftest import ROOT
from tests.support.refusals import refusal

pytestmark = pytest.mark.xdist_group("mlflow")

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def services(tracked: Endpoints) -> LazyServices:
    """The services as the app builds them."""
    return LazyServices(read_settings(tracked.environment(), ROOT))


@pytest.fixture
def model(tracked: Endpoints) -> str:
    """A model that has an experiment."""
    name = f"m{uuid.uuid4().hex[:12]}"
    MlflowClient(tracked.mlflow_url).create_experiment(experiment(name))
    return name


def _trace(model: str, error: str = "") -> RoundTrace:
    plan = Plan(action=AdjustTrainingWindow(days=90), rationale="old data misleads", expected_effect="less error")
    judged = Critique(
        judgement="retry",
        rule="closer",
        reason="rmse is nearer",
        feedback=Feedback(gaps=(), likely_reason="the season has changed"),
        confidence=0.97,
    )
    request = TraceRoundRequest(
        model=model,
        run=f"improvement-{model}-1",
        round=Round(
            number=1,
            plan=plan,
            planned_by="rules",
            job_runs=(7,),
            version=None if error else "3",
            criticism=judged,
            spent=Budget(job_runs=1, dbu=0.5, tokens=120),
            error=error,
        ),
        times=(AT, AT + timedelta(seconds=1), AT + timedelta(seconds=60), AT + timedelta(seconds=61)),
        feedback="the limit is missed",
    )
    return trace_of(request)


def test_a_round_is_a_trace_with_its_three_steps(services: LazyServices, tracked: Endpoints, model: str) -> None:
    """When each was done, what it took in and gave out, what it cost."""
    found = MlflowClient(tracked.mlflow_url).get_trace(services.traces.write(_trace(model)))
    spans = {span.name: span for span in found.data.spans}
    root = spans.pop(f"improvement-{model}-1 round 1")
    assert list(spans) == ["plan", "execute", "critique"]
    assert [(span.end_time_ns - span.start_time_ns) / 1e9 for span in spans.values()] == [1, 59, 1]
    assert spans["plan"].inputs["feedback"] == "the limit is missed"
    assert spans["plan"].outputs["plan"]["action"] == {"kind": "adjust_training_window", "days": 90}
    assert spans["execute"].outputs["job_runs"] == [7]
    assert spans["critique"].outputs["feedback"]["likely_reason"] == "the season has changed"
    assert (root.attributes["tokens"], root.attributes["judgement"]) == ("120", "retry")


def test_a_round_is_written_once(services: LazyServices, model: str) -> None:
    """A repeat finds the first trace."""
    assert services.traces.write(_trace(model)) == services.traces.write(_trace(model))


def test_a_step_that_failed_says_why(services: LazyServices, tracked: Endpoints, model: str) -> None:
    """The span is marked."""
    found = MlflowClient(tracked.mlflow_url).get_trace(services.traces.write(_trace(model, error="no memory")))
    (failed,) = [span for span in found.data.spans if span.name == "execute"]
    assert (failed.status.status_code.name, failed.attributes["error"]) == ("ERROR", "no memory")


def test_feedback_stands_with_the_trace(services: LazyServices, tracked: Endpoints, model: str) -> None:
    """By whom, and why."""
    trace = services.traces.write(_trace(model))
    services.traces.log_feedback(trace, PlanFeedback(by="ann", helpful=False, comment="the window is too short"))
    (said,) = MlflowClient(tracked.mlflow_url).get_trace(trace).info.assessments
    assert (said.name, said.value, said.rationale) == ("plan", False, "the window is too short")
    assert (said.source.source_type, said.source.source_id) == ("HUMAN", "ann")


def test_feedback_on_no_trace_is_refused(services: LazyServices) -> None:
    """It names the trace."""
    with refusal(BadInputError, field="trace", value="tr-nothing"):
        services.traces.log_feedback("tr-nothing", PlanFeedback(by="ann", helpful=True, comment="good"))


def test_a_model_without_experiment_can_be_tried_again(services: LazyServices) -> None:
    """The training job makes the experiment."""
    with refusal(ServiceUnavailableError, "/Shared/nightshift/nobody", service="MLflow"):
        services.traces.write(_trace("nobody"))
