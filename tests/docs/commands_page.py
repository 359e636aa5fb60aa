"""The table of docs/commands.md, from the commands' help; ``python -m tests.docs.commands_page`` writes it."""

import re
from typing import Any

from tests.command_tree import commands, help_texts
from tests.docs.markdown import ROOT

PAGE = ROOT / "docs" / "commands.md"
BEGIN = "<!-- commands, written by python -m tests.docs.commands_page -->\n"
END = "<!-- end of commands -->\n"
_EXIT = re.compile(r"\b[Ee]xit ([12]) ([^.;:]+)")


def exits(command: Any) -> dict[str, str]:
    """The exit codes that are a command's own, with when: from the sentences of its help."""
    return {code: when.strip() for text in help_texts(command) for code, when in _EXIT.findall(text)}


def table() -> str:
    """The whole table in Markdown."""
    lines = ["| command | what it does | exit code of its own |", "|---|---|---|"]
    for words, command in commands().items():
        if getattr(command, "commands", None):
            continue
        first = _EXIT.sub("", str(command.help).split("\n", 1)[0])
        own = "; ".join(f"{code} {when}" for code, when in sorted(exits(command).items()))
        lines.append(f"| `{words}` | {first.rstrip(' .;')} | {own} |")
    return "\n".join(lines) + "\n"


def rendered(page: str) -> str:
    """A page with the table of today."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
