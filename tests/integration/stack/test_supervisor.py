"""Real small processes under supervision."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from local_host.stack import RunningStack, StackError, StackEvent
from local_host.stack.component import Component, RestartPolicy
from local_host.stack.leftovers import end_components, end_everything
from local_host.stack.process_table import ProcessRecord, ProcessTable
from local_host.stack.state_folder import StateFolder
from local_host.stack.supervisor import Supervisor
from tests.integration.stack.dummy_component import dummy_component

Eventually = Callable[[Callable[[], bool]], None]


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    """A state folder."""
    folder = StateFolder(tmp_path / "state")
    folder.create()
    return folder


@contextmanager
def supervised(folder: StateFolder, *components: Component, grace: float = 10.0) -> Iterator[list[StackEvent]]:
    """The components, started; yields what the supervisor tells."""
    events: list[StackEvent] = []
    supervisor = Supervisor(folder, components, events.append, grace=grace)
    supervisor.start()
    try:
        yield events
    finally:
        supervisor.stop()


def table(folder: StateFolder) -> ProcessTable:
    """What is on disk."""
    loaded = ProcessTable.load(folder)
    assert loaded is not None
    return loaded


def process_of(folder: StateFolder, name: str) -> psutil.Process:
    """A component's living process."""
    record = table(folder).components[name].process
    assert record is not None
    process = record.find()
    assert process is not None
    return process


def test_components_start_in_order_and_end_in_the_opposite_order(folder: StateFolder) -> None:
    """A component starts when those before it are ready, has its log, and nothing is left in the end."""
    first, second = dummy_component(folder, "first"), dummy_component(folder, "second", after=("first", "elsewhere"))
    with supervised(folder, first, second) as events:
        told = [(event.kind, event.component) for event in events]
        assert told == [("starting", "first"), ("ready", "first"), ("starting", "second"), ("ready", "second")]
        assert [record.state for record in table(folder).components.values()] == ["ready", "ready"]
        assert first.log.read_text() == "dummy_started mode=serve\n"
    ended = [event.component for event in events if event.kind == "stopped"]
    assert ended == ["second", "first"]
    assert table(folder).everything() == []
    assert [record.state for record in table(folder).components.values()] == ["stopped", "stopped"]


def test_a_killed_component_comes_back(folder: StateFolder, eventually: Eventually) -> None:
    """Also if a child of it still holds its port."""
    with supervised(folder, dummy_component(folder, "parent", "child"), dummy_component(folder, "other")) as events:
        killed, other = process_of(folder, "parent"), process_of(folder, "other")
        killed.kill()
        eventually(lambda: [event.kind for event in events].count("ready") == 3)
        assert process_of(folder, "parent") != killed
        assert process_of(folder, "other") == other
        record = table(folder).components["parent"]
        assert (record.state, record.restarts, record.last_exit) == ("ready", 1, "signal 9")


def test_restarts_are_limited(folder: StateFolder, eventually: Eventually) -> None:
    """A component that always fails is not started all the time."""
    policy = RestartPolicy(first_delay=0.0, longest_delay=0.0, max_per_minute=2)
    with supervised(folder, dummy_component(folder, "weak", "once", restart=policy)) as events:
        eventually(lambda: [event.kind for event in events].count("exited") == 3)
        details = [event.detail for event in events if event.kind == "exited"]
        assert details[:2] == ["exit code 4; restart in 0.0 s"] * 2
        assert float(details[2].split()[-2]) > 1.0
        assert table(folder).components["weak"].state == "waiting"


@pytest.mark.parametrize(
    ("mode", "settings", "code", "message"),
    [
        ("fail", {}, "component_failed", "broken ended with exit code 3 at its start"),
        ("silent", {"ready_within": 0.5}, "component_not_ready", "broken was not ready within 0.5 s: nobody listens"),
    ],
)
def test_a_failed_start_says_why_and_leaves_nothing(
    folder: StateFolder, mode: str, settings: dict[str, object], code: str, message: str
) -> None:
    """The error has the component's last words."""
    components = [dummy_component(folder, "good"), dummy_component(folder, "broken", mode, **settings)]
    with pytest.raises(StackError) as raised, supervised(folder, *components):
        pass
    assert raised.value.code == code
    assert raised.value.message.startswith(message)
    assert f"dummy_started mode={mode}" in raised.value.message
    assert table(folder).everything() == []


def test_a_command_that_does_not_exist_is_a_clear_error(folder: StateFolder) -> None:
    """Not a bare FileNotFoundError."""
    component = replace(dummy_component(folder, "gone"), command=("/does/not/exist",))
    with pytest.raises(StackError, match="gone cannot be started: .*No such file"), supervised(folder, component):
        pass


def test_what_does_not_end_is_killed(folder: StateFolder) -> None:
    """SIGTERM first, SIGKILL after the grace time."""
    with supervised(folder, dummy_component(folder, "stubborn", "stubborn"), grace=0.2):
        process = process_of(folder, "stubborn")
    assert not process.is_running()


def test_logs_are_rotated_at_the_start(folder: StateFolder) -> None:
    """The log of the run before stays beside the new one."""
    component = dummy_component(folder, "first")
    component.log.write_text("before\n")
    with supervised(folder, component):
        assert component.log.read_text() == "dummy_started mode=serve\n"
    assert component.log.with_name("first.log.1").read_text() == "before\n"


@pytest.fixture
def killed_supervisor(folder: StateFolder, root: Path) -> Iterator[ProcessTable]:
    """A supervisor that was killed with its components running."""
    command = [sys.executable, "-m", "tests.integration.stack.dummy_supervisor", str(folder.path)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        os.kill(process.pid, signal.SIGKILL)
    yield table(folder)
    end_everything(folder, lambda _event: None)


def test_a_new_start_ends_the_leftovers_of_a_killed_supervisor(
    folder: StateFolder, killed_supervisor: ProcessTable
) -> None:
    """The components end; work that survives a kill goes on, and is ended with the next stack."""
    # Three: two components and the task that one of them has started.
    assert len(killed_supervisor.everything()) == 3
    events: list[StackEvent] = []
    end_components(folder, events.append)
    assert [(event.kind, event.component) for event in events] == [
        ("leftover_ended", "durable"),
        ("leftover_ended", "plain"),
    ]
    (task,) = killed_supervisor.everything()
    with supervised(folder, dummy_component(folder, "plain")):
        assert task in table(folder).everything()
    assert table(folder).everything() == []


def test_down_ends_the_leftovers_of_a_killed_supervisor(folder: StateFolder, killed_supervisor: ProcessTable) -> None:
    """All of them, and then nothing runs there."""
    running = RunningStack.find(folder)
    assert running.supervised is False
    assert set(running.components()) == {"plain", "durable"}
    running.down()
    assert killed_supervisor.everything() == []
    with pytest.raises(StackError) as raised:
        RunningStack.find(folder)
    assert raised.value.code == "not_running"


def test_a_strangers_process_is_never_ended(folder: StateFolder) -> None:
    """A recorded pid that belongs to another process by now is left alone."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as stranger:
        record = ProcessRecord(stranger.pid, psutil.Process(stranger.pid).create_time())
        with supervised(folder, dummy_component(folder, "first")):
            pass
        before = table(folder)
        before.components["first"].process = record
        before.save(folder)
        end_components(folder, lambda _event: None)
        end_everything(folder, lambda _event: None)
        assert stranger.poll() is None
        assert ProcessRecord(stranger.pid, record.created_at - 3600.0).find() is None
        assert record.find() is not None
        stranger.communicate(b"\n")
