"""`func start` in place of our host: what its settings file says is where the stack is."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from local_host.app_config import AppConfig
from local_host.stack import core_tools
from local_host.stack.endpoints import PORT_NAMES, Endpoints
from local_host.stack.errors import StackError
from local_host.stack.ports import choose_ports
from local_host.stack.state_folder import StateFolder
from nightshift.cli.stack_commands import CORE_TOOLS_STATE
from nightshift.wiring.settings import read_settings

ROOT = Path(__file__).resolve().parents[3]
APP = AppConfig.load(ROOT)
TOLD = core_tools.settings(APP, CORE_TOOLS_STATE)
EXAMPLE = json.loads((ROOT / "local.settings.example.json").read_text(encoding="utf-8"))
LAUNCH = json.loads((ROOT / ".vscode" / "launch.json").read_text(encoding="utf-8"))
# The Core Tools read these themselves; the local host needs none of them.
CORE_TOOLS_ONLY = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsDisableHomepage"}


def test_the_example_is_what_the_stack_says() -> None:
    """Nothing is missing, and no port is another one."""
    assert EXAMPLE["Values"] == TOLD
    assert EXAMPLE["Host"] == {"LocalHttpPort": core_tools.ENDPOINTS.app}


def test_the_app_finds_every_setting_that_it_needs() -> None:
    """What wiring reads and cannot do without is there; each is needed."""
    values = EXAMPLE["Values"]
    settings = read_settings(values, ROOT)
    assert settings.notify_file is not None
    read = set(
        re.findall(r'_needed\(environ, "(\w+)"', (ROOT / "nightshift/wiring/settings.py").read_text(encoding="utf-8"))
    )
    assert read | {"NIGHTSHIFT_STORAGE_CONNECTION_STRING", "NIGHTSHIFT_SERVICEBUS"} <= set(values)


def test_development_storage_is_at_the_stacks_ports() -> None:
    """The short form of the connection string means Azurite's own ports."""
    short = EXAMPLE["Values"]["AzureWebJobsStorage"]
    with (
        BlobServiceClient.from_connection_string(short) as blobs,
        TableServiceClient.from_connection_string(short) as tables,
    ):
        found = (blobs.url, tables.url)
    blob, table = core_tools.ENDPOINTS.blob, core_tools.ENDPOINTS.table
    assert found == (f"http://127.0.0.1:{blob}/devstoreaccount1/", f"http://127.0.0.1:{table}/devstoreaccount1")


def test_the_example_opens_no_door() -> None:
    """The Core Tools play no sign-in: a file that said so would let anybody on the network be anybody."""
    assert "WEBSITE_AUTH_ENABLED" not in EXAMPLE["Values"]


def test_only_the_host_is_left_out() -> None:
    """All else is needed beneath it."""
    assert set(core_tools.components_beneath(APP)) == {"azurite", "mlflow", "databricks", "servicebus", "eventgrid"}


def test_a_stack_takes_the_claimed_ports(tmp_path: Path) -> None:
    """They are those that it prefers when it starts."""
    wanted = Endpoints(**choose_ports(PORT_NAMES, {}))
    core_tools.claim_ports(StateFolder(tmp_path), wanted)
    assert Endpoints.load(StateFolder(tmp_path)) == wanted


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    """The file would lead to somebody else's server."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        wanted = Endpoints(**(choose_ports(PORT_NAMES, {}) | {"blob": port}))
        with pytest.raises(StackError, match=f"Port {port} .*in use"):
            core_tools.claim_ports(StateFolder(tmp_path), wanted)
    assert Endpoints.load(StateFolder(tmp_path)) is None


def test_the_debugger_starts_our_host_at_the_same_stack() -> None:
    """The same settings as for the Core Tools, and the module that serves them."""
    (configuration,) = (item for item in LAUNCH["configurations"] if item["name"] == "local host")
    values = {name: value for name, value in TOLD.items() if name not in CORE_TOOLS_ONLY}
    assert configuration["env"] == values
    assert configuration["module"] == "local_host.functions"
    assert configuration["args"][-1] == str(core_tools.ENDPOINTS.app)
