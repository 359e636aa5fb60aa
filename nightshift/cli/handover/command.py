"""``nightshift handover``: the night's report for whoever takes over in the morning."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from nightshift.cli import rendering
from nightshift.cli.app_client import AppClient, app_url
from nightshift.cli.handover.build_report import build_report
from nightshift.cli.handover.render import Format, render
from nightshift.cli.handover.shift import read_shift
from nightshift.cli.options import DEFAULT_STATE, AsJson, State
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.text import escaped

_SHIFT = timedelta(hours=12)


def handover(
    since: Annotated[
        str | None, typer.Option(help="Start of the period, such as 2026-11-20T18:00Z; by default twelve hours ago.")
    ] = None,
    style: Annotated[Format, typer.Option("--format", help="markdown or html.")] = "markdown",
    output: Annotated[Path | None, typer.Option("--output", help="Write it into this file.")] = None,
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Report the night: what needs a person, and what happened to each model and why.

    Example: nightshift handover --since 2026-11-20T18:00Z --format html --output night.html
    """
    until = datetime.now(UTC)
    begin = until - _SHIFT if since is None else _time(since)
    address = app_url(state)
    with AppClient(address) as app:
        report = build_report(read_shift(app, begin, until), address.url)
    if as_json:
        rendering.print_json(rendering.make_console(), report.to_json())
        return
    text = render(report, style, for_reading=output is None and sys.stdout.isatty())
    if output is None:
        sys.stdout.write(escaped(text, keep="\n\t"))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        rule = f"cannot be written: {error.strerror}"
        raise BadInputError(field="--output", value=str(output), rule=rule) from error


def _time(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or value.tzinfo is None:
        rule = "must be a time with its zone, such as 2026-11-20T18:00Z"
        raise BadInputError(field="--since", value=text, rule=rule)
    return value.astimezone(UTC)
