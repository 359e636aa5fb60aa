"""A review waits for a person, reminds, escalates, expires, and acts on what was decided."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from local_host.testing.virtual_clock import START
from local_host.testing.virtual_engine import VirtualEngine
from nightshift.domain.improvement.messages import ImproveOrder, ImproveOrdered
from nightshift.domain.platform.names import AWAIT_DECISION, REVIEW, REVIEW_DECIDED
from nightshift.domain.platform.step import Done, Failure, RetryPolicy
from nightshift.domain.response.messages import MoveServingResult
from nightshift.domain.reviews.messages import ReviewInput, ReviewResult
from nightshift.domain.reviews.policy import ReviewStep
from nightshift.domain.reviews.review import ReviewState
from tests.unit.orchestrators.conftest import Script

ID = "review-m-r1"
Start = Callable[[], Awaitable[None]]
Finish = Callable[[], Awaitable[dict[str, Any]]]
DOWN = OSError("storage is away")


def _result(state: ReviewState, *steps: ReviewStep, **given: Any) -> ReviewResult:
    return ReviewResult(state=state, steps=steps, run="lifecycle-m-1", **given)


def _step(kind: Any, contact: str = "", *, hours: float = 1) -> ReviewStep:
    return ReviewStep(kind=kind, at=START + timedelta(hours=hours), contact=contact)


@pytest.fixture
def script() -> Script:
    """A review that nobody has decided."""
    result = Script()
    result.on("tell_reviewers", _result("open", _step("remind", hours=4), _step("expire", hours=24)))
    result.on("expire_review", _result("expired"))
    result.on("act_on_review", _result("promoted"))
    result.on("settle_review", _result("promoted"))
    result.on("publish_event", Done())
    result.on("send_alert", Done())
    return result


@pytest.fixture
def start(engine: VirtualEngine) -> Start:
    """Start a review."""

    async def begin() -> None:
        order = ReviewInput(model="m", review_id="r1")
        await engine.start_instance(REVIEW, json.dumps(order.model_dump_json()), ID)

    return begin


@pytest.fixture
def finish(engine: VirtualEngine) -> Finish:
    """Wait for its end and return its output."""

    async def end() -> dict[str, Any]:
        found: dict[str, Any] = json.loads((await engine.wait_for_completion(ID)).output or "null")
        return found

    return end


async def test_a_decision_ends_the_wait(engine: VirtualEngine, start: Start, finish: Finish, script: Script) -> None:
    """On-call is notified once, the decision is acted on, and the promotion is published for its run."""
    await start()
    await engine.raise_event(ID, REVIEW_DECIDED, json.dumps({"choice": "approved"}))
    assert await finish() == {"review": "r1", "model": "m", "state": "promoted"}
    assert script.names() == ["tell_reviewers", "act_on_review", "publish_event"]
    (event,) = script.asked("publish_event")
    assert (event["kind"], event["run"], event["data"]) == ("promoted", "lifecycle-m-1", {"review_id": "r1"})


async def test_a_decision_before_the_wait_is_acted_on(start: Start, finish: Finish, script: Script) -> None:
    """Somebody decided before the orchestration looked: nobody is waited for."""
    script.on("tell_reviewers", _result("rejected"))
    script.on("act_on_review", _result("rejected"))
    await start()
    assert (await finish())["state"] == "rejected"
    assert script.names() == ["tell_reviewers", "act_on_review"]


async def test_nobody_answers(engine: VirtualEngine, start: Start, finish: Finish, script: Script) -> None:
    """Reminder, each level of the escalation in its order, and 24 hours later it expires."""
    steps = (
        _step("remind", hours=4),
        _step("escalate", "second", hours=8),
        _step("escalate", "manager", hours=16),
        _step("expire", hours=24),
    )
    script.on("tell_reviewers", _result("open", *steps))
    script.on("act_on_review", _result("expired"))
    await start()
    await engine.advance(timedelta(hours=24) - timedelta(seconds=1))
    assert [script.names().count(name) for name in ("tell_reviewers", "expire_review")] == [4, 0]
    assert (await finish())["state"] == "expired"
    assert engine.clock.now() == START + timedelta(hours=24)
    asked = [None if message["step"] is None else message["step"]["kind"] for message in script.asked("tell_reviewers")]
    assert asked == [None, "remind", "escalate", "escalate"]
    assert [message["step"]["contact"] for message in script.asked("tell_reviewers")[2:]] == ["second", "manager"]
    assert script.names()[-2:] == ["expire_review", "act_on_review"]


async def test_a_step_that_finds_a_decision_ends_the_wait(start: Start, finish: Finish, script: Script) -> None:
    """The event of the decision was lost; the reminder reads the record and acts on it."""
    script.on("tell_reviewers", _result("open", _step("remind"), _step("expire", hours=24)), _result("approved"))
    await start()
    assert (await finish())["state"] == "promoted"
    assert script.names() == ["tell_reviewers", "tell_reviewers", "act_on_review", "publish_event"]


async def test_who_is_faster_than_the_expiry_counts(start: Start, finish: Finish, script: Script) -> None:
    """The expiry finds that a person has decided at the same moment."""
    script.on("tell_reviewers", _result("open", _step("expire")))
    script.on("expire_review", _result("approved"))
    await start()
    assert (await finish())["state"] == "promoted"


async def test_an_event_without_a_decision_changes_nothing(
    engine: VirtualEngine, start: Start, finish: Finish, script: Script
) -> None:
    """Somebody raised the event by hand: the review goes on waiting."""
    script.on("tell_reviewers", _result("open", _step("expire", hours=24)))
    script.on("act_on_review", _result("open"), _result("expired"))
    await start()
    await engine.raise_event(ID, REVIEW_DECIDED, "{}")
    assert (await finish())["state"] == "expired"
    assert script.names().count("expire_review") == 1


async def test_the_endpoint_follows_an_approval(start: Start, finish: Finish, script: Script) -> None:
    """The promotion counts when the endpoint serves the new champion."""
    script.on("tell_reviewers", _result("approved"))
    script.on("act_on_review", _result("approved", endpoint="revenue", version="2"))
    script.on("move_serving", MoveServingResult(), MoveServingResult(moved=True, detail="it serves version 2"))
    await start()
    assert (await finish())["state"] == "promoted"
    (settled,) = script.asked("settle_review")
    assert (settled["detail"], settled["problem"]) == ("version 2 is champion; it serves version 2", "")


async def test_an_endpoint_that_does_not_follow(start: Start, finish: Finish, script: Script) -> None:
    """Alias and endpoint go back together; nothing is published; if the endpoint stays away, on-call is notified."""
    script.on("tell_reviewers", _result("approved"))
    script.on("act_on_review", _result("approved", endpoint="revenue", version="2"))
    script.on("move_serving", MoveServingResult(failed=True, detail="its update failed"))
    script.on("settle_review", _result("failed", endpoint="revenue", version="1"))
    await start()
    assert (await finish())["state"] == "failed"
    assert [message["serve"]["version"] for message in script.asked("move_serving")] == ["2", "1"]
    (settled,) = script.asked("settle_review")
    assert settled["problem"].endswith(" did not follow: its update failed")
    assert len(script.asked("send_alert")) == 1
    assert "publish_event" not in script.names()


@pytest.mark.parametrize(
    ("ordered", "told"),
    [
        (
            ImproveOrdered(identity="u1", improves="lifecycle-m-1", files=("a.csv",)),
            {"fresh": "u1", "problem": "", "detail": "a.csv is in the model's queue"},
        ),
        (
            ImproveOrdered(identity="u1", improves="lifecycle-m-1", files=("a.csv",), repeated=True),
            {"fresh": "u1", "problem": "", "detail": "a.csv had been ordered before"},
        ),
        (
            Failure(step="order_improvement", code="bad_input", message="its data is gone"),
            {"fresh": "", "problem": "not ordered: its data is gone", "detail": ""},
        ),
    ],
)
async def test_an_improvement_is_ordered(
    start: Start, finish: Finish, script: Script, ordered: ImproveOrdered, told: dict[str, str]
) -> None:
    """By the person who asked for it, on the run's data; what comes of it is written down."""
    order = ImproveOrder(model="m", run="lifecycle-m-1", by="ann", reason="try the other features")
    script.on("tell_reviewers", _result("improving"))
    script.on("act_on_review", _result("improving", improve=order))
    script.on("order_improvement", ordered)
    script.on("settle_review", _result("improving"))
    await start()
    assert (await finish())["state"] == "improving"
    assert script.asked("order_improvement") == [order.to_json()]
    (settled,) = script.asked("settle_review")
    assert (settled["fresh"], bool(settled["problem"])) == (told["fresh"], bool(told["problem"]))
    assert (settled["problem"].endswith(told["problem"]), settled["detail"].endswith(told["detail"])) == (True, True)


