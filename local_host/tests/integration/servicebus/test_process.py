"""The broker as a program: how it starts, refuses to start and ends; and clients that are none."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from local_host.servicebus.amqp.frames import AMQP_HEADER, EMPTY_FRAME, SASL_HEADER, encode_frame
from local_host.servicebus.amqp.performatives import Open
from local_host.servicebus.ready import broker_problem
from local_host.stack.ports import LOOPBACK
from local_host.testing.broker_process import BrokerProcess


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs a broker that is expected to end by itself."""
    return subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)


def test_stops_when_told(lonely: BrokerProcess) -> None:
    """SIGTERM ends it with code 0, clients or not."""
    lonely.start()
    with socket.create_connection((LOOPBACK, lonely.port)):
        assert lonely.stop() == 0
    assert "servicebus_stopped" in lonely.log
    assert broker_problem(LOOPBACK, lonely.port) == f"nobody listens at amqp://127.0.0.1:{lonely.port}"


def test_refuses_a_port_or_state_in_use(lonely: BrokerProcess, tmp_path: Path) -> None:
    """Code 2, with what to change."""
    lonely.start()
    second = BrokerProcess(tmp_path / "second", lonely.queues, lonely.port)
    second.folder.mkdir()
    (second.folder / "queues.yml").write_text(second.queues)
    done = run(second.command)
    assert (done.returncode, done.stderr.startswith("error: --port: cannot listen on 127.0.0.1:")) == (2, True)
    done = run(lonely.command)
    assert (done.returncode, done.stderr.startswith("error: --state: another broker uses")) == (2, True)


def test_refuses_a_bad_definition_file(lonely: BrokerProcess) -> None:
    """Code 2, with file, queue, field, value and rule."""
    lonely.folder.mkdir()
    (lonely.folder / "queues.yml").write_text("queues: [{name: q, lock_duration: soon}]")
    done = run(lonely.command)
    assert done.returncode == 2
    assert "queues.yml: queue 'q': lock_duration: must be an ISO 8601 duration" in done.stderr
    assert "(value: 'soon')" in done.stderr


def test_says_that_its_state_is_damaged(lonely: BrokerProcess) -> None:
    """Code 1, naming the folder."""
    (lonely.folder / "broker").mkdir(parents=True)
    (lonely.folder / "queues.yml").write_text(lonely.queues)
    (lonely.folder / "broker" / "servicebus.db").write_bytes(b"no database" * 100)
    done = run(lonely.command)
    assert (done.returncode, str(lonely.folder / "broker") in done.stderr) == (1, True)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\xff" * 64,
        SASL_HEADER + b"\x00\x00\x00\x0c\x02\x01\x00\x00\x00\x53\x99\x45",
        AMQP_HEADER + b"\x00\x00\x00\x0c\x02\x00\x00\x00\x00\x53\x11\x45",
    ],
)
def test_a_client_that_speaks_something_else(broker: BrokerProcess, data: bytes) -> None:
    """Its connection is closed, and the broker goes on."""
    with socket.create_connection((LOOPBACK, broker.port), timeout=150) as sock:
        sock.sendall(data)
        while sock.recv(4096):
            pass
    assert broker_problem(LOOPBACK, broker.port) is None


def test_a_silent_client_hears_that_the_broker_lives(broker: BrokerProcess) -> None:
    """Empty frames come within the time after which the client would give up."""
    opened = AMQP_HEADER + encode_frame(Open(container_id="c", idle_time_out=200))
    with socket.create_connection((LOOPBACK, broker.port), timeout=150) as sock:
        sock.sendall(opened)
        received = b""
        while received.count(EMPTY_FRAME) < 3:
            part = sock.recv(4096)
            assert part, f"the broker hung up after {received!r}"
            received += part


def test_ready_tells_other_servers_apart() -> None:
    """A server that is no broker is named as such."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert broker_problem(LOOPBACK, port, seconds=0.05) == f"amqp://127.0.0.1:{port} does not answer (TimeoutError)"
