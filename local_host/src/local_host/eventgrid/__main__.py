"""`python -m local_host.eventgrid`: Event Grid's stand-in for one storage account and one custom topic.

The topic's key is read from LOCAL_HOST_EVENTGRID_KEY. Exit codes: 0 stopped as asked, 2 wrong options or port in use.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from local_host.eventgrid.key import KEY_SETTING
from local_host.eventgrid.retry_policy import RetryPolicy
from local_host.eventgrid.server import EventGridSettings, serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until it is told to stop; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local_host.eventgrid", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="the port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--state", type=Path, required=True, help="the folder for what was seen and delivered")
    parser.add_argument("--storage", required=True, help="the storage account's connection string")
    parser.add_argument("--container", action="append", required=True, help="a container to watch; may be repeated")
    parser.add_argument("--subscriber", required=True, help="the webhook that gets the events")
    parser.add_argument("--poll-interval", type=float, default=0.25, help="seconds between two listings")
    parser.add_argument("--max-attempts", type=int, default=RetryPolicy.max_attempts)
    parser.add_argument("--time-to-live", type=float, default=RetryPolicy.time_to_live, help="seconds")
    options = parser.parse_args(arguments)
    key = os.environ.get(KEY_SETTING)
    if not key:
        return _fail(f"{KEY_SETTING} is not set: it must hold the key that publishers send")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stdout)
    for name in ("azure", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
    settings = EventGridSettings(
        state=options.state,
        storage=options.storage,
        containers=tuple(options.container),
        subscriber=options.subscriber,
        key=key,
        poll_interval=options.poll_interval,
        policy=RetryPolicy(max_attempts=options.max_attempts, time_to_live=options.time_to_live),
    )
    # With its protocol named, asyncio turns off the delay of small packets: 40 ms for each answer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", options.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return _fail(f"port {options.port} is in use by another process")
            raise
        asyncio.run(serve(settings, sock))
    return 0


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)  # noqa: T201 - the one line that a user sees
    return 2


if __name__ == "__main__":
    sys.exit(main())
