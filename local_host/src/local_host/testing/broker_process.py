"""The broker as a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from local_host.servicebus.ready import broker_problem
from local_host.stack.endpoints import servicebus_connection_string
from local_host.stack.ports import LOOPBACK, choose_ports


@dataclass
class BrokerProcess:
    """`python -m local_host.servicebus` over the queues of one test; started again it has the same port and state."""

    folder: Path
    queues: str
    port: int = field(default_factory=lambda: choose_ports(["servicebus"], {})["servicebus"])
    process: subprocess.Popen[bytes] | None = None
    roles: str = ""

    @property
    def connection_string(self) -> str:
        """For ServiceBusClient."""
        return servicebus_connection_string(self.port)

    @property
    def log(self) -> str:
        """What it has printed."""
        return (self.folder / "broker.log").read_text(encoding="utf-8")

    @property
    def command(self) -> list[str]:
        """The command line."""
        command = [sys.executable, "-m", "local_host.servicebus", "--port", str(self.port)]
        roles = ["--roles", str(self.folder / "roles.yml")] if self.roles else []
        return [*command, "--state", str(self.folder / "broker"), "--queues", str(self.folder / "queues.yml"), *roles]

    def start(self) -> BrokerProcess:
        """Starts it and waits until it lets clients in."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "queues.yml").write_text(self.queues, encoding="utf-8")
        (self.folder / "roles.yml").write_text(self.roles, encoding="utf-8")
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 150
        while (problem := broker_problem(LOOPBACK, self.port)) is not None:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, f"{problem}\n{self.log}"
            time.sleep(0.02)
        return self

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(timeout=150)
        self.process = None
        return code
