"""The record of the stack's processes: processes.json."""

from __future__ import annotations

import os
import uuid
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

import psutil

from local_host.stack.state_folder import StateFolder, read_json, write_json
from local_host.watchdog.mark import SAME_TIME

# In the environment of every process of a stack, and so of those that they start.
STACK_ID = "LOCAL_HOST_STACK_ID"
STACK_FOLDER = "LOCAL_HOST_STACK_FOLDER"

ComponentState = Literal["starting", "ready", "waiting", "stopped"]


@dataclass(frozen=True)
class ProcessRecord:
    """A process by pid and creation time (epoch seconds): the pid alone may since belong to another."""

    pid: int
    created_at: float

    @classmethod
    def of(cls, pid: int) -> ProcessRecord:
        """The record of a living process."""
        return cls(pid, psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """The process; None if it has ended."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created_at) < SAME_TIME
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


@dataclass
class ComponentRecord:
    """A component's process and what it is doing; `waiting` is for its restart. `log` is the log's path."""

    name: str
    process: ProcessRecord | None
    state: ComponentState
    log: str
    restarts: int = 0
    last_exit: str | None = None


@dataclass
class ProcessTable:
    """What processes.json holds. `stack_id` stays with the state folder, so that no generation is overlooked."""

    supervisor: ProcessRecord
    stack_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    components: dict[str, ComponentRecord] = field(default_factory=dict)

    def save(self, folder: StateFolder) -> None:
        """Writes the file."""
        write_json(folder.processes, asdict(self))

    @classmethod
    def load(cls, folder: StateFolder) -> ProcessTable | None:
        """Reads the file; None if no stack was ever started there."""
        document = read_json(folder.processes)
        if document is None:
            return None
        components = {name: _component(record) for name, record in document["components"].items()}
        return cls(ProcessRecord(**document["supervisor"]), document["stack_id"], components)

    def group(self, name: str) -> list[psutil.Process]:
        """The living processes of a component: its own and its children, but not those with sessions of their own.

        Each component leads a process group, which outlives its leader.
        """
        record = self.components[name].process
        if record is None:
            return []
        return [process for process in self.everything() if _group(process) == record.pid]

    def everything(self) -> list[psutil.Process]:
        """All living processes that the stack has started, and their children, wherever they went."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        if process.pid in {os.getpid(), self.supervisor.pid}:
            return False
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return process.environ().get(STACK_ID) == self.stack_id
        except psutil.NoSuchProcess:
            return False
        except (psutil.AccessDenied, OSError):
            # Where an environment cannot be read, pid and creation time still tell.
            records = (record.process for record in self.components.values())
            return any(record is not None and record.find() == process for record in records)


def _group(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except (ProcessLookupError, PermissionError):
        return None


def _component(document: dict[str, Any]) -> ComponentRecord:
    process = document["process"]
    # What another version has written besides is passed over.
    known = {field.name: document[field.name] for field in fields(ComponentRecord) if field.name in document}
    return ComponentRecord(**(known | {"process": None if process is None else ProcessRecord(**process)}))
