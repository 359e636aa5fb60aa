"""The help of every command: an example that the parser accepts, and a word on each argument."""

import inspect

import pytest

from tests.command_tree import UsageError, commands, examples, parse

COMMANDS = commands()


def test_the_whole_tree_is_walked() -> None:
    """Commands, groups and their commands."""
    assert {"nightshift", "nightshift runs", "nightshift dlq", "nightshift dlq list"} <= set(COMMANDS)


@pytest.mark.parametrize("words", COMMANDS)
def test_help_has_an_example_that_the_parser_accepts(words: str) -> None:
    """Each example parses up to the call, and shows the command whose help it stands in."""
    shown = [parse(example) for example in examples(COMMANDS[words])]
    assert shown
    assert [example for example in shown if example != words and not example.startswith(f"{words} ")] == []


@pytest.mark.parametrize("words", COMMANDS)
def test_every_argument_and_option_has_help(words: str) -> None:
    """What `--help` lists, it explains."""
    silent = [item.name for item in COMMANDS[words].params if not item.hidden and not item.help]
    assert silent == []


@pytest.mark.parametrize("words", COMMANDS)
def test_no_paragraph_of_help_is_broken_by_its_source(words: str) -> None:
    """Line breaks of the first are taken out by typer; in any other they would stand on every terminal."""
    _, *paragraphs = inspect.cleandoc(COMMANDS[words].help or "").split("\n\n")
    assert [text for text in paragraphs if "\n" in text.strip()] == []


@pytest.mark.parametrize("line", ["nightshift runs --colour", "nightshift upload", "nightshift dlq lost", "make demo"])
def test_the_parser_refuses_what_the_command_line_refuses(line: str) -> None:
    """A parser that took anything would hold no example."""
    with pytest.raises((UsageError, ValueError), match=r"No such|[Mm]issing|make demo"):
        parse(line)
