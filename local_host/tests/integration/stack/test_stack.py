"""The stack as a whole, with Azurite alone to be quick."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from local_host.stack import Endpoints, Finding, RunningStack, Stack, StackError, StackEvent, doctor, start_detached
from local_host.stack.process_table import ProcessTable
from local_host.stack.state_folder import StateFolder

Eventually = Callable[[Callable[[], bool]], None]


def _of_others(finding: Finding) -> bool:
    """Leftovers on this machine are not this test's."""
    return finding.component == "leftovers"


def silent(_event: StackEvent) -> None:
    """Tells nobody."""


def test_a_restarted_stack_has_its_addresses_and_its_data(root: Path, tmp_path: Path) -> None:
    """Containers are made at the first start; the second start finds everything where it was."""
    events: list[StackEvent] = []
    stack = Stack(root, tmp_path, components=["azurite"])
    first = stack.up(events.append)
    with BlobServiceClient.from_connection_string(first.storage_connection_string) as service:
        assert sorted(container.name for container in service.list_containers()) == ["incoming", "kept"]
        service.get_blob_client("incoming", "a").upload_blob(b"1")
    assert Endpoints.load(StateFolder(tmp_path)) == first
    stack.down()
    assert [event.kind for event in events] == ["starting", "ready", "up", "stopping", "stopped"]
    with Stack(root, tmp_path, components=["azurite"]) as second:
        assert second == first
        with BlobServiceClient.from_connection_string(second.storage_connection_string) as service:
            assert service.get_blob_client("incoming", "a").download_blob().readall() == b"1"


def test_a_killed_azurite_comes_back_with_its_data(root: Path, tmp_path: Path, eventually: Eventually) -> None:
    """What its index on disk holds is there after SIGKILL."""
    with Stack(root, tmp_path, components=["azurite"]) as endpoints:
        index = tmp_path / "azurite" / "__azurite_db_blob__.json"
        with BlobServiceClient.from_connection_string(endpoints.storage_connection_string) as service:
            service.get_blob_client("incoming", "kept.csv").upload_blob(b"1")
            eventually(lambda: "kept.csv" in index.read_text())
            before = RunningStack.find(StateFolder(tmp_path)).components()["azurite"].process
            assert before is not None
            os.kill(before.pid, signal.SIGKILL)
            eventually(lambda: RunningStack.find(StateFolder(tmp_path)).components()["azurite"].restarts == 1)
            eventually(lambda: RunningStack.find(StateFolder(tmp_path)).components()["azurite"].state == "ready")
            assert service.get_blob_client("incoming", "kept.csv").download_blob().readall() == b"1"


def test_one_stack_per_state_folder(root: Path, tmp_path: Path) -> None:
    """A second start is refused and leaves the first alone, detached or not."""
    with Stack(root, tmp_path, components=["azurite"]):
        with pytest.raises(StackError) as raised:
            Stack(root, tmp_path, components=["azurite"]).up(silent)
        assert raised.value.code == "already_running"
        with pytest.raises(StackError) as raised:
            start_detached(root, tmp_path, None, silent, components=["azurite"])
        assert raised.value.code == "already_running"
        assert RunningStack.find(StateFolder(tmp_path)).components()["azurite"].state == "ready"
        assert [finding for finding in doctor(tmp_path, root) if not finding.ok and not _of_others(finding)] == []
    with pytest.raises(StackError) as raised:
        Stack.attach(tmp_path)
    assert raised.value.code == "not_running"


@pytest.fixture
def detached(root: Path, tmp_path: Path) -> Iterator[tuple[Path, list[StackEvent]]]:
    """A detached stack's state folder, and what its start told."""
    events: list[StackEvent] = []
    start_detached(root, tmp_path, None, events.append, components=["azurite"])
    yield tmp_path, events
    try:
        running = Stack.attach(tmp_path)
    except StackError:
        return
    running.down()


