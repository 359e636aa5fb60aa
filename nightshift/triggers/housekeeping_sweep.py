"""A timer that keeps what is read often small: indexes for what earlier releases wrote, and histories of long ago."""

import asyncio
from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.services.watch.housekeeping import index_records, purge_histories
from nightshift.services.watch.report_sweep import report_sweep


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register the timer: every hour, because one call does a bounded part."""
    result = df.Blueprint()

    @result.timer_trigger(arg_name="timer", schedule="30 7 * * * *")
    @result.durable_client_input(client_name="client")
    async def sweep_history(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
        bound = services()

        async def look() -> int:
            try:
                await asyncio.to_thread(index_records, bound)
            finally:
                await purge_histories(client, bound)
            return 0

        await report_sweep(bound, "sweep_history", look)

    return result
