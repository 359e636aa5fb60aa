"""Served models in processes of their own: the host itself never imports MLflow.

A model is loaded at its first request, which takes some seconds; after ten minutes without one its process ends, as an
endpoint on Databricks that scales to zero. At most two idle models stay loaded, since each takes a third of a
gigabyte.
"""

import asyncio
import logging
import os
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from local_host.databricks import model_worker_main
from local_host.databricks.api_error import ApiError
from local_host.databricks.registry import Registry

logger = logging.getLogger(__name__)

_IDLE_SECONDS = 600.0
_MOST = 2
# As long as Databricks' own limit: a first request waits until MLflow is imported and the model is loaded, which on a
# loaded machine takes minutes.
_TIMEOUT_SECONDS = 297.0
_LOG_TAIL = 2_000


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    url: str
    log: Path
    requests: int = 0
    alarm: asyncio.TimerHandle | None = field(default=None)


class ModelWorkers:
    """The processes, least recently used first.

    Args:
        folder: for their logs.
    """

    def __init__(self, registry: Registry, folder: Path) -> None:
        self._registry = registry
        self._folder = folder
        self._client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False)
        self._workers: dict[tuple[str, str], _Worker] = {}

    async def predict(self, model: str, version: str, body: bytes, content_type: str) -> httpx.Response:
        """MLflow's answer to a request; 400 with its message for input that breaks the model's schema.

        Raises:
            ApiError: 500 if the model cannot be loaded or its process ended, 504 if it took too long.
        """
        worker = self._use(model, version)
        try:
            headers = {"Content-Type": content_type}
            return await self._client.post(f"{worker.url}/invocations", content=body, headers=headers)
        except httpx.TimeoutException as error:
            message = f"'{model}' version {version} gave no answer within {_TIMEOUT_SECONDS:.0f} s"
            raise ApiError(504, "DEADLINE_EXCEEDED", message) from error
        except httpx.TransportError as error:
            self._end((model, version))
            message = f"'{model}' version {version} does not serve: {_last_words(worker.log)}"
            raise ApiError(500, "INTERNAL_ERROR", message) from error
        finally:
            self._release((model, version), worker)

    async def close(self) -> None:
        """End all processes."""
        for key in list(self._workers):
            self._end(key)
        await self._client.aclose()

    def _use(self, model: str, version: str) -> _Worker:
        worker = self._workers.pop((model, version), None)
        if worker is None or worker.process.poll() is not None:
            worker = self._start(model, version)
        self._workers[model, version] = worker
        worker.requests += 1
        if worker.alarm is not None:
            worker.alarm.cancel()
        idle = [key for key, other in self._workers.items() if other.requests == 0]
        for key in idle[: max(len(self._workers) - _MOST, 0)]:
            self._end(key)
        return worker

    def _release(self, key: tuple[str, str], worker: _Worker) -> None:
        worker.requests -= 1
        if worker.requests == 0 and self._workers.get(key) is worker:
            worker.alarm = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._end, key)

    def _start(self, model: str, version: str) -> _Worker:
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / f"{model}-{version}.log"
        with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
            # -P keeps this package's folder off the import path, where its file names could hide other modules.
            command = [sys.executable, "-P", model_worker_main.__file__]
            process = subprocess.Popen(
                [*command, str(listener.fileno()), f"models:/{model}/{version}"],
                pass_fds=[listener.fileno()],
                # Small requests: threads of numerical libraries would wait for each other.
                env={
                    **os.environ,
                    "MLFLOW_TRACKING_URI": self._registry.url,
                    "MLFLOW_REGISTRY_URI": self._registry.url,
                    "OMP_NUM_THREADS": "1",
                },
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        logger.info("model_worker_started model=%s version=%s pid=%s", model, version, process.pid)
        return _Worker(process, url, log)

    def _end(self, key: tuple[str, str]) -> None:
        worker = self._workers.pop(key, None)
        if worker is None:
            return
        if worker.alarm is not None:
            worker.alarm.cancel()
        # It holds no state, so nothing is lost.
        worker.process.kill()
        worker.process.wait()
        assert worker.process.stdin is not None, "it was opened as a pipe"
        worker.process.stdin.close()
        logger.info("model_worker_ended model=%s version=%s", *key)


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:].strip().splitlines()
    return lines[-1] if lines else "its process ended without a word"
