"""What the app needs around it: a real stack without its functions host for each side, and a durable client API."""

import asyncio
import json
import socket
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from azure.durable_functions import DurableOrchestrationContext, Orchestrator
from starlette.applications import Starlette

from local_host.durable.client_api import mounts
from local_host.durable.client_links import client_binding
from local_host.durable.engine import DurableEngine
from local_host.durable.functions import DurableFunctions
from local_host.durable.settings import DurableSettings
from local_host.durable.status import InstanceQuery
from local_host.stack.catalogue import ComponentName
from local_host.stack.child_environment import child_environment
from local_host.stack.stack import Stack

SHARED: tuple[ComponentName, ...] = ("azurite", "mlflow", "databricks", "servicebus")
OWN: tuple[ComponentName, ...] = ("azurite", "servicebus")


@contextmanager
def environments(root: Path, folder: Path, user: Mapping[str, str]) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The app settings of each side: storage and broker of its own, MLflow and the workspace for both."""
    with ExitStack() as stacks:
        first = stacks.enter_context(Stack(root, folder / "worker", components=SHARED))
        second = stacks.enter_context(Stack(root, folder / "local", components=OWN))
        settings = first.environment() | {"NIGHTSHIFT_NOTIFY_FILE": str(folder / "worker.jsonl")}
        own = {
            name: value
            for name, value in second.environment().items()
            if name in {"NIGHTSHIFT_STORAGE_CONNECTION_STRING", "AzureWebJobsStorage", "NIGHTSHIFT_SERVICEBUS"}
        }
        other = settings | own | {"NIGHTSHIFT_NOTIFY_FILE": str(folder / "local.jsonl")}
        yield child_environment(user, settings), child_environment(user, other)


def storage_of(environment: Mapping[str, str]) -> str:
    """The connection string of a side's storage."""
    return environment["NIGHTSHIFT_STORAGE_CONNECTION_STRING"]


def _waiting(context: DurableOrchestrationContext) -> Generator[Any, Any, None]:
    """Stands for every orchestrator: what is asked of it is recorded, and nothing is done."""
    yield context.wait_for_external_event("never")


class DurableApi:
    """A task hub on HTTP in which orchestrations can be started, asked for and signalled, and do nothing."""

    def __init__(self, folder: Path, orchestrators: tuple[str, ...], host_json: Mapping[str, Any]) -> None:
        folder.mkdir(parents=True)
        handles = {name: Orchestrator.create(_waiting) for name in orchestrators}
        self._settings = DurableSettings.from_host_json(host_json)
        functions = DurableFunctions(orchestrators=handles, activities={}, entities={})
        self._engine = DurableEngine(folder / "durable.sqlite3", functions, self._settings)
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        app = Starlette(routes=mounts(self._engine))
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", lifespan="off"))
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> "DurableApi":
        self._thread.start()
        self._started.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        self._socket.close()

    @property
    def binding(self) -> dict[str, Any]:
        """What the extension puts into a durable client's input."""
        address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        binding: dict[str, Any] = json.loads(client_binding(address, self._settings))
        return binding

    def started(self) -> list[dict[str, Any]]:
        """The orchestrations that were started: name, id and input."""
        asked = asyncio.run_coroutine_threadsafe(self._query(), self._loop)
        return asked.result(30)

    async def _query(self) -> list[dict[str, Any]]:
        found, _ = await self._engine.query(InstanceQuery(page_size=1_000))
        listed = [
            {"name": item.name, "id": item.instance_id, "input": json.loads(item.input or "null")} for item in found
        ]
        return sorted(listed, key=lambda item: str(item["id"]))

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._engine.start()
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        self._started.set()
        await serving
        await self._engine.stop()
