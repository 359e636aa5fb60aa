"""What the app needs around it: a real stack without its functions host for each side, and a durable client API."""

import asyncio
import json
import socket
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any

import azure.durable_functions as df
import httpx
import uvicorn

from local_host.durable.client_links import client_binding
from local_host.durable.settings import DurableSettings
from local_host.functions.host import FunctionsHost
from local_host.functions.host_json import read_host_json
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
        # App Service writes the first into the app's environment while its sign-in is on.
        extra = {"WEBSITE_AUTH_ENABLED": "True", "NIGHTSHIFT_NOTIFY_FILE": str(folder / "worker.jsonl")}
        settings = first.environment() | extra
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


def _waiting(context: df.DurableOrchestrationContext) -> Generator[Any, Any, None]:
    """Stands for every orchestrator: what is asked of it is recorded, and nothing is done."""
    yield context.wait_for_external_event("never")


class DurableApi:
    """A task hub on HTTP in which orchestrations can be started, asked for and signalled, and do nothing.

    It is the local host with an app of orchestrators alone.
    """

    def __init__(self, root: Path, state: Path, orchestrators: tuple[str, ...]) -> None:
        state.mkdir(parents=True)
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        app = df.DFApp()
        for name in orchestrators:
            waiting = FunctionType(_waiting.__code__, globals(), name)
            app.orchestration_trigger(context_name="context", orchestration=name)(waiting)
        self._host_json = read_host_json(root)
        self._host = FunctionsHost(
            app.get_functions(), host_json=self._host_json, state=state, base_url=self._url, environment={}
        )
        config = uvicorn.Config(self._host.app, log_level="warning", ws="none", lifespan="off", interface="asgi3")
        self._server = uvicorn.Server(config)
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
        binding: dict[str, Any] = json.loads(
            client_binding(self._url, DurableSettings.from_host_json(self._host_json.document))
        )
        return binding

    def started(self) -> list[dict[str, Any]]:
        """The orchestrations that were started: name, id and input."""
        answer = httpx.get(
            f"{self._url}/durabletask/instances", params={"showInput": "true", "top": "1000"}, timeout=30
        )
        answer.raise_for_status()
        listed = [{key: item[key] for key in ("name", "instanceId", "input")} for item in answer.json()]
        return sorted(listed, key=lambda item: str(item["instanceId"]))

    async def _serve(self) -> None:
        await self._host.start()
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not serving.done():
            await asyncio.sleep(0.01)
        self._started.set()
        await serving
        await self._host.stop(5)
