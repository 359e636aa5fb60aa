"""`nightshift completion SHELL`: the script is a shell's, and the command answers what it asks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nightshift.cli.main import app

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
# How each shell asks for what may follow `nightshift led`.
ASKED = {
    "bash": {"COMP_WORDS": "nightshift led", "COMP_CWORD": "1"},
    "zsh": {"_TYPER_COMPLETE_ARGS": "nightshift led"},
    "fish": {"_TYPER_COMPLETE_ARGS": "nightshift led", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
}
# Words that only the script of this shell has.
SPOKEN = {"bash": "complete -o default", "zsh": "#compdef nightshift", "fish": "complete --command nightshift"}


def _script(shell: str) -> str:
    done = CliRunner().invoke(app, ["completion", shell])
    assert done.exit_code == 0
    return done.output


@pytest.mark.parametrize("shell", ASKED)
def test_the_script_is_the_shells_own(shell: str) -> None:
    """And asks the command for completions in the way of this shell."""
    script = _script(shell)
    assert SPOKEN[shell] in script
    assert f"_NIGHTSHIFT_COMPLETE=complete_{shell}" in script


@pytest.mark.parametrize("shell", ASKED)
def test_the_command_answers_what_the_script_asks(shell: str) -> None:
    """With the commands that begin so."""
    environment = {**os.environ, "_NIGHTSHIFT_COMPLETE": f"complete_{shell}", **ASKED[shell]}
    done = subprocess.run(
        [BIN / "nightshift"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert "ledger" in done.stdout
    assert "runs" not in done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash is installed")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [(["nightshift", "led"], ["ledger"]), (["nightshift", "completion", ""], ["bash", "zsh", "fish"])],
)
def test_bash_completes(typed: list[str], offered: list[str]) -> None:
    """The script in a real shell, with what stands on its command line."""
    words = " ".join(f"'{word}'" for word in typed)
    asking = f"COMP_WORDS=({words}); COMP_CWORD={len(typed) - 1}; _nightshift_completion nightshift"
    lines = [_script("bash"), asking, 'printf "%s\\n" "${COMPREPLY[@]}"']
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", "\n".join(lines)],  # noqa: S607  # the one on the PATH
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.stdout.split(), done.stderr) == (offered, "")


def test_another_shell_is_refused() -> None:
    """With the names of those that there are, as a command line that cannot be parsed."""
    done = CliRunner().invoke(app, ["completion", "tcsh"])
    assert done.exit_code == 2
    assert all(shell in done.output for shell in ASKED)
