"""Timers with a clock that the test moves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local_host.functions.errors import FunctionLoadError
from local_host.functions.triggers.source import SourceSetting
from local_host.functions.triggers.timer import TimerSource
from local_host.testing.virtual_clock import VirtualClock

from .conftest import MakeSetting

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOURLY = """
runs = []
@app.timer_trigger(arg_name="timer", schedule="{schedule}", run_on_startup={startup}, use_monitor={monitor})
async def tick(timer: func.TimerRequest) -> None:
    runs.append((timer.past_due, timer.schedule_status.get("Last"), timer.schedule_status.get("Next")))
"""


async def move(clock: VirtualClock, by: timedelta) -> None:
    """Lets time pass, and what has become due run."""
    clock.move(by)
    await settle()


async def settle() -> None:
    """Gives every task that can go on its turn."""
    for _ in range(50):
        await asyncio.sleep(0)


@pytest.fixture
async def started() -> AsyncIterator[list[TimerSource]]:
    """Sources that the test starts; they are stopped at its end."""
    sources: list[TimerSource] = []
    yield sources
    for source in sources:
        await source.stop()


def text(schedule: str = "0 0 * * * *", *, startup: bool = False, monitor: bool = True) -> str:
    return HOURLY.format(schedule=schedule, startup=startup, monitor=monitor)


def runs_of(setting: SourceSetting) -> list[Any]:
    runs: list[Any] = setting.functions[0].call.__globals__["runs"]
    return runs


async def start(started: list[TimerSource], setting: SourceSetting, clock: VirtualClock) -> None:
    source = TimerSource(replace(setting, clock=clock))
    started.append(source)
    await source.start()
    await settle()


async def test_runs_at_each_due_time(make_setting: MakeSetting, started: list[TimerSource]) -> None:
    """A timer runs once per due time, with the status before that run."""
    setting, clock = make_setting(text()), VirtualClock(NOON)
    await start(started, setting, clock)
    assert runs_of(setting) == []
    await move(clock, timedelta(minutes=59))
    assert runs_of(setting) == []
    await move(clock, timedelta(minutes=1))
    await move(clock, timedelta(hours=1))
    assert runs_of(setting) == [
        (False, "0001-01-01T00:00:00+00:00", "2026-11-21T13:00:00+00:00"),
        (False, "2026-11-21T13:00:00+00:00", "2026-11-21T14:00:00+00:00"),
    ]


async def test_a_missed_due_time_runs_once_as_past_due(make_setting: MakeSetting, started: list[TimerSource]) -> None:
    """After three missed hours the timer runs once, marked past due, and then on schedule."""
    setting, clock = make_setting(text()), VirtualClock(NOON)
    await start(started, setting, clock)
    await started.pop().stop()
    await move(clock, timedelta(hours=3, minutes=5))
    await start(started, setting, clock)
    assert runs_of(setting) == [(True, "0001-01-01T00:00:00+00:00", "2026-11-21T13:00:00+00:00")]
    await move(clock, timedelta(minutes=55))
    assert [past_due for past_due, _, _ in runs_of(setting)] == [True, False]


async def test_nothing_missed_nothing_past_due(make_setting: MakeSetting, started: list[TimerSource]) -> None:
    """A restart between two due times runs nothing, and a due time is not run twice."""
    setting, clock = make_setting(text()), VirtualClock(NOON)
    await start(started, setting, clock)
    await move(clock, timedelta(hours=1))
    await started.pop().stop()
    await move(clock, timedelta(minutes=30))
    await start(started, setting, clock)
    assert [past_due for past_due, _, _ in runs_of(setting)] == [False]


async def test_without_monitor_a_missed_due_time_is_gone(
    make_setting: MakeSetting, started: list[TimerSource], tmp_path: Path
) -> None:
    """useMonitor false keeps no status and makes nothing up."""
    setting, clock = make_setting(text(monitor=False)), VirtualClock(NOON)
    await start(started, setting, clock)
    await started.pop().stop()
    await move(clock, timedelta(hours=3))
    await start(started, setting, clock)
    assert runs_of(setting) == []
    assert not (tmp_path / "timers").exists()
    await move(clock, timedelta(hours=1))
    assert runs_of(setting) == [(False, None, None)]


async def test_run_on_startup(make_setting: MakeSetting, started: list[TimerSource]) -> None:
    """run_on_startup runs at the start and then on schedule."""
    setting, clock = make_setting(text(startup=True)), VirtualClock(NOON + timedelta(minutes=10))
    await start(started, setting, clock)
    assert [past_due for past_due, _, _ in runs_of(setting)] == [False]
    await move(clock, timedelta(minutes=50))
    assert len(runs_of(setting)) == 2


async def test_two_runs_never_overlap(make_setting: MakeSetting, started: list[TimerSource]) -> None:
    """A run that outlasts its interval is followed by one run, not joined by others; so is a run by hand."""
    setting = make_setting(
        """
        import asyncio
        now, most, runs, go_on = [0], [0], [], asyncio.Event()
        @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
        async def tick(timer: func.TimerRequest) -> None:
            now[0] += 1
            most[0] = max(most[0], now[0])
            await go_on.wait()
            now[0] -= 1
            runs.append(timer.past_due)
        """
    )
    clock = VirtualClock(NOON)
    await start(started, setting, clock)
    values: dict[str, Any] = setting.functions[0].call.__globals__
    await move(clock, timedelta(hours=1))
    by_hand = asyncio.create_task(started[0].run_now("tick", ""))
    await move(clock, timedelta(hours=3))
    values["go_on"].set()
    await by_hand
    await settle()
    # The run at 13:00, the one by hand, and one for the due times that passed meanwhile.
    assert (values["most"], len(values["runs"])) == ([1], 3)


async def test_a_failed_run_does_not_end_the_schedule(
    make_setting: MakeSetting, started: list[TimerSource], caplog: pytest.LogCaptureFixture
) -> None:
    """A timer whose function raises runs again at its next due time."""
    setting = make_setting(
        """
        runs = []
        @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
        async def tick(timer: func.TimerRequest) -> None:
            runs.append(1)
            raise ValueError("no luck")
        """
    )
    clock = VirtualClock(NOON)
    await start(started, setting, clock)
    await move(clock, timedelta(hours=1))
    await move(clock, timedelta(hours=1))
    assert len(runs_of(setting)) == 2
    assert "timer_run_failed function=tick invocation_id=" in caplog.text


async def test_stop_waits_for_the_run_under_way(make_setting: MakeSetting) -> None:
    """stop returns after the run has ended, and the run is recorded."""
    setting = make_setting(
        """
        import asyncio
        runs, go_on = [], asyncio.Event()
        @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
        async def tick(timer: func.TimerRequest) -> None:
            await go_on.wait()
            runs.append(1)
        """
    )
    clock, sources = VirtualClock(NOON), list[TimerSource]()
    await start(sources, setting, clock)
    await move(clock, timedelta(hours=1))
    stopping = asyncio.create_task(sources[0].stop())
    await settle()
    assert not stopping.done()
    setting.functions[0].call.__globals__["go_on"].set()
    await stopping
    status = json.loads((setting.state / "timers" / "tick.json").read_text(encoding="utf-8"))
    assert (runs_of(setting), status["Next"]) == ([1], "2026-11-21T14:00:00+00:00")


async def test_the_schedule_can_be_a_setting(make_setting: MakeSetting, started: list[TimerSource]) -> None:
    """%NAME% in the schedule is resolved from the app's settings."""
    setting = make_setting(text("%NIGHTLY%"), environment={"NIGHTLY": "0 0 13 * * *"})
    clock = VirtualClock(NOON)
    await start(started, setting, clock)
    await move(clock, timedelta(hours=1))
    assert len(runs_of(setting)) == 1


