"""`python -m local_host.functions`: runs a function app without Azure.

Exit codes: 0 stopped as asked, 1 the app cannot be loaded, 2 the port or the state folder is in use, 3 the durable
engine ended by itself or a function ran longer than functionTimeout (a restart resumes what was under way).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from local_host.app_config import AppConfig, AppConfigError
from local_host.functions.app_loader import load_functions
from local_host.functions.authentication import STATED
from local_host.functions.errors import (
    AppLoadError,
    HostFailedError,
    HostJsonError,
    PortInUseError,
    StateInUseError,
)
from local_host.functions.host import FunctionsHost
from local_host.functions.host_json import read_host_json
from local_host.functions.log_output import configure_logging
from local_host.functions.principal import AppRoles
from local_host.functions.server import ADDRESS, bind, exclusive, serve

logger = logging.getLogger("local_host.functions")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the host until it is told to stop; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local_host.functions", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="the app's folder, with host.json and function_app.py")
    parser.add_argument("--state", type=Path, required=True, help="the folder for durable state and timer schedules")
    parser.add_argument("--port", type=int, default=7071, help="the port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--module", default="function_app", help="the module that holds the app")
    options = parser.parse_args(arguments)
    root, state = options.root.resolve(), options.state.resolve()
    try:
        with exclusive(state), bind(options.port) as sock:
            return _run(root, state, options.module, sock)
    except (PortInUseError, StateInUseError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the one line that a user sees
        return 2
    except HostFailedError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        _exit(3)
    except (AppConfigError, AppLoadError, HostJsonError) as error:
        if error.__cause__ is not None:
            # The app's own traceback, for who wrote the app.
            traceback.print_exception(error.__cause__)
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1


def _run(root: Path, state: Path, module: str, sock: socket.socket) -> int:
    host_json = read_host_json(root)
    told = AppConfig.load(root).authentication
    configure_logging(host_json.log_levels, os.environ)
    # Apps read files beside them by relative paths: the real host runs in the app's folder.
    os.chdir(root)
    os.environ.update(STATED)
    started = time.perf_counter()
    functions = load_functions(root, module)
    imported = time.perf_counter()

    async def run() -> bool:
        host = FunctionsHost(
            functions,
            host_json=host_json,
            state=state,
            base_url=f"http://{ADDRESS}:{sock.getsockname()[1]}",
            environment=os.environ,
            roles=AppRoles(told.roles, told.machine_roles),
        )
        logger.info(
            "app_indexed functions=%d import_ms=%.0f index_ms=%.0f",
            len(host.index),
            (imported - started) * 1000,
            (time.perf_counter() - imported) * 1000,
        )
        return await serve(host, sock)

    clean = asyncio.run(run())
    if not clean:
        _exit(0)
    return 0


def _exit(code: int) -> NoReturn:
    """Ends the process although a thread still runs a function, which would keep the interpreter from ending."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
