"""`python -m local_host.stack supervise`: what a detached start leaves behind. People use `local-host up`."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

from local_host.stack.catalogue import COMPONENT_NAMES
from local_host.stack.detached import supervise
from local_host.stack.state_folder import StateFolder
from local_host.watchdog.log_file import LOG_BYTES, LOGS_KEPT


def main(arguments: Sequence[str] | None = None) -> int:
    """Supervises a stack until it is told to stop; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local_host.stack", description=__doc__)
    parser.add_argument("command", choices=["supervise"])
    parser.add_argument("--root", type=Path, required=True, help="the app's folder")
    parser.add_argument("--state", type=Path, required=True, help="the folder for everything that is kept")
    parser.add_argument("--port", type=int, help="the app's port; without it, a free one")
    parser.add_argument(
        "--component",
        action="append",
        choices=COMPONENT_NAMES,
        help="a part to start; without it, all that the app needs",
    )
    options = parser.parse_args(arguments)
    # Standard output goes to the same file, for a traceback that nobody has caught.
    log = StateFolder(options.state).supervisor_log
    handler = RotatingFileHandler(log, maxBytes=LOG_BYTES, backupCount=LOGS_KEPT, encoding="utf-8")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("azure").setLevel(logging.WARNING)
    return supervise(options.root, options.state, options.port, components=options.component)


if __name__ == "__main__":
    sys.exit(main())
