"""The command `local-host` runs an app of somebody else: the one in tests/sample_app."""

import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.storage.blob import BlobServiceClient

import local_host
from local_host.stack import Endpoints
from local_host.stack.state_folder import StateFolder

APP = Path(__file__).parents[1] / "sample_app"
T = TypeVar("T")


def _command(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local_host", *words, str(APP), "--state", str(state)]
    return subprocess.run(command, cwd=state, capture_output=True, text=True, check=False, timeout=400)


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """The app as `local-host up --detach` starts it; `local-host down` ends it."""
    state = tmp_path_factory.mktemp("sample")
    started = _command(state, "up", "--detach")
    assert started.returncode == 0, started.stdout + started.stderr
    loaded = Endpoints.load(StateFolder(state))
    assert loaded is not None
    assert f"The app is at {loaded.app_url}" in started.stdout
    examined = _command(state, "doctor")
    assert all(f"{part:<16}ok" in examined.stdout for part in ("azurite", "servicebus", "eventgrid", "functions"))
    yield loaded
    ended = _command(state, "down")
    assert ended.returncode == 0, ended.stderr
    assert _command(state, "down").stderr.startswith("error: No stack is running")


def _until(probe: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + 150
    while (found := probe()) is None:
        assert time.monotonic() < deadline, "nothing came within 150 s"
        time.sleep(0.05)
    return found


def _notes(endpoints: Endpoints) -> list[str]:
    notes: list[str] = httpx.get(f"{endpoints.app_url}/api/notes", timeout=150).json()
    return notes


def test_an_order_is_paid_and_packed(endpoints: Endpoints) -> None:
    """HTTP starts the orchestration, a message from the queue raises its event, activities fan out."""
    order = uuid.uuid4().hex
    placed = httpx.post(f"{endpoints.app_url}/api/orders/{order}", json={"amount": 3}, timeout=150)
    assert placed.status_code == 202
    address = placed.json()["statusQueryGetUri"]
    _until(lambda: True if httpx.get(address, timeout=150).json()["runtimeStatus"] == "Running" else None)
    with (
        ServiceBusClient.from_connection_string(endpoints.servicebus_connection_string) as client,
        client.get_queue_sender("payments") as sender,
    ):
        sender.send_messages(ServiceBusMessage(f'{{"order": "{order}"}}'))

    def packed() -> Any:
        answer = httpx.get(address, timeout=150)
        return answer.json()["output"] if answer.status_code == 200 else None

    assert _until(packed) == {"order": order, "state": "packed", "boxes": ["box 0", "box 1", "box 2"]}


def test_a_new_blob_is_told(endpoints: Endpoints) -> None:
    """Through Event Grid's stand-in, to the function that the app names."""
    name = f"{uuid.uuid4().hex}.csv"
    with BlobServiceClient.from_connection_string(endpoints.storage_connection_string) as blobs:
        blobs.get_blob_client("prices", name).upload_blob(b"box,1\n")
    _until(lambda: f"price list {name}" in _notes(endpoints) or None)


def test_the_timer_goes(endpoints: Endpoints) -> None:
    """Every two seconds."""
    _until(lambda: _notes(endpoints).count("stock counted") >= 2 or None)


def test_the_host_is_all_that_the_app_is_run_by(endpoints: Endpoints) -> None:
    """Whatever else lies in the repository of this package: nothing of it is imported."""
    files = [Path(file) for file in httpx.get(f"{endpoints.app_url}/api/modules", timeout=150).json()]
    package = Path(local_host.__file__).parent
    repository = package.parents[2]
    ours = [file for file in files if file.is_relative_to(repository) and ".venv" not in file.parts]
    assert APP / "function_app.py" in ours
    others = [file for file in ours if not file.is_relative_to(package) and not file.is_relative_to(APP)]
    # The official SDK imports openai-agents where it is installed, and takes any package `agents` for that.
    assert [file for file in others if file.parent.name != "agents"] == []
