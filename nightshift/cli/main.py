"""The ``nightshift`` command."""

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer
from rich.text import Text

from nightshift.cli import (
    completion_command,
    dlq_commands,
    env_commands,
    improve_command,
    incident_commands,
    read_commands,
    rendering,
    review_commands,
    smoke_command,
    spec_commands,
    stack_commands,
    upload_command,
)
from nightshift.cli.demo import command as demo_command
from nightshift.cli.handover import command as handover_command
from nightshift.cli.stack_door import stack_errors
from nightshift.cli.suggesting import SuggestingGroup
from nightshift.cli.version import version_line
from nightshift.domain.platform.errors import BadInputError, NightshiftError

app = typer.Typer(
    cls=SuggestingGroup,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
)

PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Start here": (demo_command.demo, upload_command.upload, improve_command.improve),
    "What happened, and why": (
        handover_command.handover,
        read_commands.runs,
        read_commands.show,
        read_commands.explain,
        read_commands.models,
        read_commands.ledger,
        read_commands.in_flight,
        improve_command.feedback,
    ),
    "What waits for a person": (
        review_commands.reviews,
        review_commands.review,
        review_commands.approve,
        review_commands.reject,
        review_commands.ask_improvement,
    ),
    "When something is wrong": (
        incident_commands.incidents,
        incident_commands.alert,
        incident_commands.acknowledge,
        incident_commands.resolve,
        incident_commands.undo,
    ),
    "The local stack": (stack_commands.up, stack_commands.down, stack_commands.doctor),
    "Deployed environments": (smoke_command.smoke,),
    "This command": (completion_command.completion,),
}
LOCAL_ONLY = frozenset({"completion", "demo", "up", "down", "env", "spec"})
app.add_typer(env_commands.env, name="env", rich_help_panel="Deployed environments")
app.add_typer(spec_commands.spec, name="spec", rich_help_panel="Start here")
app.add_typer(dlq_commands.dlq, name="dlq", rich_help_panel="When something is wrong")
for panel, commands in PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version_line())
        raise typer.Exit


@app.callback()
def choose(
    context: typer.Context,
    env: Annotated[
        str | None,
        typer.Option(
            "--env", envvar="NIGHTSHIFT_ENV", help="A deployed environment, such as dev; else the local stack."
        ),
    ] = None,
    _: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show version and commit, and exit."),
    ] = False,
) -> None:
    """Nightshift operates machine-learning models: new data retrains them, evidence promotes them.

    Example: nightshift --env dev runs
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit
    if env is not None and context.invoked_subcommand in LOCAL_ONLY:
        raise BadInputError(
            field="--env", value=env, rule=f"`{context.invoked_subcommand}` is about this machine; leave it out"
        )
    if env is not None:
        os.environ["NIGHTSHIFT_ENV"] = env


def main() -> None:
    """Run the command; a failure is one readable message on stderr (JSON with ``--json``), and exit code 1."""
    try:
        try:
            app()
        finally:
            # A full disk is found out here; else it is when the interpreter ends, as a traceback.
            sys.stdout.flush()
    except _failures() as error:
        sys.exit(_failed(error.code if isinstance(error, NightshiftError) else "stack", str(error)))
    except BrokenPipeError:
        # Whoever reads the output has seen enough, such as `head`.
        _drop_output()
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            _drop_output()
        about = "" if error.filename else " (is it standard output that cannot be written?)"
        sys.exit(_failed("system", f"the operating system refuses: {error}{about}"))


def _failures() -> tuple[type[Exception], ...]:
    return (NightshiftError, *stack_errors())


def _failed(code: str, message: str) -> int:
    if "--json" in sys.argv[1:]:
        sys.stderr.write(json.dumps({"error": {"code": code, "message": message}}) + "\n")
    else:
        rendering.TextConsole(stderr=True).print(Text(f"error: {message}", style="red"))
    return 1


def _drop_output() -> None:
    """What is left in the buffer cannot be written: the interpreter would try it again at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
