"""The port and the state folder's lock."""

import socket
from pathlib import Path

import pytest

from local_host.functions.errors import PortInUseError, StateInUseError
from local_host.functions.server import bind, exclusive


def test_a_port_is_taken_once() -> None:
    """A second bind to the same port is refused, by number."""
    with bind(0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"port {port} on 127.0.0.1 is in use by another process"):
            bind(port)
    with bind(port) as again:
        assert again.getsockname()[1] == port


def test_only_this_machine_reaches_it() -> None:
    """The host has neither TLS nor keys, so it listens on the loopback address alone."""
    with bind(0) as sock:
        assert sock.getsockname()[0] == "127.0.0.1"


def test_answers_are_not_held_back() -> None:
    """The socket names TCP as its protocol: without that asyncio leaves TCP_NODELAY off and answers wait 40 ms."""
    with bind(0) as sock:
        assert sock.proto == socket.IPPROTO_TCP


def test_a_state_folder_is_held_once(tmp_path: Path) -> None:
    """The folder is made, held while the block runs, and free afterwards."""
    state = tmp_path / "deep" / "state"
    with exclusive(state):
        with pytest.raises(StateInUseError, match="is in use by another functions host") as caught, exclusive(state):
            pass
        assert caught.value.state == state
    with exclusive(state):
        assert state.is_dir()
