"""Chooses ports on the loopback address."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import psutil

from local_host.stack.errors import StackError

LOOPBACK = "127.0.0.1"
# Below the range from which systems take ports for outgoing connections. While a component restarts, a client that
# knocks at a port of that range may be connected to itself, and then keeps the port.
_RANGE = range(20000, 32000)
# Whatever has seeded the module's own generator: two stacks that start together must not try the same ports.
_RANDOM = random.SystemRandom()


def is_free(port: int) -> bool:
    """True if a server could listen there now."""
    sock = _bound(port, shared=True)
    if sock is None:
        return False
    sock.close()
    return True


def choose_ports(names: Sequence[str], preferred: Mapping[str, int]) -> dict[str, int]:
    """A free port per name, as `reserve_ports` finds them, but not held."""
    with reserve_ports(names, preferred) as chosen:
        return chosen


@contextmanager
def reserve_ports(names: Sequence[str], preferred: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """A free port per name: the preferred one where it is free, else any. Nobody else who asks gets one of them.

    Recorded addresses, such as a blob's URL in an orchestration's history, stay valid from start to start as long as
    their ports are free. Servers listen on a reserved port as on any: what holds it is bound, but does not listen, and
    allows its address to be used again (Linux and macOS).
    """
    chosen: dict[str, int] = {}
    with ExitStack() as held:
        for name in names:
            port = preferred.get(name, 0)
            sock = None if port == 0 or port in chosen.values() else _bound(port, shared=True)
            if sock is None:
                sock = _any_free_port(set(chosen.values()) | set(preferred.values()))
            held.enter_context(sock)
            chosen[name] = sock.getsockname()[1]
        yield chosen


def require_free(port: int) -> None:
    """StackError that names the holder of the port, if the system tells."""
    if is_free(port):
        return
    raise StackError(
        "port_in_use",
        f"Port {port} on {LOOPBACK} is in use{_holder(port)}.",
        "End that process, or choose another port with --port (without it, a free one is taken).",
    )


def _any_free_port(taken: set[int]) -> socket.socket:
    for _ in range(1000):
        port = _RANDOM.choice(_RANGE)
        sock = None if port in taken else _bound(port, shared=False)
        if sock is not None:
            return sock
    raise StackError(
        "port_in_use",
        f"No free port was found from {_RANGE.start} to {_RANGE.stop - 1} on {LOOPBACK}.",
        "End other servers on this machine.",
    )


def _bound(port: int, *, shared: bool) -> socket.socket | None:
    """A socket that holds the port, or None if another does; `shared`: another's reservation does not count."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, shared)
        sock.bind((LOOPBACK, port))
    except OSError:
        sock.close()
        return None
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


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
