"""Databricks job notifications."""

from datetime import timedelta
from typing import Any

import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.triggers.alert_schemas.databricks_job import NoTroubleError, from_databricks
from tests.unit.triggers.alert_schemas.examples import JOB_FAILURE, RECEIVED, changed

WARNING = {"event_type": "jobs.on_duration_warning_threshold_exceeded"}


def test_a_failure_is_a_pipeline_alert() -> None:
    """It names job and run; how bad it is the rules decide."""
    alert = from_databricks(JOB_FAILURE, received_at=RECEIVED)
    assert alert.alert_id == "databricks-1234567890-41847992357943-on_failure"
    assert (alert.category, alert.model, alert.severity, alert.fired_at) == ("pipeline", None, None, RECEIVED)
    assert (alert.title, alert.rule) == ("job nightshift-training failed", "on_failure of job 281874479417551")


def test_a_long_run_is_a_warning_of_its_own() -> None:
    """The failure that may follow is another alert of the same run."""
    warning = from_databricks(changed(JOB_FAILURE, WARNING), received_at=RECEIVED)
    assert warning.severity == "warning"
    assert warning.key != from_databricks(JOB_FAILURE, received_at=RECEIVED).key


def test_its_identity_is_the_run() -> None:
    """A second delivery, later, is the same alert; another run is another."""
    first = from_databricks(JOB_FAILURE, received_at=RECEIVED)
    again = from_databricks(JOB_FAILURE, received_at=RECEIVED + timedelta(hours=1))
    other = from_databricks(changed(JOB_FAILURE, {"run/run_id": 2}), received_at=RECEIVED)
    assert again.message_id == first.message_id
    assert other.message_id != first.message_id


def test_a_task_is_reported() -> None:
    """A task's notification carries its key and its own run."""
    task = changed(JOB_FAILURE, {"task": {"task_key": "score"}, "run": {"run_id": 5, "parent_run_id": 4}})
    alert = from_databricks(task, received_at=RECEIVED)
    assert (alert.alert_id, alert.title) == (
        "databricks-1234567890-5-on_failure",
        "job nightshift-training task score failed",
    )


@pytest.mark.parametrize("event", ["jobs.on_start", "jobs.on_success"])
def test_good_news_is_no_alert(event: str) -> None:
    """Nothing is raised when a run starts or succeeds."""
    with pytest.raises(NoTroubleError, match=event):
        from_databricks(changed(JOB_FAILURE, {"event_type": event}), received_at=RECEIVED)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"event_type": "jobs.on_holiday"}, "event_type"),
        ({"event_type": None}, "event_type"),
        ({"run": None}, "run"),
        ({"run": {}}, "run.run_id"),
        ({"run/run_id": "../1"}, "run.run_id"),
        ({"run/run_id": 1.5}, "run.run_id"),
        ({"job/job_id": ""}, "job.job_id"),
        ({"workspace_id": None}, "workspace_id"),
    ],
)
def test_what_breaks_a_rule_is_named(changes: dict[str, Any], field: str) -> None:
    """The error names the field by its path."""
    with pytest.raises(BadInputError) as caught:
        from_databricks(changed(JOB_FAILURE, changes), received_at=RECEIVED)
    assert caught.value.fields["field"] == field
