"""The command ``nightshift demo``."""

import shutil
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from local_host.stack.detached import start_detached
from local_host.stack.errors import StackError
from local_host.stack.stack import Stack
from nightshift.cli.app_client import AppClient
from nightshift.cli.demo.data.source import DETECTOR, REVENUE, source
from nightshift.cli.demo.narrator import Narrator
from nightshift.cli.demo.report import DemoReport, StepReport
from nightshift.cli.demo.stage import Stage
from nightshift.cli.demo.story import CHAPTERS
from nightshift.cli.options import ROOT
from nightshift.cli.rendering import TextConsole, make_console
from nightshift.cli.stack_commands import print_addresses, print_progress
from nightshift.domain.platform.errors import BadInputError, NightshiftError

FOLDER = Path(".nightshift/demo")
_PICTURE_WIDTH = 110


def demo(
    data: Annotated[
        Literal["auto", "real", "synthetic"],
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
    console = make_console() if pictures is None else TextConsole(record=True, width=_PICTURE_WIDTH)
    narrator = Narrator(console, pictures)
    chosen = source(data, seed=seed)
    for model in (REVENUE, DETECTOR):
        console.print(f"{model}: {chosen.label(model)}")
    state = folder / "state"
    _clear(state)
    endpoints = start_detached(ROOT, state, None, print_progress)
    report = DemoReport()
    try:
        with AppClient(endpoints.app_url) as app:
            _tell(Stage(state, endpoints, chosen, app, narrator), report)
    finally:
        report.write(folder / "report.json")
        if stop:
            Stack.attach(state).down(print_progress)
    console.print()
    console.rule("Summary", align="left")
    console.print(report.table())
    console.print(f"report: {folder / 'report.json'}")
    if not stop:
        print_addresses(endpoints, state, console)
    narrator.picture("summary")
    if not report.ok:
        raise typer.Exit(1)


def _tell(stage: Stage, report: DemoReport) -> None:
    for number, chapter in enumerate(CHAPTERS, start=1):
        stage.narrator.chapter(number, chapter.title, chapter.what)
        started = time.monotonic()
        try:
            observed = chapter.act(stage)
        except NightshiftError as error:
            observed = f"{error.code}: {error.message}"
        ok = observed == chapter.expected
        report.steps.append(
            StepReport(chapter.title, chapter.expected, observed, ok, round(time.monotonic() - started, 1))
        )
        stage.narrator.tell(f"expected: {chapter.expected}")
        stage.narrator.tell(f"observed: {observed}")
        stage.narrator.picture(f"chapter-{number}")


def _clear(state: Path) -> None:
    """End the stack of an earlier demo and forget what it stored: every demo starts from nothing."""
    try:
        Stack.attach(state).down(print_progress)
    except StackError as error:
        if error.code != "not_running":
            raise
    if state.exists() and not (state / "endpoints.json").exists():
        raise BadInputError(field="--folder", value=str(state.parent), rule="its folder `state` is not a demo's")
    shutil.rmtree(state, ignore_errors=True)
