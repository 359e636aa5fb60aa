"""kill -9: whatever was acknowledged goes on, what was done is not done again, what was under way runs again."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pytest

Process: TypeAlias = Any


@pytest.mark.parametrize("at", [0, 2, 4])
def test_killed_while_an_activity_runs(process: Process, at: int) -> None:
    """The activity under way runs again; no other does."""
    process.begin("chain", at, "one")
    process.until(lambda: process.runs()[f"one {at}"] == 1)
    process.kill()
    process.open_gate(str(at))
    process.start()
    assert process.output("one") == ["0", "1", "2", "3", "4"]
    assert process.runs() == {f"one {step}": 2 if step == at else 1 for step in range(5)}


def test_killed_in_the_middle_of_a_fan_out(process: Process) -> None:
    """Ten of twenty had ended; only the other ten run again."""
    process.begin("fan_out", None, "one")
    process.until(lambda: len(process.runs()) == 20)
    process.until(lambda: sum(event["EventType"] == "TaskCompleted" for event in history(process, "one")) == 10)
    process.kill()
    for step in range(1, 20, 2):
        process.open_gate(str(step))
    process.start()
    assert process.output("one") == [str(step) for step in range(20)]
    assert process.runs() == {f"one {step}": 1 + step % 2 for step in range(20)}


def history(process: Process, instance_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = process.http.get(f"/instances/{instance_id}?showHistory=true").json()["historyEvents"]
    return found


@pytest.mark.parametrize("comes_due_while_down", [True, False])
def test_killed_while_a_timer_runs(process: Process, comes_due_while_down: bool) -> None:
    """A timer that came due while the host was down fires after the restart; a later one at its time."""
    process.begin("sleeps", 1500, "one")
    process.until(lambda: timers(process, "one"))
    (fire_at,) = timers(process, "one")
    process.kill()
    if comes_due_while_down:
        process.until(lambda: datetime.now(UTC) > fire_at)
    process.start()
    assert process.output("one") == "rested"
    assert datetime.now(UTC) > fire_at
    assert process.runs() == {"one before": 1, "one after": 1}


def timers(process: Process, instance_id: str) -> list[datetime]:
    """When the instance's open timers fire."""
    events = history(process, instance_id)
    return [datetime.fromisoformat(event["FireAt"]) for event in events if event["EventType"] == "TimerCreated"]


def test_killed_while_waiting_for_an_event(process: Process) -> None:
    """The wait goes on, and an acknowledged event is there after a kill right behind its acknowledgement."""
    process.begin("waits", None, "one")
    process.until(lambda: process.runs()["one before"] == 1)
    process.kill()
    process.start()
    assert process.http.post("/instances/one/raiseEvent/go", json="news").status_code == 202
    process.kill()
    process.start()
    assert process.output("one") == "news"
    assert process.runs()["one before"] <= 2
    assert process.runs()["one after"] <= 2


def test_killed_right_after_a_start_was_acknowledged(process: Process) -> None:
    """Acknowledged means on disk."""
    process.begin("chain", None, "one")
    process.kill()
    process.start()
    assert process.output("one") == ["0", "1", "2", "3", "4"]


def test_killed_while_a_child_runs(process: Process) -> None:
    """Parent and child both go on, under the same ids."""
    process.begin("parent", None, "one")
    process.until(lambda: process.runs()["one-child 2"] == 1)
    process.kill()
    process.open_gate("2")
    process.start()
    assert process.output("one") == ["0", "1", "2", "3", "4"]
    assert process.runs() == {
        **{f"one-child {step}": 2 if step == 2 else 1 for step in range(5)},
        "one after": 1,
    }


def test_killed_between_attempts(process: Process) -> None:
    """The retry's count and timer survive: two failures, one success, whatever happened between."""
    process.begin("retries", None, "one")
    process.until(lambda: any(event["EventType"] == "TaskFailed" for event in history(process, "one")))
    process.kill()
    process.start()
    assert process.output("one") == "flaky"
    assert process.runs() == {"one flaky": 3}


def test_killed_at_random_moments(process: Process) -> None:
    """Many instances of every kind, eight kills: all end right, and each kill repeats at most what was under way."""
    chance = random.Random(20261121)
    started = {"chain": None, "sleeps": 100, "rounds": 4}
    ids = []
    for kill in range(8):
        for name, value in started.items():
            ids.append((name, f"{name}-{kill}"))
            process.begin(name, value, ids[-1][1])
        # Not a wait for anything: the moment of the kill is what the test varies.
        time.sleep(chance.uniform(0, 0.08))
        process.kill()
        process.start()
    expected = {"chain": ["0", "1", "2", "3", "4"], "sleeps": "rested", "rounds": "done"}
    assert {instance_id: process.output(instance_id) for _, instance_id in ids} == {
        instance_id: expected[name] for name, instance_id in ids
    }
    wanted = {"chain": 5, "sleeps": 2, "rounds": 5}
    runs = process.runs()
    repeated = runs.total() - sum(wanted[name] for name, _ in ids)
    # At a kill at most one activity of each instance is under way (none of these fans out).
    assert 0 <= repeated <= sum(range(3, 27, 3))
