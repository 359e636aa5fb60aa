"""Starts the local Databricks workspace.

``python -m local_host.databricks --port N --state DIR --jobs DIR --root DIR [--entry-points FILE] [--token TOKEN]
[--workspace FILE] [--registry URL] [--settle-seconds S] [--answers SHAPE]``

A development host for one machine: it listens on 127.0.0.1 and runs what the job definitions name, as the user who
started it. What survives:

- Killed: task processes live on in sessions of their own. The next host on the same state folder finds each by its
  command line and waits for it, or reads the outcome that it left. A process that ended without leaving an outcome
  makes its task run INTERNAL_ERROR (retried if the task has retries).
- Shut down (SIGTERM, SIGINT): task processes are ended, their runs become INTERNAL_ERROR; queued runs stay queued.
- Idempotency tokens, runs, clusters, SQL warehouses, and serving endpoints with updates under way
  survive both. Ordered faults survive neither, and served models are loaded again when asked.
"""

import argparse
import fcntl
import logging
import os
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from local_host.databricks.answer_shape import HARDEST, Shape
from local_host.databricks.app import create_app
from local_host.databricks.definition_files import JobDefinitionError, load_job_definitions
from local_host.databricks.workspace import open_workspace
from local_host.databricks.workspace_file import WorkspaceFile, WorkspaceFileError, load_workspace_file

logger = logging.getLogger("local_host.databricks")

_MOST_SETTLE_SECONDS = 600


class StartError(Exception):
    """The host cannot start; the message says what to change."""


def main() -> None:
    """Read the command line and serve until told to stop. Exit code 2 says that it could not start."""
    parser = argparse.ArgumentParser(
        prog="python -m local_host.databricks", description="A local Databricks workspace."
    )
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 takes a free one and logs it")
    parser.add_argument("--state", type=Path, required=True, help="folder for runs and their output")
    parser.add_argument("--jobs", type=Path, required=True, help="folder of job definitions (*.yml)")
    parser.add_argument("--root", type=Path, required=True, help="project root: the tasks' folder and import path")
    parser.add_argument(
        "--entry-points", type=Path, help="pyproject.toml with the tasks' entry points; that of the root unless given"
    )
    parser.add_argument("--token", default="local-development", help="bearer token that clients must send")
    parser.add_argument("--workspace", type=Path, help="file of the compute and endpoints that a fresh workspace has")
    parser.add_argument(
        "--registry",
        default=os.environ.get("MLFLOW_REGISTRY_URI"),
        help="URL of the MLflow server whose models endpoints serve; MLFLOW_REGISTRY_URI unless given",
    )
    parser.add_argument(
        "--settle-seconds",
        type=float,
        default=1.0,
        help="how long compute takes to start and to stop, and an endpoint to be updated",
    )
    parser.add_argument(
        "--answers",
        choices=get_args(Shape),
        default=HARDEST,
        help="how the end of a run is told (PUT /answers changes it): real workspaces do so in several ways",
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    # One line per poll says nothing that the poller does not know.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        serve(
            port=options.port,
            state=options.state.resolve(),
            jobs=options.jobs.resolve(),
            root=options.root.resolve(),
            entry_points=(options.entry_points or options.root / "pyproject.toml").resolve(),
            token=options.token,
            workspace_file=options.workspace,
            registry=options.registry,
            settle_seconds=options.settle_seconds,
            shape=options.answers,
        )
    except (StartError, JobDefinitionError, WorkspaceFileError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - for the person at the terminal
        sys.exit(2)


def serve(
    *,
    port: int,
    state: Path,
    jobs: Path,
    root: Path,
    entry_points: Path,
    token: str,
    workspace_file: Path | None,
    registry: str | None,
    settle_seconds: float,
    shape: Shape,
) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        StartError: a folder is missing, the port is taken, another host uses the state folder, or an option breaks its
            rule.
        JobDefinitionError, WorkspaceFileError: the files break rules.
    """
    if not root.is_dir():
        raise StartError(f"--root: {root} is not a folder")
    if registry is not None and (urlsplit(registry).scheme not in {"http", "https"} or not urlsplit(registry).hostname):
        raise StartError(f"--registry: {registry!r} is not an http or https URL")
    if not 0 <= settle_seconds <= _MOST_SETTLE_SECONDS:
        raise StartError(f"--settle-seconds: {settle_seconds} is not between 0 and {_MOST_SETTLE_SECONDS}")
    listed = WorkspaceFile() if workspace_file is None else load_workspace_file(workspace_file)
    definitions = load_job_definitions(jobs)
    with ExitStack() as stack:
        _hold(stack, state)
        listener = _listen(stack, port)
        workspace = open_workspace(
            definitions,
            listed,
            state,
            root,
            entry_points,
            registry_url=None if registry is None else registry.rstrip("/"),
            settle_ms=round(settle_seconds * 1000),
            shape=shape,
        )

        def drop_connection(client: tuple[str, int]) -> None:
            for connection in list(server.server_state.connections):
                if isinstance(connection, H11Protocol) and connection.client == client:
                    connection.transport.abort()

        app = create_app(workspace, token, drop_connection)
        config = uvicorn.Config(
            app, http="h11", lifespan="on", log_config=None, access_log=False, timeout_graceful_shutdown=3
        )
        server = uvicorn.Server(config)
        logger.info(
            "databricks_host_started url=http://127.0.0.1:%s jobs=%s state=%s",
            *(listener.getsockname()[1], ",".join(settings.name for settings in definitions.values()), state),
        )
        server.run(sockets=[listener])


def _hold(stack: ExitStack, state: Path) -> None:
    state.mkdir(parents=True, exist_ok=True)
    lock = stack.enter_context((state / "host.lock").open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StartError(f"--state: another local Databricks host uses {state}") from error


def _listen(stack: ExitStack, port: int) -> socket.socket:
    # With its protocol named, asyncio turns off the delay of small packets: 40 ms for each answer.
    listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        raise StartError(f"--port: cannot listen on 127.0.0.1:{port}: {error.strerror}") from error
    return listener


if __name__ == "__main__":
    main()
