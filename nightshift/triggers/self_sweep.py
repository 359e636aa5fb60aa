"""A timer that looks whether the app itself is well."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.services.watch.report_sweep import read_sweeps, report_sweep
from nightshift.services.watch.self_check import watch_self


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register the timer: every five minutes."""
    result = df.Blueprint()
    started = datetime.now(UTC)

    @result.timer_trigger(arg_name="timer", schedule="25 */5 * * * *")
    async def sweep_self(timer: func.TimerRequest) -> None:
        bound = services()

        def look() -> int:
            sweeps = (item for item in read_sweeps(bound, started) if item.problem or not item.ok)
            return watch_self(bound, [(item.name, item.problem or item.reason) for item in sweeps])

        await report_sweep(bound, "sweep_self", lambda: asyncio.to_thread(look))

    return result
