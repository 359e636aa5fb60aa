"""Databricks job runs as Nightshift sees them."""

from typing import Literal

from nightshift.domain.platform.message import Message

JobState = Literal["pending", "running", "succeeded", "failed", "timed_out", "canceled", "skipped", "internal_error"]
FINISHED: frozenset[JobState] = frozenset({"succeeded", "failed", "timed_out", "canceled", "skipped", "internal_error"})
# The platform failed, not the code: the same run may succeed on another cluster. The job's own code is never run again
# by us when it fails or exceeds its time; a canceled run was somebody's wish.
TRANSIENT: frozenset[JobState] = frozenset({"internal_error", "skipped"})
# In the error text of a task whose code has met an outage of MLflow or storage (nightshift/training/jobs/process.py).
OUTAGE_MARK = "JobOutageError"


class JobOrder(Message):
    """One job run to start.

    Attributes:
        token: idempotency token; the same token never starts a second run.
        parameters: values of the job's declared parameters.
        only: task keys to run; empty runs all.
    """

    run: str
    model: str
    job: str
    token: str
    parameters: dict[str, str]
    only: tuple[str, ...] = ()


class JobRun(Message):
    """A started job run."""

    run_id: int
    url: str = ""


class JobStatus(Message):
    """The state of a job run.

    Attributes:
        error: the text of the user code's error, kept whole up to 4,000 characters.
        seconds: run time of a run that has ended; 0 before.
        running_seconds: time since the start of a run that has not ended, by Databricks' own clock; None if unknown.
    """

    run_id: int
    state: JobState
    message: str = ""
    error: str = ""
    url: str = ""
    seconds: float = 0.0
    running_seconds: float | None = None

    @property
    def finished(self) -> bool:
        """Whether the run has reached a terminal state."""
        return self.state in FINISHED

    @property
    def transient(self) -> bool:
        """Whether the platform failed, so that another attempt may succeed."""
        return self.state in TRANSIENT
