"""Running activities on the event loop."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from local_host.durable.activity_runner import ActivityRunner, failure_of
from local_host.durable.work import ActivityWork, Failure


class Ended:
    """Collects what ended, and tells when all has."""

    def __init__(self, count: int) -> None:
        self.results: dict[int, str | None] = {}
        self.failures: dict[int, Failure] = {}
        self._left = count
        self.all = asyncio.Event()

    def succeeded(self, work: ActivityWork, result: str | None) -> None:
        self.results[work.task_id] = result
        self._count()

    def failed(self, work: ActivityWork, failure: Failure) -> None:
        self.failures[work.task_id] = failure
        self._count()

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            self.all.set()


def works(count: int, name: str = "f") -> list[ActivityWork]:
    return [ActivityWork("i", "e", task_id, name, str(task_id)) for task_id in range(count)]


async def test_no_more_than_the_limit_run_at_once() -> None:
    """The others wait their turn, in order."""
    running, most, order = 0, 0, list[str | None]()

    async def counts(value: str | None) -> str | None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        order.append(value)
        await asyncio.sleep(0)
        running -= 1
        return value

    ended = Ended(20)
    ActivityRunner({"f": counts}, 3, ended.succeeded, ended.failed).submit(works(20))
    await ended.all.wait()
    assert most == 3
    assert order == [str(task_id) for task_id in range(20)]
    assert ended.results == {task_id: str(task_id) for task_id in range(20)}


async def test_failure_and_unknown_name_are_failures() -> None:
    """Neither stops the runner."""

    async def fails(_: str | None) -> str | None:
        raise RuntimeError("ValueError: no such file")

    ended = Ended(2)
    runner = ActivityRunner({"f": fails}, 3, ended.succeeded, ended.failed)
    runner.submit([*works(1), ActivityWork("i", "e", 1, "absent", None)])
    await ended.all.wait()
    assert ended.failures[0].reason == "Activity function 'f' failed:  ValueError: no such file"
    assert ended.failures[1].reason.startswith(
        "Activity function 'absent' failed:  The function 'absent' doesn't exist"
    )


async def test_activity_that_cancels_itself_has_failed() -> None:
    """Its instance is told, and not left waiting."""

    async def cancels(_: str | None) -> str | None:
        raise asyncio.CancelledError

    ended = Ended(1)
    ActivityRunner({"f": cancels}, 1, ended.succeeded, ended.failed).submit(works(1))
    await ended.all.wait()
    assert ended.failures[0].reason == "Activity function 'f' failed:  CancelledError: the activity was cancelled"


async def test_stop_waits_a_moment_then_cuts_off(caplog: pytest.LogCaptureFixture) -> None:
    """What ends in time is told; what is cut off is not, so that it runs again after the restart."""
    release = asyncio.Event()

    async def waits(value: str | None) -> str | None:
        await (release.wait() if value == "0" else asyncio.Event().wait())
        return value

    ended = Ended(1)
    runner = ActivityRunner({"f": waits}, 2, ended.succeeded, ended.failed)
    runner.submit(works(3))
    await asyncio.sleep(0)
    release.set()
    await runner.stop(timedelta(milliseconds=50))
    assert ended.results == {0: "0"}
    assert ended.failures == {}
    assert "activities_cut_off count=1" in caplog.text


def test_details_are_the_traceback_of_the_cause() -> None:
    """A wrapper's own frames say nothing; a message without text falls back on the class."""
    try:
        try:
            raise ValueError("inner")
        except ValueError as error:
            raise RuntimeError("ValueError: inner") from error
    except RuntimeError as error:
        failure = failure_of("f", error)
    assert failure.reason == "Activity function 'f' failed:  ValueError: inner"
    assert failure.details.endswith("ValueError: inner\n")
    assert "RuntimeError" not in failure.details
    assert failure_of("f", KeyError()).reason == "Activity function 'f' failed:  KeyError"
