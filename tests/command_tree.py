"""Every command of ``nightshift`` with its help, and a parser that stops before the call."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import typer

from nightshift.cli.main import app

# What the parser raises for a line that it does not take; typer names only this one of its kinds.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]
_EXAMPLE = re.compile(r"^Example: (nightshift .+)$", re.MULTILINE)


def commands() -> dict[str, Any]:
    """Every command and group by its words: ``nightshift``, ``nightshift dlq``, ``nightshift dlq list``, ..."""
    return dict(_walk("nightshift", typer.main.get_command(app)))


def _walk(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield words, command
    for name, child in sorted(getattr(command, "commands", {}).items()):
        yield from _walk(f"{words} {name}", child)


def examples(command: Any) -> list[str]:
    """The example command lines in the help of a command."""
    return _EXAMPLE.findall(command.help or "")


def parse(line: str) -> str:
    """Parse a command line as the ``nightshift`` command does, up to the call; return the words of its command.

    Raises:
        UsageError: the parser does not take it.
        ValueError: the line does not start with ``nightshift``.
    """
    program, *arguments = shlex.split(line, comments=True)
    if program != "nightshift":
        raise ValueError(line)
    words = program
    command: Any = typer.main.get_command(app)
    context = command.make_context(program, arguments)
    while getattr(command, "commands", None):
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        words = f"{words} {name}"
        context = command.make_context(name, rest, parent=context)
    return words


def help_texts(command: Any) -> list[str]:
    """The help of a command, and of each of its options and arguments."""
    return [text for text in (command.help, *(getattr(item, "help", None) for item in command.params)) if text]
