"""Chooses ports on the loopback address."""

from __future__ import annotations

import random
import socket
from collections.abc import Mapping, Sequence

import psutil

from local_host.stack.errors import StackError

LOOPBACK = "127.0.0.1"
# Below the range from which systems take ports for outgoing connections. While a component restarts, a client that
# knocks at a port of that range may be connected to itself, and then keeps the port.
_RANGE = range(20000, 32000)


def is_free(port: int) -> bool:
    """True if a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def choose_ports(names: Sequence[str], preferred: Mapping[str, int]) -> dict[str, int]:
    """A free port per name: the preferred one where it is free, else any.

    Recorded addresses, such as a blob's URL in an orchestration's history, stay valid from start to start as long as
    their ports are free.
    """
    chosen: dict[str, int] = {}
    for name in names:
        port = preferred.get(name, 0)
        if port == 0 or port in chosen.values() or not is_free(port):
            port = _any_free_port(set(chosen.values()) | set(preferred.values()))
        chosen[name] = port
    return chosen


def require_free(port: int) -> None:
    """StackError that names the holder of the port, if the system tells."""
    if is_free(port):
        return
    raise StackError(
        "port_in_use",
        f"Port {port} on {LOOPBACK} is in use{_holder(port)}.",
        "End that process, or choose another port with --port (without it, a free one is taken).",
    )


def _any_free_port(taken: set[int]) -> int:
    for _ in range(1000):
        port = random.choice(_RANGE)
        if port not in taken and is_free(port):
            return port
    raise StackError(
        "port_in_use",
        f"No free port was found from {_RANGE.start} to {_RANGE.stop - 1} on {LOOPBACK}.",
        "End other servers on this machine.",
    )


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                if connection.pid is None:
                    return " by another user's process"
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        # Some systems show connections to their owner only; the port is in use all the same.
        return ""
    return ""
