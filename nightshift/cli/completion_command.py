"""The command that prints the completion script of a shell."""

from enum import StrEnum
from typing import Annotated

import typer

# What `--show-completion` prints; typer names it nowhere else.
from typer._completion_shared import get_completion_script

_PROGRAM = "nightshift"


class Shell(StrEnum):
    """The shells that typer completes in."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(help="Your shell.")],
) -> None:
    """Print the script that completes commands and options in a shell.

    bash: put it into ~/.local/share/bash-completion/completions/nightshift, or into your ~/.bashrc.

    zsh: put it into a file _nightshift in a folder of $fpath.

    fish: put it into ~/.config/fish/completions/nightshift.fish.

    Example: nightshift completion bash
    """
    script = get_completion_script(prog_name=_PROGRAM, complete_var=f"_{_PROGRAM.upper()}_COMPLETE", shell=shell.value)
    typer.echo(script)
