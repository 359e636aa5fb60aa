"""The report as Markdown or HTML."""

import re
from datetime import UTC, datetime
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from nightshift.cli.handover.report import Handover

Format = Literal["markdown", "html"]

_TEMPLATES: dict[Format, str] = {"markdown": "handover.md.j2", "html": "handover.html.j2"}
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#|!~])")


def render(report: Handover, style: Format, *, for_reading: bool = False) -> str:
    """The report as text. What came from outside is text in either format, never markup.

    Args:
        for_reading: it is read as it is, on a terminal, so nothing in it is escaped for a renderer of Markdown.
    """
    environment = Environment(
        loader=PackageLoader("nightshift.cli.handover"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"plain": on_one_line if for_reading else plain, "moment": moment, "clock": clock}
    return environment.get_template(_TEMPLATES[style]).render(shift=report)


def plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _MARKUP.sub(r"\\\1", on_one_line(text))


def on_one_line(text: str) -> str:
    """The text without line breaks, which would begin a list or a heading."""
    return " ".join(text.split())


def moment(value: datetime) -> str:
    """Day and time in UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def clock(value: datetime) -> str:
    """Day of the month and time in UTC."""
    return value.astimezone(UTC).strftime("%d %H:%M")
