"""A timer that keeps what is read often small: indexes for what earlier releases wrote, and histories of long ago."""

import asyncio
from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.functions.registrar import Functions
from nightshift.sweeps.housekeeping import index_records, purge_histories
from nightshift.sweeps.report_sweep import report_sweep


def register(functions: Functions, services: Callable[[], Services]) -> None:
    """Register the timer: every hour, because one call does a bounded part."""

    async def sweep_history(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
        bound = services()

        async def sweep() -> int:
            try:
                await asyncio.to_thread(index_records, bound)
            finally:
                await purge_histories(client, bound)
            return 0

        await report_sweep(bound, "sweep_history", sweep)

    functions.timer("sweep_history", "30 7 * * * *", sweep_history)
