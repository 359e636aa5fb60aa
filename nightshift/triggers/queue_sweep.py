"""A timer that finds queues whose instance is gone, so that no upload waits for the next one, and measures the rest."""

import asyncio
from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.domain.uploads.upload_queue import Submission
from nightshift.functions.registrar import Functions
from nightshift.services.platform.app_metrics import record_heartbeat
from nightshift.services.uploads.wake_queue import wake_queue
from nightshift.sweeps.backlog import measure_backlog
from nightshift.sweeps.report_sweep import report_sweep


def register(functions: Functions, services: Callable[[], Services]) -> None:
    """Register the timer: every minute."""

    async def sweep_queues(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
        bound = services()
        await report_sweep(bound, "sweep_queues", lambda: _wake_all(client, bound))
        await asyncio.to_thread(measure_backlog, bound)
        record_heartbeat()

    functions.timer("sweep_queues", "0 * * * * *", sweep_queues)


async def _wake_all(client: df.DurableOrchestrationClient, services: Services) -> int:
    woken = 0
    for state in await asyncio.to_thread(lambda: list(services.uploads.states())):
        if state.busy:
            submission = Submission(generation=state.generation, accepted=False)
            woken += await wake_queue(client, services, state.model, submission)
    return woken
