"""Components that run the dummy service."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from local_host.stack.component import Component
from local_host.stack.ports import choose_ports
from local_host.stack.readiness import answers
from local_host.stack.state_folder import StateFolder

_SCRIPT = Path(__file__).with_name("dummy_service.py")


def dummy_component(folder: StateFolder, name: str, mode: str = "serve", **settings: Any) -> Component:
    """A component on a free port; `settings` are further fields of Component."""
    port = choose_ports([name], {})[name]
    return Component(
        name=name,
        command=(sys.executable, str(_SCRIPT), str(port), mode),
        environment=os.environ,
        log=folder.logs / f"{name}.log",
        readiness=answers(f"http://127.0.0.1:{port}/", lambda response: response.status_code == 200),
        folder=folder.path,
        **settings,
    )
