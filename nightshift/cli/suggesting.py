"""What the command line says to a command that there is not: the ones that may have been meant."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from typer.core import TyperGroup

_MOST = 3
_FEW = 8
_NEAR = 0.8


class SuggestingGroup(TyperGroup):
    """Commands, of which those are suggested that are spelt alike, lie in a group, or say the word in their help."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As typer does it, but for what is said of a command that there is not."""
        typed = args[0]
        if not ctx.resilient_parsing and not typed.startswith("-") and self.get_command(ctx, typed) is None:
            ctx.fail(" ".join(filter(None, (f"No such command {typed!r}.", self._suggestion(ctx, typed.lower())))))
        return super().resolve_command(ctx, args)

    def _suggestion(self, ctx: Any, typed: str) -> str:
        group = ctx.command_path.partition(" ")[2]
        known = {f"{group} {words}".strip(): command for words, command in _walk(self)}
        names = {words: words.rpartition(" ")[2] for words in known}
        found = [words for words, name in names.items() if name in get_close_matches(typed, names.values(), _MOST)]
        found = found or [words for words, command in known.items() if _says(command, typed)]
        if found:
            return f"Did you mean {', '.join(map(repr, found[:_MOST]))}?"
        return f"There are: {', '.join(self.commands)}." if len(self.commands) <= _FEW else ""


def _walk(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command below a group by its words."""
    for name, command in group.commands.items():
        yield f"{before}{name}", command
        if getattr(command, "commands", None):
            yield from _walk(command, f"{before}{name} ")


def _says(command: Any, typed: str) -> bool:
    """Whether the first paragraph of the help has the word."""
    said = (command.help or "").partition("\n\n")[0].lower()
    return bool(get_close_matches(typed, re.findall(r"[a-z]+", said), 1, _NEAR))
