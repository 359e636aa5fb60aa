"""A supervisor as a process, to be killed: `python -m integration.stack.dummy_supervisor STATE`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from local_host.stack.endpoints import PORT_NAMES, Endpoints
from local_host.stack.ports import choose_ports
from local_host.stack.state_folder import StateFolder
from local_host.stack.state_lock import StateLock
from local_host.stack.supervisor import Supervisor

from .dummy_component import dummy_component


def main(state: Path) -> None:
    """Starts a plain component and one whose work survives a kill, says so, and never ends."""
    folder = StateFolder(state)
    folder.create()
    StateLock(folder).acquire()
    Endpoints(**choose_ports(PORT_NAMES, {})).save(folder)
    components = [
        dummy_component(folder, "plain", "talk"),
        dummy_component(folder, "durable", "task", survives_kill=True),
    ]
    Supervisor(folder, components, lambda _event: None).start()
    print("up", flush=True)  # noqa: T201 - the test waits for it
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
