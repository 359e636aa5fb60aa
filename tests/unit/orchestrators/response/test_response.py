"""A response's order, and how long it waits before it acts."""

from datetime import datetime, timedelta

import pytest

from local_host.testing.virtual_engine import VirtualEngine
from nightshift.domain.platform.names import INCIDENT_CHANGED
from nightshift.domain.response.incident import Verdict
from tests.unit.orchestrators.conftest import Script
from tests.unit.orchestrators.response.conftest import (
    ID,
    Run,
    end,
    now,
    pages,
    planned,
    start,
)


async def test_a_response_takes_its_steps_in_order(run: Run, script: Script) -> None:
    """Plan, each mitigation in the playbook's order with the plan's reason, verify; nobody is woken."""
    assert await run() == {
        "verdict": "act",
        "rule": "playbook",
        "rollback": "done",
        "notify": "done",
        "recovered": "yes",
    }
    assert script.names() == ["plan_response", "roll_back", "tell_on_call", "verify_recovery"]
    (order,) = script.asked("roll_back")
    assert (order["incident_id"], order["mitigation"], order["reason"]) == ("i1", "rollback", "the playbook's line")
    assert pages(script) == []


async def test_what_is_left_is_left(run: Run, script: Script) -> None:
    """Nothing is done, nobody is notified."""
    script.on("plan_response", planned(verdict="leave"))
    assert await run() == {"verdict": "leave", "rule": "playbook"}
    assert script.names() == ["plan_response"]


async def test_what_fires_again_is_paged_and_nothing_is_done_twice(run: Run, script: Script) -> None:
    """It had been resolved: whatever was done has not helped for long."""
    assert await run(again=True) == {"verdict": "again"}
    assert script.names() == ["tell_on_call"]
    assert [page.startswith("it fired again ") for page in pages(script)] == [True]


@pytest.mark.parametrize("verdict", ["hold", "mute"])
async def test_a_symptom_waits_until_its_incident_changes(
    engine: VirtualEngine, script: Script, verdict: Verdict
) -> None:
    """With the time to hold an hour away, the event that its cause is cured makes it plan again at once."""
    held = planned(verdict=verdict, until=now() + timedelta(hours=1))
    script.on("plan_response", held, planned("notify"))
    await start(engine)
    await engine.settle()
    await engine.raise_event(ID, INCIDENT_CHANGED, "{}")
    assert (await end(engine))["notify"] == "done"
    assert script.names() == ["plan_response", "plan_response", "tell_on_call"]
    assert [request["look"] for request in script.asked("plan_response")] == [0, 1]


async def test_a_symptom_waits_no_longer_than_its_time(run: Run, script: Script) -> None:
    """The cause lasts: when the time to hold is over, the plan is made again, at that time."""
    until = now() + timedelta(hours=6)
    script.on("plan_response", planned(verdict="hold", until=until), planned("ask"))
    assert (await run())["ask"] == "done"
    first, second = (datetime.fromisoformat(request["at"]) for request in script.asked("plan_response"))
    assert (first, second) == (now(), until)


async def test_a_change_that_cures_nothing_does_not_end_the_waiting(engine: VirtualEngine, script: Script) -> None:
    """Woken once, it looks again by time until the cause is gone."""
    held = planned(verdict="hold", until=now() + timedelta(hours=1))
    script.on("plan_response", held, held, held, planned("notify"))
    await start(engine)
    await engine.settle()
    await engine.raise_event(ID, INCIDENT_CHANGED, "{}")
    assert (await end(engine))["notify"] == "done"
    assert len(script.asked("plan_response")) == 4


async def test_an_event_before_the_wait_is_not_lost(engine: VirtualEngine, script: Script) -> None:
    """The cause was cured while the plan was being made."""
    script.on("plan_response", planned(verdict="hold", until=now() + timedelta(hours=1)), planned(verdict="leave"))
    await start(engine)
    await engine.raise_event(ID, INCIDENT_CHANGED, "{}")
    assert (await end(engine))["verdict"] == "leave"
