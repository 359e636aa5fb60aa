"""`nightshift up --without-host` keeps to the ports that the settings file names."""

from pathlib import Path

from nightshift.cli import stack_commands
from nightshift.domain.platform.errors import BadInputError
from tests.support.refusals import refusal


def test_the_hosts_port_is_the_files(tmp_path: Path) -> None:
    """Another one would lead the settings file, and Event Grid's subscription, to nobody."""
    with refusal(BadInputError, "--without-host", field="--port", value=8080):
        stack_commands.up(port=8080, without_host=True, state=tmp_path)
    assert list(tmp_path.iterdir()) == []
