"""Ends what a stack has left running: all of it, or what a killed supervisor could not end."""

from __future__ import annotations

import logging

from local_host.stack.errors import StackError
from local_host.stack.events import Progress, StackEvent
from local_host.stack.process_table import ProcessTable
from local_host.stack.state_folder import StateFolder
from local_host.stack.termination import end, kill

logger = logging.getLogger(__name__)

_GRACE = 10.0


def end_components(folder: StateFolder, progress: Progress) -> None:
    """Before a new start: ends the components of a stack whose supervisor was killed.

    A component whose work survives a kill is killed, and its work left alone: the new one takes it up again.
    """
    table = ProcessTable.load(folder)
    if table is None:
        return
    for name, record in reversed(table.components.items()):
        group = table.group(name)
        if not group:
            continue
        left = kill(group) if record.survives_kill else end(group, grace=_GRACE)
        _require_ended([process.pid for process in left])
        logger.info("leftover_ended component=%s processes=%d", name, len(group))
        progress(StackEvent("leftover_ended", name, f"{len(group)} of a stack that was killed"))


def end_everything(folder: StateFolder, progress: Progress) -> None:
    """Ends every process of the stack, and every process that those have started."""
    table = ProcessTable.load(folder)
    if table is None:
        return
    for name in reversed(table.components):
        if group := table.group(name):
            progress(StackEvent("stopping", name))
            _require_ended([process.pid for process in end(group, grace=_GRACE)])
            progress(StackEvent("stopped", name))
    _require_ended([process.pid for process in end(table.everything(), grace=_GRACE)])


def _require_ended(pids: list[int]) -> None:
    if pids:
        living = ", ".join(str(pid) for pid in pids)
        raise StackError("not_stopped", f"These processes did not end: {living}.", "End them by hand (kill -9).")
