"""docs/commands.md says what the commands' help says, and the help names every exit code of a command's own."""

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.command_tree import UsageError, commands, parse
from tests.docs.commands_page import PAGE, exits, rendered
from tests.docs.markdown import Block, blocks, codes, pages, prose

COMMANDS = {words: command for words, command in commands().items() if not getattr(command, "commands", None)}


def test_the_page_is_what_the_help_says() -> None:
    """Every command with its sentence and its exit codes."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == rendered(page), "python -m tests.docs.commands_page writes it anew"


def _raised(function: Callable[..., Any], module: ModuleType, seen: set[str]) -> Iterator[str]:
    """The codes with which a function, or one of its module that it calls, ends the process."""
    for node in ast.walk(ast.parse(inspect.getsource(inspect.unwrap(function)))):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called == "typer.Exit" and node.args:
            yield ast.unparse(node.args[0])
        elif called not in seen and inspect.isfunction(found := getattr(module, called, None)):
            seen.add(called)
            yield from _raised(found, sys.modules[found.__module__], seen)


@pytest.mark.parametrize("words", COMMANDS)
def test_the_help_names_each_exit_code_of_its_own(words: str) -> None:
    """A script that reads the help knows what a code means, and waits for none that never comes."""
    function = inspect.unwrap(COMMANDS[words].callback)
    assert set(exits(COMMANDS[words])) == set(_raised(function, sys.modules[function.__module__], set()))


_LINES = [
    pytest.param(line, id=f"{block.place}: {line[:60]}")
    for page in pages()
    for block in blocks(page)
    if block.language == "sh" and "exit=2" not in block.marker
    for line in re.findall(r"(?:^|; |&& |\()(nightshift .*)$", block.text.replace("\\\n", " "), re.MULTILINE)
]


@pytest.mark.parametrize("line", _LINES)
def test_every_command_line_of_a_page_is_accepted(line: str) -> None:
    """Also where it cannot be run here."""
    assert parse(line) in commands()


def _mentioned() -> list[str]:
    """What stands in backticks in a sentence, and is meant to be typed."""
    found = [code for page in pages() for code in codes(prose(page.read_text(encoding="utf-8")))]
    return sorted(
        {
            code.replace(" N", " 1")
            for code in found
            if code.startswith("nightshift ") and not re.search(r"[\[\]]|\.\.\.|COMMAND|--env \w+$|--version$", code)
        }
    )


@pytest.mark.parametrize("code", _mentioned())
def test_every_command_in_a_sentence_exists(code: str) -> None:
    """With its options; a sentence may leave out arguments that the command needs."""
    try:
        assert code in commands() or parse(code)
    except UsageError as error:
        assert str(error).startswith("Missing parameter"), code


def _makes() -> list[tuple[Block, str]]:
    return [
        (block, target)
        for page in pages()
        for block in blocks(page)
        if block.language == "sh"
        for target in re.findall(r"^make ([a-z-]+)", block.text, re.MULTILINE)
    ]


def test_every_make_target_of_a_page_exists() -> None:
    """In blocks and in sentences."""
    makefile = (PAGE.parents[1] / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {
        target for page in pages() for target in re.findall(r"`make ([a-z][a-z-]+)", page.read_text(encoding="utf-8"))
    } | {target for _, target in _makes()}
    assert named - targets == set()
    assert {"demo", "test", "docs-check"} <= named
