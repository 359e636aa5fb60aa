"""The writer thread: group commit, and nothing told before it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest

from local_host.durable.errors import FunctionNotFoundError
from local_host.durable.functions import DurableFunctions
from local_host.durable.schema import open_reader
from local_host.durable.settings import DurableSettings
from local_host.durable.task_hub import TaskHub
from local_host.durable.writer import Committed, Submission, Writer
from local_host.testing.hand_driven import OneThread

FUNCTIONS = DurableFunctions({"quick": df.Orchestrator.create(lambda _: None)}, {})


class Listener:
    """Settles answers as the engine does, and counts the commits that bring any."""

    def __init__(self) -> None:
        self.commits = 0
        self.failure: BaseException | None = None

    def on_commit(self, committed: Committed) -> None:
        self.commits += any(submission.answer is not None for submission in committed.submissions)
        for submission in committed.submissions:
            if submission.answer is not None:
                submission.answer.set_result(submission.error or submission.result)

    def on_failure(self, error: BaseException) -> None:
        self.failure = error


def ask(writer: Writer, command: Callable[[TaskHub], Any]) -> asyncio.Future[Any]:
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    writer.submit(Submission(command, answer))
    return answer


@pytest.fixture
async def started(tmp_path: Path) -> Any:
    """A started writer and its listener."""
    listener = Listener()
    writer = Writer(
        lambda tell: TaskHub(tmp_path / "hub.db", FUNCTIONS, DurableSettings(), OneThread(), tell), listener
    )
    await writer.start()
    yield writer, listener
    await writer.stop()


async def test_commands_that_wait_together_share_a_commit(started: Any) -> None:
    """A hundred commands queued while the writer is busy cost one commit, not a hundred."""
    writer, listener = started
    entered, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def busy(_: TaskHub) -> None:
        loop.call_soon_threadsafe(entered.set)
        go_on.wait(30)

    first = ask(writer, busy)
    await entered.wait()
    before = listener.commits
    answers = [ask(writer, lambda hub: hub.requests.start("quick", None, None, None)) for _ in range(100)]
    go_on.set()
    await asyncio.gather(first, *answers)
    assert listener.commits - before == 2
    assert len({answer.result() for answer in answers}) == 100


async def test_refused_command_leaves_the_others_of_its_group_alone(started: Any) -> None:
    """Each command is refused or done by itself."""
    writer, _ = started
    names = ["quick", "absent", "quick"]
    answers = [ask(writer, lambda hub, name=name: hub.requests.start(name, None, None, None)) for name in names]  # type: ignore[misc]
    results = await asyncio.gather(*answers)
    assert isinstance(results[1], FunctionNotFoundError)
    assert [isinstance(result, str) for result in results] == [True, False, True]


async def test_answer_comes_after_the_commit(started: Any, tmp_path: Path) -> None:
    """When a start is acknowledged, another connection sees it."""

    writer, _ = started
    instance_id = await ask(writer, lambda hub: hub.requests.start("quick", None, None, None))
    with closing(open_reader(tmp_path / "hub.db")) as reader:
        found = reader.execute("SELECT count(*) FROM instances WHERE instance_id = ?", (instance_id,)).fetchone()
    assert found == (1,)


async def test_commands_before_the_stop_are_done(tmp_path: Path) -> None:
    """A stop does not overtake what was asked before it."""
    listener = Listener()
    writer = Writer(
        lambda tell: TaskHub(tmp_path / "hub.db", FUNCTIONS, DurableSettings(), OneThread(), tell), listener
    )
    await writer.start()
    answer = ask(writer, lambda hub: hub.requests.start("quick", None, "one", None))
    await writer.stop()
    assert await answer == "one"
