"""How ports are chosen."""

from __future__ import annotations

import os
import socket

import pytest

from local_host.stack.errors import StackError
from local_host.stack.ports import choose_ports, is_free, require_free, reserve_ports


def test_each_name_gets_a_free_port_of_its_own() -> None:
    """Outside the range from which outgoing connections take theirs."""
    names = [f"service{number}" for number in range(20)]
    ports = choose_ports(names, {})
    assert sorted(ports) == sorted(names)
    assert len(set(ports.values())) == 20
    assert all(20000 <= port < 32000 for port in ports.values())


def test_preferred_ports_are_taken_where_they_are_free() -> None:
    """A port that is in use is replaced."""
    free = choose_ports(["free"], {})["free"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        used = server.getsockname()[1]
        ports = choose_ports(["a", "b"], {"a": free, "b": used})
    assert ports["a"] == free
    assert ports["b"] != used


def test_two_names_never_share_a_preferred_port() -> None:
    """The first gets it."""
    free = choose_ports(["free"], {})["free"]
    ports = choose_ports(["a", "b"], {"a": free, "b": free})
    assert ports["a"] == free
    assert ports["b"] != free


def test_a_reserved_port_is_nobody_elses_but_a_server_can_listen_there() -> None:
    """Two stacks that start together never share a port."""
    names = [f"service{number}" for number in range(200)]
    with reserve_ports(names, {}) as mine, reserve_ports(names, {}) as theirs:
        assert set(mine.values()).isdisjoint(theirs.values())
        with socket.create_server(("127.0.0.1", mine["service0"])) as server:
            assert server.getsockname()[1] == mine["service0"]


def test_a_port_in_use_is_an_error_that_names_its_holder() -> None:
    """The process and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert is_free(port) is False
        with pytest.raises(StackError) as raised:
            require_free(port)
    assert raised.value.code == "port_in_use"
    assert f"(process {os.getpid()})" in raised.value.message
    assert "--port" in raised.value.hint
    require_free(port)
