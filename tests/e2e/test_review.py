"""Flagged promotions on a whole stack: decided over HTTP and the command line, and what comes of them."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from mlflow import MlflowClient

from local_host.stack.stack import Stack
from nightshift.cli.app_client import AppClient, AppRefusedError, AppUnreachableError
from nightshift.cli.demo.data.source import REVENUE, SyntheticSource
from nightshift.cli.demo.data.uploads import table, upload
from nightshift.cli.review_commands import await_closed
from nightshift.cli.upload_command import await_run
from nightshift.domain.platform.names import TAG_QUARANTINE
from nightshift.domain.platform.view import ModelView
from nightshift.domain.reviews.packet import ReviewPacket
from nightshift.domain.reviews.review import Review, ReviewState
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.e2e.conftest import ROOT, RunningApp
from tests.support.responder import Case
from tests.support.reviewing import flag

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]

Flag = Callable[..., Review]
SHORT = {"remind_after_minutes": 0.01, "ladder": [{"contact": "manager", "after_minutes": 0.02}]}


@pytest.fixture
def flagged(running: RunningApp, tmp_path: Path) -> Iterator[Flag]:
    """Make a flagged promotion without training: a model of the test's own whose review is open."""
    environment = running.endpoints.environment() | {"NIGHTSHIFT_MODEL_SPECS": str(running.specs)}
    services = LazyServices(read_settings(environment, ROOT))
    client = MlflowClient(running.endpoints.mlflow_url, running.endpoints.mlflow_url)
    made: list[Case] = []

    def make(**given: Any) -> Review:
        made.append(Case(services, running.specs))
        return flag(made[-1], client, tmp_path, **given)

    yield make
    for case in made:
        (running.specs / f"{case.model}.yaml").unlink()


def _decide(running: RunningApp, review: Review, decision: str, who: str = "ann", **given: Any) -> httpx.Response:
    """Decide over HTTP as somebody with the role Reviewer, unless given another."""
    roles = given.pop("roles", "Reviewer")
    return httpx.post(
        f"{running.endpoints.app_url}/api/reviews/{review.review_id}/decision",
        headers={"Authorization": f"Bearer local:{who}:{roles}"},
        json={"decision": decision, "comment": "because", **given},
        timeout=150,
    )


def _await(running: RunningApp, review: Review, *states: ReviewState, seconds: float = 240) -> Review:
    """Wait until a review is in one of the states; an app that is being started again is waited for."""
    deadline = time.monotonic() + seconds
    found = review
    while time.monotonic() < deadline:
        try:
            found = Review.model_validate(running.app.get(f"reviews/{review.review_id}")["review"])
        except AppUnreachableError:
            continue
        finally:
            time.sleep(0.2)
        if found.state in states:
            return found
    raise AssertionError(f"{review.review_id} is {found.state} after {seconds} s: {found.detail}")


def _champion(running: RunningApp, model: str) -> str | None:
    return ModelView.model_validate(running.app.get(f"models/{model}")).champion


