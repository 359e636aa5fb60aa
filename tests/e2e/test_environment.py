"""The command line against an environment: the running stack, with a stand-in for the Azure CLI that signs in."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from nightshift.delivery.environment import Environment, EnvironmentFolder
from tests.e2e.conftest import ROOT, RunningApp
from tests.unit.delivery.environments import OUTPUT

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]

_AZ = """#!{python}
import json, sys
with open({log!r}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
print(json.dumps({{"accessToken": "local:pipeline:{role}", "expires_on": {expires}, "tokenType": "Bearer"}}))
"""


def machine(running: RunningApp, tmp_path: Path, role: str) -> dict[str, str]:
    """Environment variables for a machine on which `dev` is the running stack and somebody has signed in.

    The token is of the kind that the local host takes in place of one from Entra.
    """
    stack = OUTPUT | {"app_url": running.endpoints.app_url}
    EnvironmentFolder(tmp_path / "environments").add(Environment.parse("dev", json.dumps(stack), "here"))
    folder = tmp_path / "bin"
    folder.mkdir()
    text = _AZ.format(python=sys.executable, log=str(tmp_path / "calls"), role=role, expires=int(time.time()) + 3600)
    (folder / "az").write_text(text, encoding="utf-8")
    (folder / "az").chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "NIGHTSHIFT_ENVIRONMENTS": str(tmp_path / "environments"),
        # Which of the identities is asked; without it a managed identity is looked for first.
        "AZURE_TOKEN_CREDENTIALS": "AzureCliCredential",
    }


def _nightshift(environment: dict[str, str], *arguments: str) -> tuple[int, Any]:
    command = [sys.executable, "-m", "nightshift.cli", "--env", "dev", *arguments, "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, json.loads(done.stdout or "null")


def test_a_command_signs_in_and_reads(running: RunningApp, tmp_path: Path) -> None:
    """No state folder, no address: the environment's file and the Azure CLI are enough."""
    status, found = _nightshift(machine(running, tmp_path, "Operator"), "runs")
    assert status == 0
    assert "items" in found
    asked = json.loads((tmp_path / "calls").read_text(encoding="utf-8").splitlines()[0])
    assert asked[:2] == ["account", "get-access-token"]
    assert asked[asked.index("--resource") + 1] == OUTPUT["audience"]


def test_the_doctor_goes_through_the_environment(running: RunningApp, tmp_path: Path) -> None:
    """The app, the sign-in, and what the app depends on."""
    status, found = _nightshift(machine(running, tmp_path, "Operator"), "doctor")
    assert [item["component"] for item in found["items"][:2]] == ["app", "sign-in"]
    assert len(found["items"]) > 2
    assert [item for item in found["items"] if not item["ok"]] == []
    assert found["ok"] is True
    assert status == 0


def test_the_doctor_says_who_gives_a_role(running: RunningApp, tmp_path: Path) -> None:
    """Somebody who may only send alerts sees nothing more."""
    status, found = _nightshift(machine(running, tmp_path, "AlertWriter"), "doctor")
    assert status == 1
    last = found["items"][-1]
    assert (found["ok"], last["component"], last["ok"]) == (False, "sign-in", False)
    assert "app_role_members" in last["advice"]
