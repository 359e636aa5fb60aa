"""A stack that runs already, seen from another process."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Self

from local_host.stack.endpoints import Endpoints
from local_host.stack.errors import StackError
from local_host.stack.events import Progress, StackEvent
from local_host.stack.leftovers import end_everything
from local_host.stack.process_table import ComponentRecord, ProcessTable
from local_host.stack.state_folder import StateFolder
from local_host.stack.state_lock import is_locked, locked
from local_host.watchdog.termination import await_end, kill

logger = logging.getLogger(__name__)

# The supervisor ends five components in turn, each with ten seconds of grace.
_SUPERVISOR_SECONDS = 70.0


@dataclass(frozen=True)
class RunningStack:
    """`supervised` is False if the supervisor was killed and its components live on."""

    folder: StateFolder
    endpoints: Endpoints
    supervised: bool

    @classmethod
    def find(cls, folder: StateFolder) -> Self:
        """StackError if nothing runs there."""
        endpoints, table = Endpoints.load(folder), ProcessTable.load(folder)
        supervised = is_locked(folder)
        if endpoints is None or table is None or not (supervised or table.everything()):
            raise StackError(
                "not_running", f"No stack is running in {folder.path}.", f"Start one with `{folder.commands.stack} up`."
            )
        return cls(folder, endpoints, supervised)

    def components(self) -> dict[str, ComponentRecord]:
        """What each component is doing, by name, as the supervisor last wrote it."""
        table = ProcessTable.load(self.folder)
        return {} if table is None else table.components

    def down(self, progress: Progress = lambda _event: None) -> None:
        """Ends the supervisor, which ends its components, and then whatever is left; StackError if that fails."""
        table = ProcessTable.load(self.folder)
        supervisor = table.supervisor.find() if table is not None and is_locked(self.folder) else None
        if supervisor is not None:
            progress(StackEvent("stopping", "stack"))
            supervisor.terminate()
            for process in kill(await_end([supervisor], _SUPERVISOR_SECONDS)):
                raise StackError(
                    "not_stopped", f"The supervisor, process {process.pid}, did not end.", "End it by hand."
                )
        with locked(self.folder):
            end_everything(self.folder, progress)
        logger.info("stack_down state=%s", self.folder.path)
        progress(StackEvent("stopped", "stack"))