def _nightshift(running: RunningApp, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nightshift.cli", *arguments, "--state", str(running.state)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


def test_from_the_upload_to_the_promotion(running: RunningApp, tmp_path: Path) -> None:
    """Mixed data is flagged; the packet shows why; the command line approves; the challenger is champion."""
    model = "reviewed"
    document = yaml.safe_load((ROOT / "model_specs/revenue_forecast.yaml").read_text(encoding="utf-8"))
    (running.specs / f"{model}.yaml").write_text(yaml.safe_dump({**document, "name": model}), encoding="utf-8")
    review_id = None
    for name in ("first", "next_period", "mixed"):
        file = tmp_path / f"{name}.csv"
        table(upload(REVENUE, name), SyntheticSource(1)).to_csv(file, index=False)
        review_id = running.outcome(running.upload(model, file)).review_id
    assert review_id is not None
    listed = json.loads(_nightshift(running, "reviews", "--model", model, "--only", "open", "--json").stdout)
    assert [item["review_id"] for item in listed["items"]] == [review_id]
    packet = ReviewPacket.model_validate(running.app.get(f"reviews/{review_id}"))
    assert (packet.better == (), packet.worse == (), packet.missing, packet.stale) == (False, False, (), ())
    assert packet.drift
    assert any("Databricks job run" in link.title for link in packet.links)
    shown = _nightshift(running, "review", review_id)
    assert shown.returncode == 0, shown.stderr
    for heading in ("champion against challenger", "cost of waiting", "if nobody answers", "links"):
        assert heading in shown.stdout
    approved = _nightshift(running, "approve", review_id, "--comment", "the hole in the data is known")
    assert approved.returncode == 0, approved.stderr
    challenger = packet.review.challenger_version
    assert "was approved by developer@localhost at" in approved.stdout
    assert f"version {challenger} is champion" in approved.stdout
    assert _champion(running, model) == challenger
    explained = json.loads(_nightshift(running, "explain", packet.review.run, "--json").stdout)
    assert [entry["kind"] for entry in explained["entries"]] == ["decision", "outcome", "review", "review"]
    assert explained["entries"][2]["actor"] == "developer@localhost"
    late = _nightshift(running, "reject", review_id, "--comment", "or not")
    assert late.returncode == 1
    assert "cannot reject it " in late.stderr


def test_rejected(running: RunningApp, flagged: Flag) -> None:
    """The champion stays, and both lists say so."""
    review = flagged()
    assert _decide(running, review, "reject").status_code == 200
    kept = await_closed(running.app, review.review_id)
    assert (kept.state, _champion(running, review.model)) == ("rejected", "1")
    items = running.app.get("reviews", model=review.model, state="open,rejected")["items"]
    assert [item["state"] for item in items] == ["rejected"]


def test_nobody_answers(running: RunningApp, flagged: Flag) -> None:
    """Reminded, escalated, expired, without anybody calling the API; who comes late is notified."""
    review = flagged(review={**SHORT, "expires_after_minutes": 0.03})
    kept = _await(running, review, "expired")
    assert [event.key for event in kept.timeline][:4] == ["opened", "remind", "escalate-manager", "expire"]
    assert _champion(running, review.model) == "1"
    late = _decide(running, review, "approve")
    assert late.status_code == 409
    assert "; the champion stays version 1" in late.json()["detail"]
    assert _champion(running, review.model) == "1"


def test_stale_evidence_makes_an_approval_void(running: RunningApp, flagged: Flag) -> None:
    """The challenger came into quarantine meanwhile: void, said which, and the data is evaluated again."""
    review = flagged()
    client = MlflowClient(running.endpoints.mlflow_url, running.endpoints.mlflow_url)
    client.set_model_version_tag(review.model, "2", TAG_QUARANTINE, "i7")
    packet = ReviewPacket.model_validate(running.app.get(f"reviews/{review.review_id}"))
    assert [change.what for change in packet.stale] == ["challenger"]
    assert _decide(running, review, "approve").status_code == 200
    kept = await_closed(running.app, review.review_id)
    assert (kept.state, [change.what for change in kept.changed]) == ("void", ["challenger"])
    assert _champion(running, review.model) == "1"
    run = await_run(running.app, review.model, kept.fresh)
    # Two rows train nothing; that run says so. Here it counts that it was started.
    assert running.outcome(run).outcome == "failed"


def test_an_improvement_is_asked_for(running: RunningApp, flagged: Flag) -> None:
    """The champion stays, and the data goes into the improvement loop, once, by the person who asked."""
    review = flagged()
    assert _decide(running, review, "improve").status_code == 200
    kept = await_closed(running.app, review.review_id)
    assert (kept.state, _champion(running, review.model)) == ("improving", "1")
    run = await_run(running.app, review.model, kept.fresh)
    assert running.outcome(run).outcome == "failed"
    entries = running.app.get("ledger", model=review.model)["items"]
    assert [(entry["actor"], entry["body"]["order"]) for entry in entries if entry["kind"] == "order"] == [
        ("ann", "improve")
    ]


def test_two_deciders_at_once(running: RunningApp, flagged: Flag) -> None:
    """Two browsers: one decision, and the other is told whose and when."""
    review = flagged()
    answers: dict[str, httpx.Response] = {}
    both = threading.Barrier(2)

    def decide(who: str, decision: str) -> None:
        both.wait(timeout=150)
        answers[who] = _decide(running, review, decision, who)

    threads = [threading.Thread(target=decide, args=pair) for pair in (("ann", "approve"), ("bob", "reject"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=150)
    codes = {who: answer.status_code for who, answer in answers.items()}
    assert sorted(codes.values()) == [200, 409]
    winner = next(who for who, code in codes.items() if code == 200)
    loser = next(who for who, code in codes.items() if code == 409)
    verb = "approved" if winner == "ann" else "rejected"
    assert f"was {verb} by {winner} at" in answers[loser].json()["detail"]
    kept = await_closed(running.app, review.review_id)
    assert kept.decision is not None
    assert kept.decision.by == winner
    assert _champion(running, review.model) == ("2" if winner == "ann" else "1")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"roles": "Reader,Operator,AlertWriter"}, 403),
        ({"roles": ""}, 403),
        ({"decision": "maybe"}, 400),
        ({"comment": "  "}, 400),
        ({"comment": 7}, 400),
        ({"evidence_digest": "0" * 64}, 409),
        ({"extra": 1}, 400),
    ],
)
def test_what_is_refused(running: RunningApp, flagged: Flag, given: dict[str, Any], status: int) -> None:
    """No role, no sense, no comment, other evidence: refused with a reason, and the review stays open."""
    review = flagged()
    answer = _decide(running, review, given.pop("decision", "approve"), **given)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert _await(running, review, "open").decision is None


