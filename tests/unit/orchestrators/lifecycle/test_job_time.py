"""How long a job run may take, in virtual time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_host.testing.hand_driven import HandDriven
from nightshift.domain.lifecycle.job import JobRun, JobStatus
from nightshift.domain.lifecycle.run import JobPolled, TriggerRequest
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.spec import Polling
from nightshift.domain.platform.step import JobSettings, RetryPolicy
from nightshift.domain.uploads.upload import BlobRef
from orchestrators.lifecycle.job import run_job
from orchestrators.platform.calls import Orchestration

HOUR = 3600.0
SETTINGS = JobSettings(
    job="j", max_attempts=1, retry_seconds=60, polling=Polling(first_seconds=60, max_seconds=60, timeout_seconds=HOUR)
)
ORDER = TriggerRequest(
    model="m", run="lifecycle-m-1", job="j", purpose="train", attempt=1, dataset=BlobRef(container="silver", name="m")
)


def _job(context: Any) -> Any:
    end = yield from run_job(Orchestration(context, RetryPolicy(attempts=2, seconds=15)), ORDER, SETTINGS)
    return {"failure": end.failure.code if end.failure else "", "seconds": end.seconds}


def _bounded(context: Any) -> Any:
    """Two attempts that may take an hour together."""
    settings = SETTINGS.model_copy(update={"max_attempts": 2})
    orchestration = Orchestration(context, RetryPolicy(attempts=2, seconds=15))
    end = yield from run_job(orchestration, ORDER, settings, most_seconds=HOUR)
    return {"failure": end.failure.code if end.failure else "", "seconds": end.seconds}


class Workspace:
    """A job run that ends when it is told to."""

    def __init__(self) -> None:
        self.state: Any = "running"
        self.seconds = 5.0
        self.running_seconds: float | None = None
        self.canceled = 0

    def bodies(self) -> dict[str, Callable[[Any], Any]]:
        """The activities that ask it."""
        return {
            "trigger_databricks_job": lambda _: JobRun(run_id=7).to_json(),
            "poll_job_status": lambda _: self._poll().to_json(),
            "cancel_databricks_job": lambda _: self._cancel().to_json(),
        }

    def _poll(self) -> Message:
        if isinstance(self.state, Exception):
            raise self.state
        running = None if self.state != "running" else self.running_seconds
        return JobPolled(
            status=JobStatus(
                run_id=7,
                state=self.state,
                seconds=self.seconds,
                running_seconds=running,
            )
        )

    def _cancel(self) -> Message:
        self.canceled += 1
        return JobRun(run_id=7)


@pytest.fixture
def workspace() -> Workspace:
    """A job run."""
    return Workspace()


@pytest.fixture
def engine(workspace: Workspace, tmp_path: Path) -> Iterator[HandDriven]:
    """An orchestration that runs the job, in virtual time."""
    made = HandDriven(tmp_path / "hub.db", {"job": _job, "bounded": _bounded}, workspace.bodies())
    yield made
    made.close()


def test_a_clock_that_jumps_cancels_no_healthy_job(engine: HandDriven, workspace: Workspace) -> None:
    """The host's clock is set ahead by an hour while the job runs, twice: the job ends well."""
    instance = engine.start("job", None)
    engine.run()
    for _ in range(2):
        engine.advance(seconds=60)
        engine.advance(seconds=HOUR + 60)
    workspace.state = "succeeded"
    engine.advance(seconds=60)
    assert workspace.canceled == 0
    assert engine.output(instance)["failure"] == ""


def test_a_clock_that_is_set_back_makes_one_wait_longer(engine: HandDriven, workspace: Workspace) -> None:
    """By an hour while the job runs: the look under way comes an hour later, once, and the next ones as always."""
    instance = engine.start("job", None)
    engine.run()
    engine.advance(seconds=-HOUR)
    engine.advance(seconds=HOUR + 59)
    assert engine.calls[instance, "poll_job_status"] == 1
    for polls in (2, 3, 4):
        engine.advance(seconds=1 if polls == 2 else 60)
        assert engine.calls[instance, "poll_job_status"] == polls
    workspace.state = "succeeded"
    engine.advance(seconds=60)
    assert (engine.output(instance)["failure"], workspace.canceled) == ("", 0)


def test_a_clock_that_is_set_back_hides_no_overdue_job_for_longer(engine: HandDriven, workspace: Workspace) -> None:
    """The look that comes an hour late finds it, by Databricks' own figure."""
    instance = engine.start("job", None)
    workspace.running_seconds = 0.0
    engine.run()
    engine.advance(seconds=-HOUR)
    workspace.running_seconds = HOUR + 60
    engine.advance(seconds=HOUR + 60)
    assert workspace.canceled == 1
    assert engine.output(instance) == {"failure": "job_overdue", "seconds": HOUR + 60}


def test_databricks_says_how_long_it_has_run(engine: HandDriven, workspace: Workspace) -> None:
    """By its own start and its own clock: a run that has had its time is canceled, whatever the host's clock says."""
    instance = engine.start("job", None)
    workspace.running_seconds = HOUR - 30
    engine.run()
    assert workspace.canceled == 0
    workspace.running_seconds = HOUR
    engine.advance(seconds=30)
    assert workspace.canceled == 1
    assert engine.output(instance) == {"failure": "job_overdue", "seconds": HOUR}


@pytest.mark.parametrize("away", [False, True], ids=["in sight", "out of sight"])
def test_without_that_figure_the_waits_count(engine: HandDriven, workspace: Workspace, away: bool) -> None:
    """The limit holds for a job whose start is not known, and while Databricks does not answer."""
    workspace.state = ValueError("away") if away else "running"
    instance = engine.start("job", None)
    engine.run()
    for _ in range(200):
        engine.advance(seconds=30)
        if engine.status(instance).is_final:
            break
    assert engine.output(instance)["failure"] == "job_overdue"
    assert HOUR <= engine.output(instance)["seconds"] < HOUR + 120


def test_a_second_attempt_has_what_the_first_has_left(engine: HandDriven, workspace: Workspace) -> None:
    """The platform lost the first one after forty minutes of an hour: the next one is canceled after twenty."""
    workspace.state, workspace.seconds = "internal_error", 40 * 60
    instance = engine.start("bounded", None)
    engine.run()
    workspace.state = "running"
    engine.advance(seconds=SETTINGS.retry_seconds)
    for minute in range(20):
        assert workspace.canceled == 0, f"canceled after {minute} minutes"
        engine.advance(seconds=60)
    assert workspace.canceled == 1
    assert engine.output(instance) == {"failure": "job_overdue", "seconds": HOUR}