async def test_an_unreadable_status_is_logged_and_begun_anew(
    make_setting: MakeSetting, started: list[TimerSource], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken status file does not keep the host from starting; the timer has a status again."""
    (tmp_path / "timers").mkdir()
    (tmp_path / "timers" / "tick.json").write_text("{", encoding="utf-8")
    setting, clock = make_setting(text()), VirtualClock(NOON)
    await start(started, setting, clock)
    await move(clock, timedelta(hours=1))
    assert len(runs_of(setting)) == 1
    assert "timer_status_unreadable function=tick" in caplog.text


async def test_a_status_that_cannot_be_stored_does_not_end_the_schedule(
    make_setting: MakeSetting, started: list[TimerSource], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full or missing disk is logged and the timer goes on."""
    (tmp_path / "timers").write_text("a file where the folder should be", encoding="utf-8")
    setting, clock = make_setting(text()), VirtualClock(NOON)
    await start(started, setting, clock)
    await move(clock, timedelta(hours=1))
    await move(clock, timedelta(hours=1))
    assert len(runs_of(setting)) == 2
    assert "timer_status_not_stored function=tick" in caplog.text


@pytest.mark.parametrize(
    ("schedule", "rule"),
    [
        ("%NIGHTLY%", "app setting 'NIGHTLY', named in '%NIGHTLY%', "),
        ("0 0 25 * * *", "hour 25 is not between 0 and 23"),
        ("00:00:00", "longer than zero"),
    ],
)
async def test_refuses_a_bad_schedule(make_setting: MakeSetting, schedule: str, rule: str) -> None:
    """A schedule that cannot be read is refused at load, with the function and the rule."""
    with pytest.raises(FunctionLoadError) as caught:
        TimerSource(make_setting(text(schedule)))
    assert (caught.value.function, caught.value.parameter) == ("tick", "timer")
    assert rule in caught.value.rule
