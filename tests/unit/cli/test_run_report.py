"""A run with its timeline, on a terminal."""

from datetime import timedelta

from nightshift.cli.rendering import TextConsole
from nightshift.cli.run_report import run_report
from nightshift.domain.platform.view import TimelineStep
from tests.unit.pages.examples import NOW, run_view


def _poll(second: int, state: str, name: str = "poll_job_status", error: str = "") -> TimelineStep:
    at = NOW.replace(hour=3, minute=0, second=second, microsecond=0)
    result = {"status": {"state": state}}
    return TimelineStep(
        name=name, kind="activity", started_at=at, ended_at=at + timedelta(seconds=1), seconds=1.0, attempts=1,
        result=result, error=error,
    )  # fmt: skip


def _shown(*steps: TimelineStep) -> list[list[str]]:
    run = run_view().run.model_copy(update={"steps": steps, "output": None})
    console = TextConsole(width=200)
    with console.capture() as capture:
        console.print(run_report(run))
    lines = capture.get().splitlines()
    return [line.split() for line in lines[lines.index(next(item for item in lines if item.startswith("step"))) + 1 :]]


def test_equal_polls_are_one_line() -> None:
    """With how many there were, from when to when; what differs is a line of its own, in its place."""
    found = _shown(
        _poll(0, "pending"), *(_poll(second, "running") for second in range(10, 20)), _poll(30, "succeeded"),
        _poll(31, "running"),
    )  # fmt: skip
    assert found == [
        ["poll_job_status", "03:00:00Z", "1.0", "1", "pending"],
        ["poll_job_status", "03:00:10Z", "to", "03:00:19Z", "10.0", "10", "running,", "polled", "10", "times"],
        ["poll_job_status", "03:00:30Z", "1.0", "1", "succeeded"],
        ["poll_job_status", "03:00:31Z", "1.0", "1", "running"],
    ]


def test_only_polls_that_went_well_are_put_together() -> None:
    """A step that is done twice was done twice, and so is a poll that failed twice."""
    again = [_poll(second, "running", name="submit_job") for second in (1, 2)]
    failed = [_poll(second, "running", error="no answer") for second in (3, 4)]
    assert len(_shown(*again, *failed)) == 4
