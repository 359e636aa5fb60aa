"""Real small processes under supervision."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import httpx
import psutil
import pytest

from local_host.stack import RunningStack, StackError, StackEvent, doctor
from local_host.stack.component import Component, LivenessPolicy, RestartPolicy
from local_host.stack.leftovers import end_everything, find_leftovers
from local_host.stack.process_table import ProcessRecord, ProcessTable
from local_host.stack.state_folder import StateFolder
from local_host.stack.supervisor import Supervisor

from .dummy_component import dummy_component

Eventually = Callable[[Callable[[], bool]], None]
TESTS = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    """A state folder."""
    folder = StateFolder(tmp_path / "state")
    folder.create()
    return folder


@contextmanager
def supervised(
    folder: StateFolder, *components: Component, grace: float = 10.0, log_bytes: int = 100_000
) -> Iterator[list[StackEvent]]:
    """The components, started; yields what the supervisor tells."""
    events: list[StackEvent] = []
    supervisor = Supervisor(folder, components, events.append, grace=grace, log_bytes=log_bytes)
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


def test_components_start_in_order_and_end_in_the_opposite_order(folder: StateFolder, eventually: Eventually) -> None:
    """A component starts when those before it are ready, has its log, and nothing is left in the end."""
    first, second = dummy_component(folder, "first"), dummy_component(folder, "second", after=("first", "elsewhere"))
    with supervised(folder, first, second) as events:
        told = [(event.kind, event.component) for event in events]
        assert told == [("starting", "first"), ("ready", "first"), ("starting", "second"), ("ready", "second")]
        assert [record.state for record in table(folder).components.values()] == ["ready", "ready"]
        eventually(lambda: first.log.exists() and first.log.read_text() == "dummy_started mode=serve\n")
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


# On a loaded machine a healthy component may need a second, and one that works may get little of the processor.
QUICK = LivenessPolicy(interval=0.05, answer_within=2.0, idle_failures=3, busy_failures=100_000, idle_share=0.001)


@pytest.mark.parametrize("survives_kill", [False, True])
def test_a_component_that_does_not_answer_is_restarted(
    folder: StateFolder, eventually: Eventually, *, survives_kill: bool
) -> None:
    """A process that was stopped lives; it is ended all the same, and the record says why. The others go on."""
    frozen = dummy_component(folder, "frozen", liveness=QUICK, survives_kill=survives_kill)
    with supervised(folder, frozen, dummy_component(folder, "other", liveness=QUICK), grace=0.2) as events:
        stopped, other = process_of(folder, "frozen"), process_of(folder, "other")
        stopped.suspend()
        eventually(lambda: [event.kind for event in events].count("ready") == 3)
        assert not stopped.is_running()
        assert process_of(folder, "other") == other
        record = table(folder).components["frozen"]
        assert (record.state, record.restarts) == ("ready", 1)
        assert record.last_exit is not None
        assert record.last_exit.startswith("no answer to 3 questions in a row: http://127.0.0.1:")
        kinds = [event.kind for event in events if event.component == "frozen"]
        assert kinds == ["starting", "ready", "unhealthy", "exited", "restarting", "ready"]


def test_a_component_that_works_and_does_not_answer_is_left_alone_for_a_while(
    folder: StateFolder, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    """What a loaded machine looks like: the process uses the processor and comes to no answer."""
    component = dummy_component(folder, "busy", "spin", liveness=QUICK)
    with supervised(folder, component):
        busy = process_of(folder, "busy")
        eventually(lambda: len(_unanswered(caplog)) > 2 * QUICK.idle_failures)
        assert process_of(folder, "busy") == busy
        assert table(folder).components["busy"].restarts == 0


def _unanswered(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [message for message in caplog.messages if message.startswith("component_unanswered component=busy")]


def test_logs_are_rotated_while_the_component_runs(folder: StateFolder, eventually: Eventually) -> None:
    """By size, between lines, and none is lost; a restarted component goes on in the same log."""
    component = dummy_component(folder, "talkative", "talk", liveness=replace(QUICK, interval=0.0))
    with supervised(folder, component, log_bytes=700) as events:
        oldest = component.log.with_name("talkative.log.3")
        eventually(lambda: component.log.with_name("talkative.log.1").exists())
        process_of(folder, "talkative").kill()
        eventually(lambda: [event.kind for event in events].count("ready") == 2)
        eventually(lambda: "dummy_started" not in component.log.read_text() and oldest.exists())
    files = [component.log.with_name(name) for name in ("talkative.log.2", "talkative.log.1", "talkative.log")]
    assert all(file.stat().st_size <= 700 for file in (oldest, *files))
    words = [line.split() for file in files for line in file.read_text().splitlines()]
    numbers = [int(word[1]) for word in words if word[0] == "request"]
    assert all(len(word) == 3 and word[2] == "x" * 60 for word in words if word[0] == "request")
    breaks = [later for earlier, later in pairwise(numbers) if later != earlier + 1]
    assert breaks in ([], [1])


def test_a_watchdog_that_was_killed_is_started_again(
    folder: StateFolder, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The components go on, and their lines still come to their logs."""
    monkeypatch.setattr("local_host.stack.supervisor._WATCHDOG_SECONDS", 0.05)
    component = dummy_component(folder, "talkative", "talk", liveness=replace(QUICK, interval=0.0))
    # The test run has a watchdog of its own.
    before = psutil.Process().children()
    with supervised(folder, component):
        process = process_of(folder, "talkative")
        started = [child for child in psutil.Process().children() if child not in before]
        (watchdog,) = [child for child in started if "local_host.watchdog" in child.cmdline()]
        watchdog.kill()
        size = component.log.stat().st_size
        eventually(lambda: component.log.stat().st_size > size + 1000)
        assert process_of(folder, "talkative") == process


