"""Tables and texts for a terminal, from what the API answers."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.platform.text import escaped
from nightshift.domain.platform.view import ModelView

_FILE_WIDTH = 200
OUTCOME_STYLE = {
    "promoted": "green",
    "rejected": "yellow",
    "flagged": "magenta",
    "halted": "yellow",
    "failed": "red",
    "terminated": "red",
    "better": "green",
    "worse": "red",
    "equal": "dim",
}


class TextConsole(Console):
    """A console on which no text is a command: invisible characters are written out, markup is text.

    Titles, comments, file names, error texts and a language model's words are printed as they are kept, and could else
    clear a terminal, set its title or write over what stands there.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """The text of a cell or a line."""
        return super().render_str(escaped(text, keep="\n\t"), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of whatever is printed; everything that is printed comes through here."""
        if isinstance(renderable, Text) and (plain := escaped(renderable.plain, keep="\n\t")) != renderable.plain:
            renderable = renderable.blank_copy(plain)
        return super().render(renderable, options)


def make_console() -> Console:
    """A console of the terminal's width; what goes into a file or a pipe is not cut to a terminal it has not got."""
    console = TextConsole()
    return console if console.is_terminal else TextConsole(width=_FILE_WIDTH)


@contextmanager
def progress(*, shown: bool) -> Iterator[Callable[[str], None]]:
    """Show how far something is, in one line on stderr that goes away at the end; only on a terminal."""
    console = TextConsole(stderr=True)
    if not (shown and console.is_terminal):
        yield lambda _line: None
        return
    with console.status(Text("")) as status:
        yield lambda line: status.update(Text(line))


def plain_table(*headings: str) -> Table:
    """A table without lines, whose cells fold rather than lose their ends: ids are there to be copied."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def print_json(console: Console, value: Any) -> None:
    """Print for scripts: plain JSON, whatever the width of the terminal."""
    console.file.write(json.dumps(value, indent=2) + "\n")


def print_more(console: Console, page: dict[str, Any]) -> None:
    """Say how the list goes on, if it does."""
    if page.get("next"):
        console.print(Text(f"there is more: the same with --cursor {page['next']}", style="dim"))


def styled(word: str) -> Text:
    """A word in the colour of its meaning."""
    return Text(word, style=OUTCOME_STYLE.get(word, ""))


def moment(value: datetime | None) -> str:
    """A time in UTC to the second."""
    return "-" if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def number(value: float | None) -> str:
    """Four significant digits."""
    return "-" if value is None else f"{value:.4g}"


def metrics_table(evidence: Evidence) -> RenderableType:
    """Champion against challenger, metric by metric."""
    champion = f"champion v{evidence.champion_version}" if evidence.champion_version else "champion"
    challenger = f"challenger v{evidence.challenger_version}"
    table = plain_table("metric", champion, challenger, "difference, 95 % interval", "verdict", "limit")
    for metric in evidence.metrics:
        interval = metric.difference
        table.add_row(
            metric.name + ("" if metric.tracked else " (not tracked)"),
            number(metric.champion),
            number(metric.challenger),
            "-" if interval is None else f"{number(interval.low)} to {number(interval.high)}",
            styled("no champion" if metric.verdict == "unopposed" else metric.verdict),
            Text(metric.broken_limit, style="red"),
        )
    return table


def models_table(models: Sequence[ModelView]) -> RenderableType:
    """A line for each model."""
    table = plain_table("model", "champion", "since", "rollback target", "versions", "trouble")
    for model in models:
        known = not model.trouble
        table.add_row(
            model.model,
            _version(model.champion),
            moment(model.champion_since),
            _version(model.rollback_target) if known else "not checked",
            str(len(model.versions)) if known else "not read",
            Text(model.spec_error or model.trouble, style="red"),
        )
    return table


def models_report(models: Sequence[ModelView]) -> RenderableType:
    """Models with their versions, aliases and history."""
    parts: list[RenderableType] = []
    for model in models:
        when = f" at {moment(model.at)}" if model.at else ""
        since = f" since {moment(model.champion_since)}" if model.champion_since else ""
        parts.append(Text(f"{model.model}: champion{when} {_version(model.champion)}{since}", style="bold"))
        parts.append(Text(model.spec_error or model.description, style="red" if model.spec_error else "dim"))
        if model.alias_problem:
            parts.append(Text(model.alias_problem, style="red"))
        if model.trouble:
            parts.append(Text(model.trouble, style="red"))
        parts.append(Text(f"rollback target {'not checked' if model.trouble else _version(model.rollback_target)}"))
        table = plain_table("version", "aliases now" if model.at else "aliases", "created", "run")
        for version in model.versions:
            run = version.tags.get("nightshift.lifecycle_run", "")
            table.add_row(version.version, ", ".join(version.aliases), moment(version.created_at), run)
        parts.extend([table, Text()])
    return Group(*parts[:-1])


def _version(version: str | None) -> str:
    return f"version {version}" if version else "none"
