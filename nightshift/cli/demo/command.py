"""The command ``nightshift demo``."""

from pathlib import Path
from typing import Annotated

import typer

from nightshift.cli.demo.data import Choice
from nightshift.cli.stack_door import require_local_stack

FOLDER = Path(".nightshift/demo")


def demo(
    data: Annotated[
        Choice,
        typer.Option(help="auto: the real data in the folder that NIGHTSHIFT_DATA names, else synthetic data."),
    ] = "auto",
    seed: Annotated[int, typer.Option(help="Of the synthetic data.")] = 7,
    stop: Annotated[
        bool, typer.Option("--stop", help="Stop the stack at the end instead of leaving it running.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its stack and its report.json.")] = FOLDER,
    pictures: Annotated[Path | None, typer.Option(help="A folder for SVG pictures of what was printed.")] = None,
) -> None:
    """Run a day and a night of the lifecycle on a fresh stack, and check every step.

    Writes report.json: [{step, expected, observed, ok, seconds}]. Exit 1 if an outcome was not the expected one.

    Example: nightshift demo --data synthetic --stop
    """
    require_local_stack("`nightshift demo`")
    from nightshift.cli.demo.performance import perform

    if not perform(data, seed, folder, pictures, stop=stop):
        raise typer.Exit(1)
