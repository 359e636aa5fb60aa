"""The story of the demo, told on a fresh local stack."""

import shutil
import time
from pathlib import Path

from local_host.stack.detached import start_detached
from local_host.stack.errors import StackError
from local_host.stack.stack import Stack
from nightshift.cli.app_client import AppClient
from nightshift.cli.demo.data import Choice
from nightshift.cli.demo.data.source import DETECTOR, REVENUE, source
from nightshift.cli.demo.narrator import Narrator
from nightshift.cli.demo.report import DemoReport, StepReport
from nightshift.cli.demo.stage import Stage
from nightshift.cli.demo.story import CHAPTERS
from nightshift.cli.local_stack import print_addresses, print_progress
from nightshift.cli.options import ROOT
from nightshift.cli.rendering import TextConsole, make_console
from nightshift.domain.platform.errors import BadInputError, NightshiftError

_PICTURE_WIDTH = 110


def perform(data: Choice, seed: int, folder: Path, pictures: Path | None, *, stop: bool) -> bool:
    """Tell the whole story, and return whether every outcome was the expected one.

    Args:
        data: which data; `seed` is that of synthetic data.
        folder: keeps the stack and report.json.
        pictures: folder for SVG pictures of what was printed.
        stop: end the stack at the end.
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
    return report.ok


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
        stage.narrator.say(f"expected: {chapter.expected}")
        stage.narrator.say(f"observed: {observed}")
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