async def test_a_notification_that_fails_for_good_holds_up_no_decision(
    start: Start, finish: Finish, script: Script
) -> None:
    """Only an outage is waited for; and the order of the calls is that of instances which are in flight."""
    script.on("tell_reviewers", Failure(step="tell_reviewers", code="internal_error", message="broken"))
    await start()
    assert (await finish())["state"] == "promoted"
    assert (len(script.asked("tell_reviewers")), len(script.asked("act_on_review"))) == (1, 1)
    assert script.asked("send_alert") == []


@pytest.mark.parametrize("broken", ["tell_reviewers", "expire_review"])
async def test_an_open_review_with_a_broken_step_waits_for_its_decision(
    engine: VirtualEngine, start: Start, finish: Finish, script: Script, broken: str
) -> None:
    """It is tried again at intervals, on-call hears of it under one key, and a decision is acted on at once."""
    script.on(broken, Failure(step=broken, code="internal_error", message="KeyError: 'x'"))
    script.on("act_on_review", _result("open"))
    await start()
    await engine.advance(timedelta(hours=25))
    assert 12 <= len(script.asked(broken)) <= 25 * 12 + 1
    assert {alert["key"] for alert in script.asked("send_alert")} == {f"review:r1:{broken}"}
    assert all("internal_error" in alert["detail"] for alert in script.asked("send_alert"))
    script.on("act_on_review", _result("promoted"))
    before = len(script.asked(broken))
    await engine.raise_event(ID, REVIEW_DECIDED, json.dumps({"choice": "approved"}))
    assert (await finish())["state"] == "promoted"
    assert len(script.asked(broken)) <= before + 1


