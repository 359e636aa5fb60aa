"""Waits of any length, in virtual time, under the timer durations of the extension on Azure Storage."""

import ast
import inspect
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import orchestrators
from local_host.durable.instance import RuntimeStatus
from local_host.testing.hand_driven import HandDriven
from nightshift.domain.platform.names import (
    INCIDENT_CHANGED,
    RESPONSE,
    REVIEW,
    REVIEW_DECIDED,
)
from nightshift.domain.platform.step import Done
from nightshift.domain.response.incident import IncidentAction, Verdict
from nightshift.domain.response.messages import MitigationResult, PlannedResponse, ResponseInput, ResponsePlan
from nightshift.domain.reviews.messages import ReviewInput, ReviewResult
from nightshift.domain.reviews.policy import ReviewStep
from orchestrators.platform.waiting import LONGEST_STEP, wait_until
from orchestrators.response.response import response
from orchestrators.reviews.review import review

TIMER_CREATED, TIMER_FIRED = 10, 11
Drive = Callable[..., HandDriven]


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[Drive]:
    """Makes a hub in virtual time."""
    made: list[HandDriven] = []

    def make(*given: Any) -> HandDriven:
        made.append(HandDriven(tmp_path / "hub.db", *given))
        return made[-1]

    yield make
    for driven in made:
        driven.close()


def _waits(context: Any) -> Any:
    days = context.get_input()
    heard = context.wait_for_external_event("go")
    came = yield from wait_until(context, context.current_utc_datetime + timedelta(days=days), heard)
    yield context.call_activity("act", came)
    return str(context.current_utc_datetime)


def _as_before(context: Any) -> Any:
    """How the orchestrators waited before: one timer of any length."""
    days = context.get_input()
    heard = context.wait_for_external_event("go")
    due = context.create_timer(context.current_utc_datetime + timedelta(days=days))
    came = (yield context.task_any([heard, due])) is heard
    if came:
        due.cancel()
    yield context.call_activity("act", came)
    return str(context.current_utc_datetime)


@pytest.mark.parametrize("days", [-1, 0, 0.5, 3, 5, 6.5, 14, 30])
def test_a_wait_ends_at_its_time(drive: Drive, days: float) -> None:
    """Not a microsecond before, whatever its length; no step is longer than the longest."""
    driven = drive({"waits": _waits}, {"act": lambda came: came})
    begun = driven.now
    instance_id = driven.start("waits", days)
    driven.run()
    if days > 0:
        driven.advance(days=days, microseconds=-1)
        assert driven.status(instance_id) == RuntimeStatus.RUNNING
        driven.advance(microseconds=1)
    assert driven.output(instance_id) == str(max(begun, begun + timedelta(days=days)))
    created = [record["Timestamp"] for record in driven.history(instance_id) if record["EventType"] == TIMER_CREATED]
    assert len(created) <= days / (LONGEST_STEP / timedelta(days=1)) + 2


@pytest.mark.parametrize("days", [0.5, 6.5])
@pytest.mark.parametrize("hours", [-1, 1], ids=["set back", "set ahead"])
def test_a_clock_that_jumps_moves_the_end_of_a_wait_by_its_jump(drive: Drive, days: float, hours: float) -> None:
    """Once, whatever the number of steps: by the clock the wait ends at its time; what follows happens once."""
    driven = drive({"waits": _waits}, {"act": lambda came: came})
    until = driven.now + timedelta(days=days)
    instance_id = driven.start("waits", days)
    driven.run()
    driven.advance(hours=6)
    driven.advance(hours=hours)
    driven.advance(days=days, hours=-6 - hours, microseconds=-1)
    assert driven.status(instance_id) == RuntimeStatus.RUNNING
    driven.advance(microseconds=1)
    assert driven.output(instance_id) == str(until)
    assert driven.calls[instance_id, "act"] == 1


@pytest.mark.parametrize("days", [0.1, 2.9, 3.1, 6.1, 13.9])
def test_an_event_ends_a_wait_at_once(drive: Drive, days: float) -> None:
    """What comes behind the wait is scheduled when the event comes, and no timer is left."""
    driven = drive({"waits": _waits}, {"act": lambda came: came})
    instance_id = driven.start("waits", 14)
    driven.run()
    driven.advance(days=days)
    driven.raise_event(instance_id, "go")
    driven.run()
    assert driven.output(instance_id) == str(driven.now)
    assert driven.calls[instance_id, "act"] == 1
    assert driven.hub.store.timers() == []


def test_one_long_timer_delays_what_follows(drive: Drive) -> None:
    """Why there are steps: the SDK does not cancel the part of a long timer, and actions are awaited in order."""

    def reminds(context: Any) -> Any:
        heard, begun = context.wait_for_external_event("go"), context.current_utc_datetime
        for days in (1, 14):
            due = context.create_timer(begun + timedelta(days=days))
            if (yield context.task_any([heard, due])) is heard:
                due.cancel()
                break
        yield context.call_activity("act", True)

    driven = drive({"reminds": reminds}, {"act": lambda came: came})
    instance_id = driven.start("reminds")
    driven.run()
    driven.advance(days=1)
    driven.advance(days=1)
    driven.raise_event(instance_id, "go")
    driven.run()
    assert driven.calls[instance_id, "act"] == 0
    driven.advance(days=2)
    assert driven.calls[instance_id, "act"] == 1


