"""A timer that finds queues whose instance is gone, so that no upload waits for the next one, and measures the rest."""

import asyncio
from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.functions.registrar import Functions
from nightshift.services.platform.app_metrics import record_heartbeat
from nightshift.sweeps.backlog import measure_backlog
from nightshift.sweeps.queues import watch_queues
from nightshift.sweeps.report_sweep import report_sweep


def register(functions: Functions, services: Callable[[], Services]) -> None:
    """Register the timer: every minute."""

    async def sweep_queues(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
        bound = services()
        await report_sweep(bound, "sweep_queues", lambda: watch_queues(client, bound))
        await asyncio.to_thread(measure_backlog, bound)
        record_heartbeat()

    functions.timer("sweep_queues", "0 * * * * *", sweep_queues)