async def test_an_approval_outlives_an_outage(
    engine: VirtualEngine, start: Start, finish: Finish, script: Script
) -> None:
    """Storage or MLflow is away longer than the retries: on-call is notified, and five minutes later it is acted on."""
    retry = RetryPolicy()
    script.on("tell_reviewers", _result("approved"))
    script.on("act_on_review", *[DOWN] * retry.attempts, _result("promoted"))
    await start()
    assert (await finish())["state"] == "promoted"
    assert len(script.asked("act_on_review")) == retry.attempts + 1
    tries = timedelta(seconds=retry.seconds) * (retry.attempts - 1)
    assert engine.clock.now() == START + tries + timedelta(minutes=5)
    (alert,) = script.asked("send_alert")
    assert (alert["rule"], alert["severity"]) == ("review_act_on_review", "warning")


async def test_what_no_retry_cures_fails_the_review(start: Start, finish: Finish, script: Script) -> None:
    """MLflow refuses: the champion is put back if it was moved, and the review says why."""
    script.on("tell_reviewers", _result("approved"))
    failure = Failure(step="act_on_review", code="service_refused", message="MLflow refused: 403")
    script.on("act_on_review", failure)
    script.on("settle_review", _result("failed"))
    await start()
    assert (await finish())["state"] == "failed"
    (settled,) = script.asked("settle_review")
    assert settled["problem"] == "service_refused: MLflow refused: 403"


async def test_it_says_that_it_waits(engine: VirtualEngine, start: Start) -> None:
    """People and the sweep see the step; only a review that waits gets the event of a decision a second time."""
    await start()
    await engine.settle()
    status = await engine.get_status(ID)
    assert json.loads(status.custom_status or "{}")["step"] == AWAIT_DECISION
