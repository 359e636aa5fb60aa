"""A timer that checks whether the app itself is healthy."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.functions.registrar import Functions
from nightshift.sweeps.report_sweep import read_sweeps, report_sweep
from nightshift.sweeps.self_check import watch_self


def register(functions: Functions, services: Callable[[], Services]) -> None:
    """Register the timer: every five minutes."""
    started = datetime.now(UTC)

    async def sweep_self(timer: func.TimerRequest) -> None:
        bound = services()

        def sweep() -> int:
            sweeps = (item for item in read_sweeps(bound, started) if item.problem or not item.ok)
            return watch_self(bound, [(item.name, item.problem or item.reason) for item in sweeps])

        await report_sweep(bound, "sweep_self", lambda: asyncio.to_thread(sweep))

    functions.timer("sweep_self", "25 */5 * * * *", sweep_self, durable=False)