def test_an_unknown_review(running: RunningApp) -> None:
    """404 with what would help, for the packet and for a decision."""
    with pytest.raises(AppRefusedError, match="`nightshift reviews` lists those there are"):
        running.app.get("reviews/nope")
    with pytest.raises(AppRefusedError, match="No such review"):
        running.app.post("reviews/nope/decision", {"decision": "reject", "comment": "no"})


def test_four_eyes(running: RunningApp, flagged: Flag) -> None:
    """Who uploaded the data cannot approve; another can."""
    review = flagged(uploader="ann", review={"four_eyes": True})
    refused = _decide(running, review, "approve", "ann")
    assert refused.status_code == 403
    assert "four eyes: ann has triggered this promotion" in refused.json()["detail"]
    assert _decide(running, review, "approve", "bob").status_code == 200
    assert await_closed(running.app, review.review_id).state == "promoted"


def test_decisions_are_limited(running: RunningApp, flagged: Flag) -> None:
    """A script gone wild is told how long to wait."""
    review = flagged()
    answers: list[httpx.Response] = []
    # At most twenty in a minute: a slow machine needs more until twenty fall into one.
    while len(answers) < 200 and (not answers or answers[-1].status_code == 200):
        answers.append(_decide(running, review, "reject", "wild"))
    assert [answer.status_code for answer in answers] == [200] * (len(answers) - 1) + [429]
    assert len(answers) > 20
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 61


def test_killed_while_it_waits(running: RunningApp, flagged: Flag) -> None:
    """kill -9 of the functions host while a person thinks: the decision afterwards is acted on once."""
    review = flagged(review={"remind_after_minutes": 0.01, "ladder": [], "expires_after_minutes": 600})
    deadline = time.monotonic() + 240
    while len(_await(running, review, "open").timeline) < 2 and time.monotonic() < deadline:
        pass  # the sweep starts it, and it reminds: then it waits for the expiry
    process = Stack.attach(running.state).components()["functions"].process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    _await(running, review, "open")
    with AppClient(running.endpoints.app_url) as app:
        app.post(f"reviews/{review.review_id}/decision", {"decision": "approve", "comment": "still right"})
    kept = _await(running, review, "promoted")
    assert (kept.settled, _champion(running, review.model)) == (True, "2")
    moves = ModelView.model_validate(running.app.get(f"models/{review.model}")).moves
    assert [move.version for move in moves if move.state == "done"] == ["1", "2"]
