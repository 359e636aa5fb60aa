"""The lifecycle on a whole stack: repeats, batches, large files, undisturbed good ends."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nightshift.cli.demo.data.source import REVENUE
from nightshift.cli.upload_command import await_run, put
from tests.e2e.conftest import ROOT, RunningApp, good_file

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]


def test_uploads_that_come_meanwhile_make_one_following_run(running: RunningApp, tmp_path: Path) -> None:
    """Three uploads while a run goes on: one more run with all three, none beside another, none lost."""
    model = "oversize"  # a model of its own, whose files are also validated by a Databricks job
    first = running.upload(model, good_file(tmp_path, 1, "kill"))
    files = [good_file(tmp_path, number, "kill") for number in (2, 3, 4)]
    waiting = [put(model, file, "synthetic: a test", running.state).identity for file in files]
    assert running.outcome(first).outcome in {"promoted", "rejected", "flagged"}
    runs = {await_run(running.app, model, identity, seconds=240) for identity in waiting}
    assert len(runs) == 1
    following = runs.pop()
    assert following != first
    outcome = running.outcome(following)
    assert outcome.outcome in {"promoted", "rejected", "flagged"}
    order = running.app.get(f"runs/{following}")["input"]
    assert len(order["uploads"]) == 3
    spans = sorted((item["started_at"], item["updated_at"]) for item in running.app.get("runs", model=model)["items"])
    assert spans[0][1] <= spans[1][0]


def test_a_lost_response_starts_no_second_job(running: RunningApp, tmp_path: Path) -> None:
    """Databricks starts the run and the answer is lost; the token finds it again."""
    running.order_fault(kind="lost_response")
    run = running.upload(REVENUE, good_file(tmp_path, 11))
    outcome = running.outcome(run)
    assert outcome.outcome in {"promoted", "rejected", "flagged"}
    # Also those of a loop that may have followed.
    improved = () if outcome.improvement is None else outcome.improvement.rounds
    known = [*outcome.job_runs, *(number for item in improved for number in item.job_runs)]
    assert running.job_runs(run) == sorted(known)


def test_a_cluster_that_does_not_start_is_tried_again(running: RunningApp, tmp_path: Path) -> None:
    """The first attempt ends INTERNAL_ERROR, the second trains."""
    running.order_fault(kind="cluster_start_failure")
    outcome = running.outcome(running.upload(REVENUE, good_file(tmp_path, 12)))
    assert outcome.outcome in {"promoted", "rejected", "flagged"}
    assert len(outcome.job_runs) == 2


def test_the_same_content_twice_is_decided_once(running: RunningApp, tmp_path: Path) -> None:
    """A second upload of the same bytes halts and says whose content it is."""
    file = good_file(tmp_path, 13)
    first = running.upload(REVENUE, file)
    assert running.outcome(first).outcome in {"promoted", "rejected", "flagged"}
    second = running.outcome(running.upload(REVENUE, file))
    assert second.failure is not None
    assert (second.outcome, second.failure.fields["rules"]) == ("halted", "duplicate_upload")
    assert first in second.reason


def test_the_command_line_reports_what_happened(running: RunningApp, tmp_path: Path) -> None:
    """upload --wait, runs, show, explain, models --at, ledger --verify, incidents, reviews: all speak JSON."""
    uploaded = _nightshift(
        running, "upload", REVENUE, str(good_file(tmp_path, 14)), "--wait", "--source", "synthetic: x"
    )
    run = uploaded["run"]
    assert uploaded["outcome"] in {"promoted", "rejected", "flagged"}
    assert run in [item["run"] for item in _nightshift(running, "runs")["items"]]
    shown = _nightshift(running, "show", run)
    steps = list(dict.fromkeys(step["name"] for step in shown["steps"]))
    assert [name for name in steps if name in _STEPS] == _STEPS
    explained = _nightshift(running, "explain", run)
    assert [entry["kind"] for entry in explained["entries"]] == ["decision", "outcome"]
    assert explained["entries"][0]["body"]["evidence"]["data_source"] == "synthetic: x"
    now = _nightshift(running, "models", REVENUE)["items"][0]
    past = _nightshift(running, "models", REVENUE, "--at", "2020-01-01T00:00Z")["items"][0]
    assert now["champion"] is not None
    assert past["champion"] is None
    checks = _nightshift(running, "ledger", "--verify")["items"]
    assert [check["fault"] for check in checks] == [None] * len(checks)
    for command in ("incidents", "reviews", "ledger"):
        assert "items" in _nightshift(running, command)


_STEPS = ["validate_data", "trigger_databricks_job", "poll_job_status", "evaluate_metrics", "decide_action"]


def _nightshift(running: RunningApp, *arguments: str) -> Any:
    command = [sys.executable, "-m", "nightshift.cli", *arguments, "--json", "--state", str(running.state)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)
