"""The handover of a whole stack, as a person asks for it."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from tests.e2e.conftest import ROOT, RunningApp

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]


def _handover(running: RunningApp, *arguments: str) -> str:
    command = [sys.executable, "-m", "nightshift.cli", "handover", "--state", str(running.state), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_handover_names_what_needs_a_person(running: RunningApp, tmp_path: Path) -> None:
    """A critical incident of this night, as Markdown, in a page, and for scripts."""
    title = f"the feature pipeline <b>{uuid4()}</b>"
    since = datetime.now(UTC).isoformat()
    running.app.post(
        "alerts",
        {
            "alert_id": f"handover-{uuid4()}",
            "category": "pipeline",
            "severity": "critical",
            "source": "test",
            "title": title,
            "fired_at": since,
        },
    )
    deadline = time.monotonic() + 240
    found: list[str] = []
    while not found:
        assert time.monotonic() < deadline
        items = running.app.get("incidents", since=since, limit=1000)["items"]
        found = [item["incident_id"] for item in items if item["title"] == title]
        time.sleep(0.1)
    (incident,) = found
    text = _handover(running)
    needs = text.partition("## Needs a person")[2].partition("## What happened")[0]
    assert f"`nightshift show {incident}`" in needs
    assert title.replace("<", r"\<").replace(">", r"\>") in needs
    page = tmp_path / "handover.html"
    assert _handover(running, "--format", "html", "--output", str(page), "--since", since) == ""
    assert f"{running.endpoints.app_url}/incidents/{incident}" in page.read_text(encoding="utf-8")
    report = json.loads(_handover(running, "--json", "--since", since))
    assert f"nightshift show {incident}" in [need["command"] for need in report["needs"]]
    running.app.post(f"incidents/{incident}/resolve", {"comment": "seen"})
