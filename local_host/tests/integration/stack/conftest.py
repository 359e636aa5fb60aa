"""Real processes: Azurite, the Event Grid stand-in and a webhook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_host.stack.ports import choose_ports
from local_host.testing.eventgrid_process import EventGridProcess
from local_host.testing.recording_subscriber import RecordingSubscriber

Eventually = Callable[[Callable[[], bool]], None]


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an app that needs two blob containers."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "local_host.toml").write_text('containers = ["incoming", "kept"]', encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """Waits until a condition holds; fails after a generous time."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 150
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true within 150 s"
            time.sleep(0.02)

    return wait


@pytest.fixture
def subscriber() -> Iterator[RecordingSubscriber]:
    """A webhook that listens."""
    recorder = RecordingSubscriber(choose_ports(["subscriber"], {})["subscriber"])
    recorder.start()
    yield recorder
    recorder.stop()


@pytest.fixture
def eventgrid(
    storage: str, container: str, subscriber: RecordingSubscriber, tmp_path: Path
) -> Iterator[EventGridProcess]:
    """The stand-in for one container and one webhook; the test starts it."""
    port = choose_ports(["eventgrid"], {})["eventgrid"]
    command = [
        sys.executable,
        "-m",
        "local_host.eventgrid",
        "--port",
        str(port),
        "--state",
        str(tmp_path / "eventgrid"),
    ]
    command += ["--storage", storage, "--container", container, "--subscriber", subscriber.url]
    command += ["--poll-interval", "0.05"]
    process = EventGridProcess(command, tmp_path / "eventgrid.log", f"http://127.0.0.1:{port}")
    yield process
    process.kill()
