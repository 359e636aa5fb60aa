"""The functions host: index, sources, durable engine and HTTP surface, put together."""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from azure.functions import Function
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from local_host.clock import SYSTEM_CLOCK, Clock
from local_host.durable.client_api import mounts as durable_mounts
from local_host.durable.client_links import RPC_PATH, WEBHOOK_PATH
from local_host.durable.engine import DurableEngine
from local_host.durable.settings import DurableSettings
from local_host.functions.admin_api import AdminApi
from local_host.functions.durable_binding import DurableClientPayload, check_task_hubs, durable_functions
from local_host.functions.errors import AppLoadError, FunctionLoadError
from local_host.functions.host_json import HostJson
from local_host.functions.index import IndexedFunction, index_functions
from local_host.functions.invoker import Invoker
from local_host.functions.principal import NO_ROLES, AppRoles
from local_host.functions.sign_in import SignInPages
from local_host.functions.timed_executor import TimedExecutor
from local_host.functions.triggers.catalog import SOURCES, SUPPORTED_TRIGGERS
from local_host.functions.triggers.source import SourceSetting, TriggerSource

logger = logging.getLogger(__name__)


class FunctionsHost:
    """One function app on one address, from its functions to its HTTP surface.

    AppLoadError if a function is refused. `start` brings the engine and the sources up, `stop` ends them; until it
    is Running every path but /admin answers 503.
    """

    def __init__(
        self,
        functions: Sequence[Function],
        *,
        host_json: HostJson,
        state: Path,
        base_url: str,
        environment: Mapping[str, str],
        roles: AppRoles = NO_ROLES,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._id = uuid.uuid4().hex
        self._started_at = time.monotonic()
        self._state: Literal["Initialized", "Running", "Stopping"] = "Initialized"
        self._index = index_functions(functions, SUPPORTED_TRIGGERS)
        durable = _durable_settings(host_json)
        check_task_hubs(self._index, durable)
        self._invoker = Invoker(
            DurableClientPayload(base_url, durable),
            timeout=host_json.function_timeout,
            threads=_thread_count(environment),
        )
        self._sources = _sources(
            self._index,
            lambda functions: SourceSetting(functions, self._invoker, host_json, environment, state, roles, clock),
        )
        self._turns = TimedExecutor(self._invoker.pool, host_json.function_timeout)
        self._engine = DurableEngine(
            state / "durable.sqlite3", durable_functions(self._index, self._invoker), durable, self._turns, clock
        )
        admin = AdminApi(self, base_url, self._index, self._sources)
        self._app = Starlette(
            routes=[
                *admin.routes(),
                *SignInPages(state, roles).routes(),
                *durable_mounts(self._engine),
                *(route for source in self._sources.values() for route in source.routes()),
            ]
        )

    @property
    def app(self) -> ASGIApp:
        """The whole HTTP surface."""
        return self._gate

    @property
    def index(self) -> tuple[IndexedFunction, ...]:
        """The functions of the app."""
        return self._index

    def status(self) -> dict[str, Any]:
        """What /admin/host/status reports."""
        return {
            "id": self._id,
            "state": "Error" if self._engine.failure is not None else self._state,
            "version": importlib.metadata.version("azure-functions"),
            "processUptime": int((time.monotonic() - self._started_at) * 1000),
            "functions": len(self._index),
            "invocationsRunning": len(self._invoker.running),
        }

    @property
    def failure(self) -> BaseException | None:
        """Why the host must end: the durable engine has, or a function ran out of time; None while neither is so."""
        return self._engine.failure or self._invoker.timed_out or self._turns.timed_out

    async def start(self) -> None:
        """Resumes every unfinished orchestration, then lets events in."""
        await self._engine.start()
        for source in self._sources.values():
            await source.start()
        self._state = "Running"

    async def stop(self, grace_seconds: float) -> bool:
        """Lets nothing new begin and waits for what runs; False if a function still ran after the grace time."""
        self._state = "Stopping"
        deadline = time.monotonic() + grace_seconds
        try:
            await asyncio.wait_for(asyncio.gather(*(source.stop() for source in self._sources.values())), grace_seconds)
        except TimeoutError:
            logger.warning("sources_stop_timed_out running=%s", sorted(self._invoker.running.values()))
        # The engine goes last: functions under way may still start or signal orchestrations.
        await self._invoker.drain(deadline - time.monotonic(), trigger_types=SOURCES)
        try:
            await asyncio.wait_for(self._engine.stop(), max(1.0, deadline - time.monotonic()))
        except TimeoutError:
            logger.warning("engine_stop_timed_out running=%s", sorted(self._invoker.running.values()))
        drained = await self._invoker.drain(max(0.1, deadline - time.monotonic()))
        self._invoker.close()
        return drained and self._invoker.threads_busy == 0

    async def _gate(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 503 while the host starts or stops; its own status and the durable API stay reachable."""
        path = scope.get("path", "")
        durable = path.startswith((f"{RPC_PATH}/", f"{WEBHOOK_PATH}/"))
        own = path.startswith("/admin/") or (self._state == "Stopping" and durable)
        if scope["type"] == "http" and self._state != "Running" and not own:
            await Response(status_code=503, headers={"Retry-After": "1"})(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _durable_settings(host_json: HostJson) -> DurableSettings:
    try:
        return DurableSettings.from_host_json(host_json.document)
    except ValueError as error:
        raise AppLoadError(str(error)) from error


def _thread_count(environment: Mapping[str, str]) -> int | None:
    """What PYTHON_THREADPOOL_THREAD_COUNT says; None for the worker's own rule, which is the interpreter's."""
    text = environment.get("PYTHON_THREADPOOL_THREAD_COUNT")
    if text is not None and (not text.isdecimal() or not 1 <= int(text) <= 256):
        raise AppLoadError(f"PYTHON_THREADPOOL_THREAD_COUNT is {text!r}: it must be a whole number from 1 to 256")
    return None if text is None else int(text)


def _sources(
    index: Sequence[IndexedFunction], setting: Callable[[list[IndexedFunction]], SourceSetting]
) -> dict[str, TriggerSource]:
    sources: dict[str, TriggerSource] = {}
    refused: list[FunctionLoadError] = []
    for trigger_type, source in SOURCES.items():
        functions = [function for function in index if function.trigger.type == trigger_type]
        try:
            sources[trigger_type] = source(setting(functions))
        except FunctionLoadError as error:
            refused.append(error)
    if refused:
        raise AppLoadError.of(refused)
    return sources
