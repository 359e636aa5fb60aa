"""What the commands do with the local stack, of which an installed wheel has nothing: imported when it is needed."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local_host.stack import core_tools
from local_host.stack.app_settings import load_app_config, with_app_settings
from local_host.stack.detached import start_detached
from local_host.stack.doctor import doctor
from local_host.stack.endpoints import Endpoints
from local_host.stack.events import StackEvent
from local_host.stack.foreground import run_in_foreground
from local_host.stack.stack import Stack
from local_host.stack.state_folder import StateFolder
from nightshift.cli.finding import Finding
from nightshift.cli.options import DEFAULT_STATE, ROOT, STATE_VARIABLE
from nightshift.cli.rendering import make_console
from nightshift.domain.platform.errors import BadInputError

console = make_console()


def endpoints_of(state: Path) -> Endpoints | None:
    """The addresses of the stack that runs, or ran last, in a state folder; None if none was ever started there."""
    endpoints = Endpoints.load(StateFolder(state.resolve()))
    return None if endpoints is None else with_app_settings(endpoints, load_app_config(ROOT))


def start(state: Path, port: int | None, *, detach: bool) -> None:
    """Start the stack, and leave it running or wait for its end."""
    if detach:
        print_addresses(start_detached(ROOT, state, port, print_progress), state)
        return
    run_in_foreground(Stack(ROOT, state, port), print_progress, lambda endpoints: print_addresses(endpoints, state))


def start_without_host(state: Path, port: int | None, *, detach: bool) -> None:
    """Start all but the functions host, at the ports that local.settings.example.json names.

    Raises:
        BadInputError: a port is asked for.
    """
    if port is not None:
        rule = "cannot be chosen with --without-host: local.settings.example.json names it"
        raise BadInputError(field="--port", value=port, rule=rule)
    app = load_app_config(ROOT)
    core_tools.claim_ports(StateFolder(state.resolve(), app.commands))
    components = core_tools.components_beneath(app)
    if detach:
        start_detached(ROOT, state, None, print_progress, components=components)
        print_next(state)
        return
    stack = Stack(ROOT, state, components=components)
    run_in_foreground(stack, print_progress, lambda _: print_next(state))


def end(state: Path) -> None:
    """End the stack of a state folder."""
    Stack.attach(state, load_app_config(ROOT).commands).down(print_progress)


def examine(state: Path) -> list[Finding]:
    """Check the machine, then the stack of a state folder."""
    return [Finding(found.component, found.ok, found.detail, found.advice) for found in doctor(state, ROOT)]


def print_next(state: Path) -> None:
    """What is still to be started on a stack without its functions host, and how to end it."""
    table = Table.grid(padding=(0, 2))
    table.add_row("next", "cp local.settings.example.json local.settings.json, then func start (docs/platforms.md)")
    table.add_row("end it", f"nightshift down --state {state}")
    console.print(table)


def print_progress(event: StackEvent) -> None:
    """One line per thing that happens to the stack."""
    seconds = "" if event.seconds is None else f" after {event.seconds:.1f} s"
    console.print(Text(f"{event.component:<12}{event.kind}{seconds} {event.detail}".rstrip(), style="dim"))


def print_addresses(endpoints: Endpoints, state: Path, console: Console = console) -> None:
    """Where to look, and how to end it."""
    table = Table.grid(padding=(0, 2))
    table.add_row("pages", endpoints.app_url)
    table.add_row("MLflow", endpoints.mlflow_url)
    table.add_row("Databricks", endpoints.databricks_url)
    if state != DEFAULT_STATE:
        table.add_row("first", f"export {STATE_VARIABLE}={state}")
    table.add_row("try", "nightshift upload revenue_forecast FILE, then nightshift runs")
    table.add_row("end it", "nightshift down")
    console.print(table)