def test_a_detached_stack_runs_until_it_is_ended(detached: tuple[Path, list[StackEvent]], root: Path) -> None:
    """Another process can find it, look at it and end it."""
    state, told = detached
    assert [(event.kind, event.component) for event in told] == [
        ("starting", "azurite"),
        ("ready", "azurite"),
        ("up", "stack"),
    ]
    running = Stack.attach(state)
    assert running.supervised is True
    findings = {finding.component: finding for finding in doctor(state, root)}
    assert (findings["stack"].ok, findings["azurite"].ok) == (True, True)
    events: list[StackEvent] = []
    running.down(events.append)
    assert [event.kind for event in events] == ["stopping", "stopped"]
    table = ProcessTable.load(StateFolder(state))
    assert table is not None
    assert (table.supervisor.find(), table.everything()) == (None, [])
    assert "stack_down" in (state / "logs" / "supervisor.log").read_text()


def test_a_start_after_the_supervisor_was_killed(
    detached: tuple[Path, list[StackEvent]], root: Path, eventually: Eventually
) -> None:
    """Nothing is left of it; the doctor says that nothing runs, and a new start has the same addresses and data."""
    state, _ = detached
    table, endpoints = ProcessTable.load(StateFolder(state)), Endpoints.load(StateFolder(state))
    assert table is not None
    assert endpoints is not None
    with BlobServiceClient.from_connection_string(endpoints.storage_connection_string) as service:
        service.get_blob_client("incoming", "kept.csv").upload_blob(b"1")
    os.kill(table.supervisor.pid, signal.SIGKILL)
    eventually(lambda: table.everything() == [])
    (unhealthy,) = [finding for finding in doctor(state, root) if not finding.ok and finding.component == "stack"]
    assert unhealthy.detail == f"not running in {state}"
    assert "`local-host up`" in unhealthy.advice
    with Stack(root, state, components=["azurite"]) as again:
        assert again == endpoints
        with BlobServiceClient.from_connection_string(again.storage_connection_string) as service:
            assert service.get_blob_client("incoming", "kept.csv").download_blob().readall() == b"1"


def test_the_doctor_knows_what_was_never_started(root: Path, tmp_path: Path) -> None:
    """That is not "ok"."""
    (unhealthy,) = [finding for finding in doctor(tmp_path, root) if not finding.ok and finding.component == "stack"]
    assert unhealthy.detail == f"never started in {tmp_path}"
    assert "`local-host up`" in unhealthy.advice


def test_a_taken_port_is_named(root: Path, tmp_path: Path) -> None:
    """Also by a detached start, which then leaves nothing behind."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        starts: list[Callable[[], object]] = [
            lambda: Stack(root, tmp_path, port, components=["azurite"]).up(silent),
            lambda: start_detached(root, tmp_path, port, silent, components=["azurite"]),
        ]
        for start in starts:
            with pytest.raises(StackError) as raised:
                start()
            assert raised.value.code == "port_in_use"
            assert f"Port {port} on 127.0.0.1 is in use by" in raised.value.message
    with pytest.raises(StackError, match="No stack is running"):
        Stack.attach(tmp_path)


def test_the_doctor_finds_an_ill_component(root: Path, tmp_path: Path, eventually: Eventually) -> None:
    """Which one, what it said last, and what to do."""
    with Stack(root, tmp_path, components=["azurite"]) as endpoints:
        record = RunningStack.find(StateFolder(tmp_path)).components()["azurite"].process
        assert record is not None
        with (tmp_path / "logs" / "azurite.log").open("a") as log:
            log.write("Error: the disk is on fire\n")
        os.kill(record.pid, signal.SIGSTOP)
        (ill,) = [finding for finding in doctor(tmp_path, root) if not finding.ok and not _of_others(finding)]
        os.kill(record.pid, signal.SIGCONT)
        assert ill.component == "azurite"
        assert f"http://127.0.0.1:{endpoints.blob}/ does not answer" in ill.detail
        assert "Error: the disk is on fire" in ill.detail
        assert "`local-host down`" in ill.advice


def test_a_state_folder_that_cannot_be_written(root: Path, tmp_path: Path) -> None:
    """One paragraph that says what to do, from the start and from the doctor."""
    (tmp_path / "file").write_text("")
    state = tmp_path / "file" / "state"
    with pytest.raises(StackError) as raised:
        Stack(root, state, components=["azurite"]).up(silent)
    assert raised.value.code == "state_unwritable"
    assert "--state" in raised.value.hint
    found = [finding for finding in doctor(state, root) if not finding.ok and not _of_others(finding)]
    assert [finding.component for finding in found] == ["state folder"]
