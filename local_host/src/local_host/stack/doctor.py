"""Says which part of the local stack is unhealthy, and what to do."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from local_host.app_config import AppConfig
from local_host.stack.app_settings import load_app_config
from local_host.stack.azurite import azurite_script, node
from local_host.stack.catalogue import COMPONENT_NAMES, build_components, needed_components
from local_host.stack.component import Component, last_lines
from local_host.stack.endpoints import Endpoints
from local_host.stack.errors import StackError
from local_host.stack.leftovers import find_leftovers
from local_host.stack.ports import is_free
from local_host.stack.prerequisites import missing_packages, require_packages
from local_host.stack.process_table import ComponentRecord, ProcessTable
from local_host.stack.state_folder import StateFolder
from local_host.stack.state_lock import is_locked

_PYTHONS = ((3, 11), (3, 12), (3, 13))
# What an MLflow server and its clients write, and temporary files of task runs.
_FREE_BYTES = 2 * 1024**3
_ERROR_LINE = re.compile(r"\b(ERROR|CRITICAL|Traceback|[A-Za-z.]*(Error|Exception):)")


@dataclass(frozen=True)
class Finding:
    """`detail` is what was seen; `advice` is what to do, empty if all is well."""

    component: str
    ok: bool
    detail: str
    advice: str = ""


def doctor(state: Path, root: Path) -> list[Finding]:
    """Checks the machine, then the stack in `state`. Makes the state folder, and changes nothing in it."""
    try:
        app = load_app_config(root)
    except StackError as error:
        return [Finding("configuration", False, error.message, error.hint)]
    setup = app.commands.setup
    folder = StateFolder(state.resolve(), app.commands)
    findings = [
        _python(setup),
        _checked("packages", lambda: _packages(app)),
        _checked("node", lambda: str(node(setup))),
    ]
    findings += [_checked("azurite package", lambda: str(azurite_script(setup=setup))), _disk(folder)]
    findings.append(_checked("state folder", lambda: _writable(folder)))
    readable = findings[-1].ok
    if readable:
        findings += _stack(folder, root, app)
    return [*findings, *_leftovers(folder if readable else None)]


def _python(setup: str) -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] in _PYTHONS:
        return Finding("python", True, found)
    wanted = " or ".join(".".join(str(part) for part in version) for version in _PYTHONS)
    return Finding("python", False, f"{found}; {wanted} is needed", f"Install Python {wanted} and run `{setup}`.")


def _packages(app: AppConfig) -> str:
    require_packages(missing_packages(app, needed_components(app)), app.commands.setup)
    return "all installed"


def _writable(folder: StateFolder) -> str:
    folder.create()
    return str(folder.path)


def _disk(folder: StateFolder) -> Finding:
    existing = next(path for path in (folder.path, *folder.path.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{free / 1024**3:.1f} GiB free at {existing}"
    if free >= _FREE_BYTES:
        return Finding("disk", True, detail)
    wanted = f"{_FREE_BYTES / 1024**3:.0f} GiB"
    return Finding("disk", False, detail, f"Free at least {wanted}, or choose another folder with --state.")


def _checked(component: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(component, True, check())
    except StackError as error:
        return Finding(component, False, error.message, error.hint)


def _stack(folder: StateFolder, root: Path, app: AppConfig) -> Iterator[Finding]:
    command = app.commands.stack
    start = f"Run `{command} up`, or name the folder of a running stack with --state."
    try:
        endpoints, table = Endpoints.load(folder), ProcessTable.load(folder)
    except StackError as error:
        yield Finding("stack", False, error.message, error.hint)
        return
    if endpoints is None or table is None:
        yield Finding("stack", False, f"never started in {folder.path}", start)
        return
    supervised, living = is_locked(folder), bool(table.everything())
    if supervised:
        yield Finding("stack", True, f"supervised by process {table.supervisor.pid}")
    elif living:
        advice = f"Run `{command} up` (it ends them and starts new ones) or `{command} down`."
        yield Finding("stack", False, "its supervisor was killed, and its processes still run", advice)
    else:
        yield Finding("stack", False, f"not running in {folder.path}", start)
        yield from _recorded_ports(endpoints)
        return
    yield from _components(folder, root, app, endpoints, table)


def _leftovers(folder: StateFolder | None) -> Iterator[Finding]:
    """Processes that nobody will end: of other stacks than the one in the folder, of test runs and of benchmarks."""
    try:
        table = None if folder is None else ProcessTable.load(folder)
    except StackError:
        # Already reported.
        table = None
    for leftovers in find_leftovers(besides=None if table is None else table.stack_id):
        detail = "\n  ".join((leftovers.why, *leftovers.processes))
        yield Finding("leftovers", False, detail, f"End them: {leftovers.command}")


def _recorded_ports(endpoints: Endpoints) -> Iterator[Finding]:
    for name, port in endpoints.ports().items():
        if not is_free(port):
            advice = "Nothing, unless recorded addresses must stay valid: the next start takes another port."
            yield Finding(f"port {name}", True, f"{port} is taken by another process", advice)


def _components(
    folder: StateFolder, root: Path, app: AppConfig, endpoints: Endpoints, table: ProcessTable
) -> Iterator[Finding]:
    try:
        names = [name for name in COMPONENT_NAMES if name in table.components]
        components = build_components(names, root=root, app=app, folder=folder, endpoints=endpoints)
    except StackError:
        # Already reported: Node or Azurite is missing.
        return
    for component in components:
        yield _component(component, table.components[component.name], app.commands.stack)


def _component(component: Component, record: ComponentRecord, command: str) -> Finding:
    process = record.process.find() if record.process is not None else None
    problem = "is not running" if process is None else component.readiness()
    history = f", {record.restarts} restarts, last after {record.last_exit}" if record.restarts else ""
    if problem is None:
        pid = record.process.pid if record.process is not None else 0
        return Finding(component.name, True, f"process {pid}{history}")
    errors = [line for line in last_lines(component.log, 200) if _ERROR_LINE.search(line)][-3:]
    said = "".join(f"\n  {line[:300]}" for line in errors)
    advice = f"Read {component.log}; then `{command} down` and `{command} up`."
    return Finding(component.name, False, f"{problem} ({record.state}{history}){said}", advice)
