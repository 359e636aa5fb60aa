"""Views for tests, full of texts that would run as scripts if a page let them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from nightshift.domain.lifecycle.evidence import Evidence, Interval, MetricComparison, SliceComparison
from nightshift.domain.platform.view import IncidentView, RunDetail, RunSummary, TimelineStep
from nightshift.domain.reviews.packet import FeatureDrift, Link, ReviewPacket
from nightshift.pages.chart import bars
from nightshift.pages.rendering import Frame
from nightshift.pages.views import FrontView, IncidentPageView, ModelState, OpenReview, ReviewView, RunView, StoryEntry
from tests.support.incident_examples import alert, incident
from tests.support.review_examples import make_review

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"
QUOTE = "\"' onmouseover=alert(2) x='"
RUNS_SCRIPT = "javascript:alert(3)"
FRAME = Frame(visitor=f"ann{SCRIPT}", roles=frozenset({"Reviewer", "Operator"}), token="t" * 64, path="/x")


def evidence(**given: Any) -> Evidence:
    """Better on rmse, worse on mae, and a column whose name is a script."""
    fields: dict[str, Any] = {
        "model": "m",
        "challenger_version": "2",
        "champion_version": "1",
        "rows": 200,
        "metrics": (
            MetricComparison(
                name="rmse", tracked=True, champion=10.0, challenger=8.0, verdict="better",
                difference=Interval(low=-2.5, high=-1.5),
            ),
            MetricComparison(
                name="r2", tracked=True, champion=0.5, challenger=0.4, verdict="worse",
                difference=Interval(low=-0.2, high=-0.05),
            ),
        ),
        "slices": (
            SliceComparison(
                column=SCRIPT, value=QUOTE, rows=50, metric="rmse", champion=5.0, challenger=7.0, verdict="worse"
            ),
        ),
        "score_run": "s",
        "train_run": "t",
        "evaluation_set_digest": "5" * 64,
        "predictions_digest": "6" * 64,
        "dataset_digest": "7" * 64,
        "data_source": SCRIPT,
        "policy_digest": "8" * 64,
        "spec_digest": "9" * 64,
    }  # fmt: skip
    return Evidence(**(fields | given))


def review_view(**given: Any) -> ReviewView:
    """A packet on one screen; what is given replaces fields of the view."""
    found = evidence()
    packet = ReviewPacket(
        review=make_review(reason=SCRIPT),
        evidence=found,
        better=("rmse",),
        worse=("r2",),
        losing_slices=found.slices,
        drift=(FeatureDrift(column=SCRIPT, psi=0.3, p=0.02),),
        data_quality=(),
        data_source=SCRIPT,
        due_at=NOW + timedelta(hours=2),
        next_step=None,
        if_nobody_answers=("it expires",),
        cost_of_waiting=("much",),
        stale=(),
        entries=(),
        links=(Link(title=SCRIPT, url=RUNS_SCRIPT), Link(title="MLflow", url="https://mlflow.example/1")),
        missing=(SCRIPT,),
    )
    fields: dict[str, Any] = {"packet": packet, "now": NOW, "bars": bars(found), "may_decide": True}
    return ReviewView(**(fields | given))


def run_summary(**given: Any) -> RunSummary:
    """A run that has failed."""
    fields: dict[str, Any] = {
        "run": "lifecycle-m-1", "model": "m", "state": "completed", "outcome": "failed", "reason": SCRIPT, "step": "",
        "started_at": NOW - timedelta(hours=1), "updated_at": NOW,
    }  # fmt: skip
    return RunSummary(**(fields | given))


def run_view() -> RunView:
    """The run with one step that was tried twice."""
    step = TimelineStep(
        name="validate_data", kind="activity", started_at=NOW, ended_at=NOW, seconds=0.5, attempts=2,
        input={"file": SCRIPT}, result=SCRIPT, error=SCRIPT,
    )  # fmt: skip
    detail = RunDetail(**run_summary().model_dump(), input={"a": SCRIPT}, output=SCRIPT, steps=(step,))
    return RunView(run=detail, links=(Link(title=SCRIPT, url=RUNS_SCRIPT),), review_id=QUOTE)


def incident_view(**given: Any) -> IncidentPageView:
    """An incident whose alert was written by somebody who means ill."""
    hostile = incident(title=SCRIPT, reason=QUOTE, runbook=RUNS_SCRIPT, alert=alert(title=SCRIPT, detail=SCRIPT))
    fields: dict[str, Any] = {
        "found": IncidentView(incident=hostile, occurrences=(hostile.alert,), entries=()),
        "undo": None,
        "undoable": True,
        "allowed": frozenset({"acknowledge", "resolve"}),
        "may_act": True,
        "may_undo": True,
    }
    return IncidentPageView(**(fields | given))


def front_view(incidents: int = 1, entries: int = 1) -> FrontView:
    """A night with as many open incidents and entries of the story as asked for."""
    return FrontView(
        now=NOW,
        since=NOW - timedelta(hours=12),
        reviews=(OpenReview("r1", "m", "2", SCRIPT, NOW, timedelta(hours=2, minutes=5)),),
        incidents=tuple(incident(incident_id=f"i{number}", title=SCRIPT) for number in range(incidents)),
        more_incidents=0,
        models=(ModelState("m", "1", NOW, "2", run_summary(), 3, SCRIPT, RUNS_SCRIPT),),
        story=tuple(StoryEntry(NOW, "m", SCRIPT, "/runs/r1", "bad") for _ in range(entries)),
        left_out=2,
        links=(Link(title="MLflow", url="http://mlflow.example"),),
        trouble=(SCRIPT,),
    )
