"""Schemathesis against the whole stack: whatever is sent, no answer is a 500, and each is as the document says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import RunningApp

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(1200)]

ROOT = Path(__file__).resolve().parents[2]
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "bad_data_is_refused",
    "unsupported_method",
    "allow_header_conformance",
)


def test_no_answer_surprises(running: RunningApp, tmp_path: Path) -> None:
    """The same cases each time: those at the bounds of every parameter, and a few drawn ones."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{running.endpoints.app_url}/api/openapi.json"),
        *("--header", "Authorization: Bearer local:tester@example.com:Reader,Reviewer,Operator,AlertWriter"),
        *("--checks", ",".join(_CHECKS), "--phases", "examples,coverage,fuzzing"),
        *("--seed", "1", "--max-examples", "3", "--no-shrink", "--continue-on-failure", "--warnings", "off"),
    ]
    hooks = os.environ | {"SCHEMATHESIS_HOOKS": "tests.e2e.schemathesis_hooks", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=hooks, capture_output=True, text=True, check=False, timeout=1000)
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    assert re.search(r"Tested: (\d+)", done.stdout), done.stdout
