"""Databricks job notifications (webhooks of a job or a task).

Source: docs.databricks.com/jobs/notifications.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.response.alert import AlertMessage, Severity
from nightshift.triggers.alert_schemas.payload import alert_message, read

MARK = "event_type"
_WHERE = "Databricks job notification"
_Event = Literal[
    "jobs.on_failure",
    "jobs.on_duration_warning_threshold_exceeded",
    "jobs.on_streaming_backlog_exceeded",
    "jobs.on_start",
    "jobs.on_success",
]
_NO_TROUBLE = ("jobs.on_start", "jobs.on_success")
# None: Databricks says only that it failed; the responder's rules judge that.
_TROUBLES: dict[str, tuple[str, Severity | None]] = {
    "jobs.on_failure": ("failed", None),
    "jobs.on_duration_warning_threshold_exceeded": ("runs longer than its threshold", "warning"),
    "jobs.on_streaming_backlog_exceeded": ("falls behind its stream", "warning"),
}
_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class NoTroubleError(NightshiftError):
    """A notification that says that all is well; there is nothing to raise."""

    code = "no_trouble"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


class _Run(_Section):
    run_id: _Id


class _Job(_Section):
    job_id: _Id
    name: str | None = None


class _Task(_Section):
    task_key: str


class _Notification(_Section):
    event_type: _Event
    workspace_id: _Id
    run: _Run
    job: _Job
    task: _Task | None = None


def from_databricks(document: Mapping[str, object], *, received_at: datetime) -> AlertMessage:
    """Read a notification; the identity is workspace, run and event. It carries no time: that is when it came.

    Raises:
        BadInputError: a field is missing or breaks a rule.
        NoTroubleError: a run has started or succeeded.
    """
    texts = read(_Notification, document, _WHERE)
    job = texts.job.name or texts.job.job_id
    if texts.event_type in _NO_TROUBLE:
        raise NoTroubleError(f"{texts.event_type} of job {job[:100]!r}: says that all is well; nothing is raised")
    what, severity = _TROUBLES[texts.event_type]
    event = texts.event_type.removeprefix("jobs.")
    task = f" task {texts.task.task_key}" if texts.task else ""
    return alert_message(
        {
            "alert_id": f"databricks-{texts.workspace_id}-{texts.run.run_id}-{event}",
            "category": "pipeline",
            "source": "databricks-jobs",
            # One trouble per job and event, whatever the job is called today.
            "rule": f"{event} of job {texts.job.job_id}",
            "severity": severity,
            "title": f"job {job}{task} {what}",
            "detail": (
                f"run {texts.run.run_id} of job {texts.job.job_id} ({job}){task} in workspace {texts.workspace_id}"
            ),
            "fired_at": received_at,
        },
        _WHERE,
    )
