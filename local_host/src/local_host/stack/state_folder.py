"""Where a stack keeps what it needs: one folder, so that deleting it starts anew."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_host.app_config import Commands
from local_host.stack.errors import StackError


@dataclass(frozen=True)
class StateFolder:
    """The layout below `path`: a folder per component, logs/, and the files that say what runs.

    `commands` are those that hints tell people to run.
    """

    path: Path
    commands: Commands = field(default=Commands(), compare=False)

    @property
    def logs(self) -> Path:
        """One log per component."""
        return self.path / "logs"

    @property
    def supervisor_log(self) -> Path:
        """The log of a supervisor that runs detached."""
        return self.logs / "supervisor.log"

    @property
    def endpoints(self) -> Path:
        """Addresses of the stack that runs, or that ran last."""
        return self.path / "endpoints.json"

    @property
    def processes(self) -> Path:
        """The processes of the stack, each by pid and creation time."""
        return self.path / "processes.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor while it lives."""
        return self.path / "stack.lock"

    @property
    def startup(self) -> Path:
        """What a detached supervisor reports while it starts, one JSON document per line."""
        return self.path / "startup.jsonl"

    def component(self, name: str) -> Path:
        """A component's own folder."""
        return self.path / name

    def create(self) -> None:
        """Makes the folders; StackError if that is not possible."""
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            probe = self.path / ".writable"
            probe.write_text("", encoding="utf-8")
            probe.unlink()
        except OSError as error:
            raise StackError(
                "state_unwritable",
                f"The state folder {self.path} cannot be written: {error.strerror or error}.",
                "Choose another one with --state, or change its owner or permissions.",
            ) from error


def write_json(file: Path, document: Any) -> None:
    """Replaces the file at once: a reader, or a crash, sees the old content or the new one."""
    unfinished = file.with_name(file.name + ".tmp")
    with unfinished.open("w", encoding="utf-8") as stream:
        json.dump(document, stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(file)


def read_json(file: Path) -> Any:
    """The file's content, None if there is no file; StackError if it is not JSON."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StackError(
            "state_unreadable", f"{file} is not JSON: {error}.", "Delete the file; the next start writes it anew."
        ) from error