@pytest.mark.parametrize(("days", "before"), [(14, 1), (14, 4), (14, 13), (5, 4)])
@pytest.mark.parametrize("hears", [True, False])
def test_a_wait_that_one_timer_began_goes_on(drive: Drive, days: int, before: int, hears: bool) -> None:
    """An instance under way when these steps are deployed is replayed to the same end, and acts at once."""
    driven = drive({"waits": _as_before}, {"act": lambda came: came})
    instance_id = driven.start("waits", days)
    driven.run()
    begun = driven.now
    for _ in range(before):
        driven.advance(days=1)
    driven.redeploy({"waits": _waits})
    if hears:
        driven.raise_event(instance_id, "go")
        driven.run()
        assert driven.output(instance_id) == str(begun + timedelta(days=before))
    else:
        for _ in range(days - before):
            driven.advance(days=1)
        assert driven.output(instance_id) == str(begun + timedelta(days=days))
    assert driven.calls[instance_id, "act"] == 1


def test_a_review_decided_on_the_first_of_fourteen_days_is_acted_on_at_once(drive: Drive) -> None:
    """The reminder and the expiry are far away; the decision is not."""
    acted = []

    def told(_: Any) -> Any:
        steps = (
            ReviewStep(kind="remind", at=begun + timedelta(hours=1), contact=""),
            ReviewStep(kind="expire", at=begun + timedelta(days=14), contact=""),
        )
        return ReviewResult(state="open", steps=steps, run="r").to_json()

    def act(_: Any) -> Any:
        acted.append(driven.now)
        return ReviewResult(state="promoted", run="r").to_json()

    bodies = {"tell_reviewers": told, "act_on_review": act, "publish_event": lambda _: Done().to_json()}
    driven = drive({REVIEW: review}, {**bodies, "expire_review": lambda _: pytest.fail("the review was decided")})
    begun = driven.now
    instance_id = driven.start(REVIEW, ReviewInput(model="m", review_id="r1").to_json())
    driven.run()
    driven.advance(hours=1)
    driven.advance(hours=23)
    driven.raise_event(instance_id, REVIEW_DECIDED, {"choice": "approved"})
    driven.run()
    assert acted == [begun + timedelta(days=1)]
    assert driven.status(instance_id) == RuntimeStatus.COMPLETED


def _plan(driven: HandDriven, planned: list[Any]) -> Callable[[Any], Any]:
    """Hold for a day; then a maintenance window of eight days; then act."""
    begun = driven.now
    waits: list[tuple[Verdict, datetime | None]] = [
        ("hold", begun + timedelta(days=1)),
        ("mute", begun + timedelta(days=9)),
        ("act", None),
    ]

    def answer(_: Any) -> Any:
        verdict, until = waits[len(planned)]
        planned.append(driven.now - begun)
        plan = ResponsePlan(
            verdict=verdict,
            rule="maintenance",
            reason="a window",
            until=until,
            mitigations=("pause_compute",) if verdict == "act" else (),
            verify_minutes=5,
        )
        return PlannedResponse(plan=plan).to_json()

    return answer


@pytest.mark.parametrize("change", [timedelta(days=2), None])
def test_a_maintenance_window_of_eight_days_ends_with_it_or_with_a_change(
    drive: Drive, change: timedelta | None
) -> None:
    """An incident that changes is planned again at once, one that does not when the window is over; so is a lease."""
    planned: list[Any] = []
    resumed: list[Any] = []
    driven = drive({RESPONSE: response}, dict.fromkeys(("plan_response", "pause_compute", "resume_compute")))
    begun = driven.now

    def paused(_: Any) -> Any:
        action = IncidentAction(mitigation="pause_compute", state="done", at=driven.now, detail="paused")
        return MitigationResult(action=action, resume_at=driven.now + timedelta(days=10)).to_json()

    def resume(_: Any) -> Any:
        resumed.append(driven.now - begun)
        return {}

    driven.bodies.update({"plan_response": _plan(driven, planned), "pause_compute": paused, "resume_compute": resume})
    instance_id = driven.start(RESPONSE, ResponseInput(model="m", incident_id="i1").to_json())
    driven.run()
    for day in range(1, 21):
        driven.advance(days=1)
        if change == timedelta(days=day):
            driven.raise_event(instance_id, INCIDENT_CHANGED)
            driven.run()
    acts = change or timedelta(days=9)
    assert planned == [timedelta(), timedelta(days=1), acts]
    assert resumed == [acts + timedelta(days=10)]
    assert driven.status(instance_id) == RuntimeStatus.COMPLETED


def test_every_wait_of_every_orchestrator_is_this_one() -> None:
    """A timer of an orchestrator's own could be a long one."""
    folder = Path(inspect.getfile(orchestrators)).parent
    own = [
        path.name
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "create_timer"
    ]
    assert own == ["waiting.py"]
