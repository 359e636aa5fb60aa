"""What is printed on a terminal is text, whoever wrote it."""

import io
import re
from collections.abc import Callable

import pytest
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from nightshift.cli.rendering import TextConsole, plain_table

HOSTILE = "a\x1b]0;pwned\x07\x1b[2J\x9b1A\u202eb\u200b\x00c"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
SHOWN = r"a\x1b]0;pwned\x1b[2J\x9b1A\u202eb\u200b\x00c"


def _row(*cells: RenderableType) -> RenderableType:
    table = plain_table("one", "two")
    table.add_row(*cells)
    return table


def _printed(value: RenderableType, **options: bool) -> str:
    file = io.StringIO()
    console: Console = TextConsole(file=file, width=120, color_system="truecolor", **options)
    console.print(value)
    return file.getvalue()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: text,
        Text,
        lambda text: Text(text, style="bold red"),
        lambda text: Text.assemble("x ", (text, "red")),
        lambda text: Group(Text("first"), Text(text)),
        Panel,
        lambda text: _row(text, ""),
        lambda text: _row(Text(text), ""),
        lambda text: _row("", Group(text)),
    ],
)
@pytest.mark.parametrize("terminal", [True, False])
def test_no_text_is_a_command(wrap: Callable[[str], RenderableType], terminal: bool) -> None:
    """Written out in lines, cells, panels and styled texts; the only escapes are the console's own colours."""
    printed = _printed(wrap(HOSTILE), force_terminal=terminal)
    plain = _COLOURS.sub("", printed)
    # Rich itself drops a bell from its texts.
    assert SHOWN in "".join(plain.split()).replace(r"\x07", "")
    assert not set(plain) & set("\x1b\x07\x9b\x00\u202e\u200b")


def test_markup_in_a_text_is_text() -> None:
    """A file may be called so."""
    assert "[bold]a[/] :smile: [link=x]" in _printed(_row("[bold]a[/] :smile: [link=x]", "b"))


def test_lines_stay_lines_and_other_texts_stay_as_they_are() -> None:
    """Tables of text need them; a cell too narrow folds."""
    assert _printed("Prüfung\n売上 😀") == "Prüfung\n売上 😀\n"