def test_logs_are_rotated_at_the_start(folder: StateFolder, eventually: Eventually) -> None:
    """The log of the run before stays beside the new one."""
    component = dummy_component(folder, "first")
    component.log.write_text("before\n")
    with supervised(folder, component):
        eventually(lambda: component.log.exists() and component.log.read_text() == "dummy_started mode=serve\n")
    assert component.log.with_name("first.log.1").read_text() == "before\n"


@contextmanager
def running_supervisor(folder: StateFolder) -> Iterator[subprocess.Popen[str]]:
    """A supervisor in a process of its own, with its components and a task that one of them has started."""
    command = [sys.executable, "-m", "integration.stack.dummy_supervisor", str(folder.path)]
    with subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            yield process
        finally:
            process.kill()


def _kill_with_watchdog(supervisor: subprocess.Popen[str]) -> None:
    (watchdog,) = [one for one in psutil.Process(supervisor.pid).children() if "local_host.watchdog" in one.cmdline()]
    # Stopped first, so that it cannot see its owner's end.
    watchdog.suspend()
    supervisor.kill()
    watchdog.kill()
    supervisor.wait()


def test_components_end_with_a_killed_supervisor(folder: StateFolder, eventually: Eventually) -> None:
    """SIGKILL: also what a component has started in a session of its own, and a process that is stopped."""
    with running_supervisor(folder) as process:
        everything = table(folder).everything()
        assert len(everything) == 3
        process_of(folder, "plain").suspend()
        process.kill()
        eventually(lambda: table(folder).everything() == [])
        assert not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in everything)
    with pytest.raises(StackError) as raised:
        RunningStack.find(folder)
    assert raised.value.code == "not_running"


def test_components_and_logs_go_on_while_the_supervisor_is_suspended(
    folder: StateFolder, eventually: Eventually
) -> None:
    """Their output does not go through it: more than a pipe holds is in the log, and afterwards all is as it was."""
    with running_supervisor(folder) as process:
        log = folder.logs / "plain.log"
        before = table(folder).everything()
        psutil.Process(process.pid).suspend()
        port = process_of(folder, "plain").cmdline()[2]
        with httpx.Client(trust_env=False) as client:
            for _ in range(1500):
                assert client.get(f"http://127.0.0.1:{port}/").status_code == 200
        eventually(lambda: log.read_text().count("request ") >= 1500)
        psutil.Process(process.pid).resume()
        assert table(folder).everything() == before


def test_a_new_start_and_the_killed_ones_watchdog_do_not_disturb_each_other(
    folder: StateFolder, eventually: Eventually
) -> None:
    """The watchdog ends what its own supervisor has started, and nothing of the next one."""
    with running_supervisor(folder) as process:
        old = table(folder).everything()
        process.kill()
        with supervised(folder, dummy_component(folder, "plain")):
            new = process_of(folder, "plain")
            eventually(lambda: table(folder).everything() == [new])
            assert new not in old


def test_a_new_start_ends_what_supervisor_and_watchdog_have_left(
    folder: StateFolder, root: Path, tmp_path: Path
) -> None:
    """Both killed at once: the leftovers are found by the stack's id, and named by the doctor until then."""
    with running_supervisor(folder) as process:
        everything = table(folder).everything()
        _kill_with_watchdog(process)
    assert table(folder).everything() == everything
    (found,) = [left for left in find_leftovers() if str(folder.path) in left.why]
    assert sorted(map(int, found.command.removeprefix("kill -9 ").split())) == [one.pid for one in everything]
    assert len(found.processes) == 3
    of_another_stack = [finding for finding in doctor(tmp_path / "another", root) if finding.component == "leftovers"]
    (finding,) = [finding for finding in of_another_stack if found.command in finding.advice]
    assert (finding.ok, all(line in finding.detail for line in found.processes)) == (False, True)
    assert find_leftovers(besides=table(folder).stack_id) == [one for one in find_leftovers() if one != found]
    events: list[StackEvent] = []
    end_everything(folder, events.append)
    assert {(event.kind, event.component) for event in events} == {
        (kind, name) for kind in ("stopping", "stopped") for name in ("durable", "plain")
    }
    assert table(folder).everything() == []


def test_down_ends_what_supervisor_and_watchdog_have_left(folder: StateFolder) -> None:
    """All of them, and then nothing runs there."""
    with running_supervisor(folder) as process:
        _kill_with_watchdog(process)
    running = RunningStack.find(folder)
    assert running.supervised is False
    assert set(running.components()) == {"plain", "durable"}
    running.down()
    assert table(folder).everything() == []
    with pytest.raises(StackError) as raised:
        RunningStack.find(folder)
    assert raised.value.code == "not_running"


def test_a_stack_whose_folder_is_gone_is_named(folder: StateFolder) -> None:
    """Such as after `rm -rf` of the state: the supervisor is named, since it would start again what is killed."""
    with running_supervisor(folder) as process:
        folder.processes.unlink()
        (found,) = [left for left in find_leftovers() if str(folder.path) in left.why]
        assert found.command == f"kill {process.pid}"
        assert len(found.processes) == 3


def test_a_strangers_process_is_never_ended(folder: StateFolder) -> None:
    """A recorded pid that belongs to another process by now is left alone."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as stranger:
        record = ProcessRecord(stranger.pid, psutil.Process(stranger.pid).create_time())
        with supervised(folder, dummy_component(folder, "first")):
            pass
        before = table(folder)
        before.components["first"].process = record
        before.save(folder)
        end_everything(folder, lambda _event: None)
        assert stranger.poll() is None
        assert ProcessRecord(stranger.pid, record.created_at - 3600.0).find() is None
        assert record.find() is not None
        stranger.communicate(b"\n")
