"""What is said of a command that there is not."""

import pytest
from typer.testing import CliRunner

from nightshift.cli.main import app


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["shwo"], "'show'"),
        (["spec", "draft"], "Did you mean 'spec init'?"),
        (["spec", "chekc"], "Did you mean 'spec check'?"),
        (["redrive"], "'dlq redrive'"),
        (["dlq", "retry"], "There are: list, show, redrive, discard."),
        (["takeback"], "No such command 'takeback'."),
    ],
)
def test_near_commands_are_suggested(typed: list[str], said: str) -> None:
    """Spelt alike, in a group, or with the word in their help; of a small group all, where none is near."""
    done = CliRunner().invoke(app, typed, env={"COLUMNS": "120", "TERMINAL_WIDTH": "120"})
    assert (done.exit_code, said in " ".join(done.stderr.split())) == (2, True), done.stderr
