"""Which stack a command speaks to, and what a started stack tells of it."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from local_host.stack.endpoints import Endpoints
from nightshift.cli.local_stack import print_addresses
from nightshift.cli.main import app
from nightshift.cli.options import DEFAULT_STATE

ENDPOINTS = Endpoints(app=7071, blob=1, queue=2, table=3, mlflow=5000, databricks=8000, eventgrid=4, servicebus=5)


def _told(state: Path) -> list[list[str]]:
    out = io.StringIO()
    print_addresses(ENDPOINTS, state, Console(file=out, width=120))
    return [line.split() for line in out.getvalue().splitlines()]


def test_the_commands_that_are_reported_find_the_stack() -> None:
    """A stack elsewhere than the default is named once, before the commands that need it."""
    assert ["end", "it", "nightshift", "down"] in _told(DEFAULT_STATE)
    assert not any(line[0] == "first" for line in _told(DEFAULT_STATE))
    elsewhere = _told(Path("other/state"))
    assert elsewhere[3] == ["first", "export", "NIGHTSHIFT_STATE=other/state"]


@pytest.mark.parametrize(("arguments", "named"), [((), "set"), (("--state", "given"), "given")])
def test_the_state_folder_of_the_environment(tmp_path: Path, arguments: tuple[str, ...], named: str) -> None:
    """It stands for ``--state``, which goes before it."""
    arguments = tuple(str(tmp_path / part) if part == "given" else part for part in arguments)
    environment = {"NIGHTSHIFT_STATE": str(tmp_path / "set"), "NIGHTSHIFT_URL": "", "COLUMNS": "400"}
    done = CliRunner().invoke(app, ["runs", *arguments], env=environment)
    assert done.exit_code != 0
    assert str(tmp_path / named) in str(done.exception) + done.output
