"""`python -m local_host.servicebus`: a small AMQP 1.0 broker in the place of Azure Service Bus.

`python -m local_host.servicebus --port N --state DIR --queues FILE [--roles FILE]`

A development host for one machine: it listens on 127.0.0.1, without TLS, and takes any token. Clients use the
connection string of the development emulator. With a table of roles, the name of the key is the identity, and a send or
a receive without the role is refused as Azure refuses it. Exit codes: 0 stopped as asked, 1 the store failed, 2 it
cannot start.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import logging
import socket
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from local_host.servicebus.definitions import DefinitionError, read_definitions
from local_host.servicebus.message_store import StateNotSupportedError
from local_host.servicebus.rights import read_grants
from local_host.servicebus.server import BrokerSettings, serve


class StartError(Exception):
    """The broker cannot start; the message says what to change."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until it is told to stop; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local_host.servicebus", description="A local Service Bus.")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 takes a free one and logs it")
    parser.add_argument("--state", type=Path, required=True, help="the folder for messages")
    parser.add_argument("--queues", type=Path, required=True, help="the definition file of the queues")
    parser.add_argument("--roles", type=Path, help="the table of Azure roles; without it everybody may do everything")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stdout)
    try:
        with ExitStack() as stack:
            queues = read_definitions(options.queues)
            grants = None if options.roles is None else read_grants(options.roles, queues)
            settings = BrokerSettings(options.state, queues, grants)
            _hold(stack, options.state)
            listener = _listen(stack, options.port)
            asyncio.run(serve(settings, listener))
    except (StartError, DefinitionError, StateNotSupportedError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return 2
    except sqlite3.Error as error:
        print(f"error: the messages in {options.state} cannot be kept: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _hold(stack: ExitStack, state: Path) -> None:
    state.mkdir(parents=True, exist_ok=True)
    lock = stack.enter_context((state / "broker.lock").open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StartError(f"--state: another broker uses {state}") from error


def _listen(stack: ExitStack, port: int) -> socket.socket:
    # The protocol is named because asyncio sets TCP_NODELAY only then; without it an answer may wait 40 ms for an ACK.
    listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        raise StartError(f"--port: cannot listen on 127.0.0.1:{port}: {error}") from error
    return listener


if __name__ == "__main__":
    sys.exit(main())
