"""The commands about the local stack: up, down, doctor."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from local_host.stack import core_tools
from local_host.stack.app_settings import load_app_config
from local_host.stack.detached import start_detached
from local_host.stack.doctor import Finding
from local_host.stack.doctor import doctor as examine
from local_host.stack.endpoints import Endpoints
from local_host.stack.events import StackEvent
from local_host.stack.foreground import run_in_foreground
from local_host.stack.stack import Stack
from local_host.stack.state_folder import StateFolder
from nightshift.cli.app_client import AppAddress, app_url, chosen_environment, local_endpoints
from nightshift.cli.environment_doctor import examine_environment, examine_local_app
from nightshift.cli.options import DEFAULT_STATE, ROOT, STATE_VARIABLE, AsJson, State
from nightshift.cli.rendering import make_console, plain_table, print_json
from nightshift.cli.spec_commands import examine_specs, specs_folder
from nightshift.domain.platform.errors import BadInputError

# Whose settings .vscode/launch.json and local.settings.example.json hold.
CORE_TOOLS_STATE = Path(".nightshift/core-tools")

console = make_console()


def up(
    port: Annotated[int | None, typer.Option(help="Port of the app; a free one if not given.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return once it runs.")] = False,
    without_host: Annotated[
        bool,
        typer.Option("--without-host", help="All but the functions host, for `func start` (docs/platforms.md)."),
    ] = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Start the local stack and leave it running.

    Example: nightshift up --detach
    """
    if without_host:
        _up_without_host(CORE_TOOLS_STATE if state == DEFAULT_STATE else state, port, detach=detach)
        return
    if detach:
        print_addresses(start_detached(ROOT, state, port, print_progress), state)
        return
    run_in_foreground(Stack(ROOT, state, port), print_progress, lambda endpoints: print_addresses(endpoints, state))


def _up_without_host(state: Path, port: int | None, *, detach: bool) -> None:
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


def print_next(state: Path) -> None:
    """What is still to be started on a stack without its functions host, and how to end it."""
    table = Table.grid(padding=(0, 2))
    table.add_row("next", "cp local.settings.example.json local.settings.json, then func start (docs/platforms.md)")
    table.add_row("end it", f"nightshift down --state {state}")
    console.print(table)


def down(state: State = DEFAULT_STATE) -> None:
    """End the local stack. What it has stored stays in its state folder.

    Example: nightshift down
    """
    Stack.attach(state, load_app_config(ROOT).commands).down(print_progress)


def doctor(as_json: AsJson = False, state: State = DEFAULT_STATE) -> None:
    """Report unhealthy components of the local stack, or of the environment of --env. Exit 1 if one is unhealthy.

    Example: nightshift doctor --json
    """
    deployed = chosen_environment() is not None or bool(os.environ.get("NIGHTSHIFT_URL"))
    findings = examine_environment(app_url(state)) if deployed else _examine_local(state)
    ok = all(finding.ok for finding in findings)
    if as_json:
        print_json(console, {"ok": ok, "items": [asdict(finding) for finding in findings]})
    else:
        table = plain_table("part", "", "what", "what to do")
        for finding in findings:
            mark = Text("ok", style="green") if finding.ok else Text("not ok", style="bold red")
            table.add_row(finding.component, mark, Text(finding.detail), Text(finding.advice))
        console.print(table)
    if not ok:
        raise typer.Exit(1)


def _examine_local(state: Path) -> list[Finding]:
    """Machine, processes, model specs and, where its host runs, the app's own readiness."""
    findings = [*examine(state, ROOT), examine_specs(specs_folder())]
    if any(finding.component == "functions" and finding.ok for finding in findings):
        findings += examine_local_app(AppAddress(local_endpoints(state).app_url))
    return findings


def print_progress(event: StackEvent) -> None:
    """One line per thing that happens to the stack."""
    seconds = "" if event.seconds is None else f" after {event.seconds:.1f} s"
    console.print(Text(f"{event.component:<12}{event.kind}{seconds} {event.detail}".rstrip(), style="dim"))


def print_addresses(endpoints: Endpoints, state: Path, console: Console = console) -> None:
    """Print the addresses of the stack, and how to stop it."""
    table = Table.grid(padding=(0, 2))
    table.add_row("pages", endpoints.app_url)
    table.add_row("MLflow", endpoints.mlflow_url)
    table.add_row("Databricks", endpoints.databricks_url)
    if state != DEFAULT_STATE:
        table.add_row("first", f"export {STATE_VARIABLE}={state}")
    table.add_row("try", "nightshift upload revenue_forecast FILE, then nightshift runs")
    table.add_row("end it", "nightshift down")
    console.print(table)
