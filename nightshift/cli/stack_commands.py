"""The commands about the local stack: up, down, doctor."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from nightshift.cli.app_client import AppAddress, app_url, chosen_environment, local_endpoints
from nightshift.cli.environment_doctor import examine_environment, examine_local_app
from nightshift.cli.finding import Finding
from nightshift.cli.options import DEFAULT_STATE, AsJson, State
from nightshift.cli.rendering import make_console, plain_table, print_json
from nightshift.cli.spec_commands import examine_specs, specs_folder
from nightshift.cli.stack_door import require_local_stack

# Whose settings .vscode/launch.json and local.settings.example.json hold.
CORE_TOOLS_STATE = Path(".nightshift/core-tools")


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
    require_local_stack("`nightshift up`")
    from nightshift.cli import local_stack

    if without_host:
        local_stack.start_without_host(CORE_TOOLS_STATE if state == DEFAULT_STATE else state, port, detach=detach)
        return
    local_stack.start(state, port, detach=detach)


def down(state: State = DEFAULT_STATE) -> None:
    """End the local stack. What it has stored stays in its state folder.

    Example: nightshift down
    """
    require_local_stack("`nightshift down`")
    from nightshift.cli import local_stack

    local_stack.end(state)


def doctor(as_json: AsJson = False, state: State = DEFAULT_STATE) -> None:
    """Report unhealthy components of the local stack, or of the environment of --env. Exit 1 if one is unhealthy.

    Example: nightshift doctor --json
    """
    deployed = chosen_environment() is not None or bool(os.environ.get("NIGHTSHIFT_URL"))
    findings = examine_environment(app_url(state)) if deployed else _examine_local(state)
    ok = all(finding.ok for finding in findings)
    console = make_console()
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
    require_local_stack("`nightshift doctor` without --env")
    from nightshift.cli import local_stack

    findings = [*local_stack.examine(state), examine_specs(specs_folder())]
    if any(finding.component == "functions" and finding.ok for finding in findings):
        findings += examine_local_app(AppAddress(local_endpoints(state).app_url))
    return findings
