"""A timer that finds what broke off or waits for a newer release, so that an incident never is without an answer."""

from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.domain.watch.sweep import Swept
from nightshift.functions.registrar import Functions
from nightshift.sweeps.report_sweep import report_sweep
from nightshift.sweeps.responses import watch_responses
from nightshift.sweeps.versions import watch_versions


def register(functions: Functions, services: Callable[[], Services]) -> None:
    """Register the timer: every five minutes, because it reads all incidents."""

    async def sweep_responses(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
        bound = services()
        await report_sweep(bound, "sweep_responses", lambda: _sweep(client, bound))

    functions.timer("sweep_responses", "15 */5 * * * *", sweep_responses)


async def _sweep(client: df.DurableOrchestrationClient, services: Services) -> Swept:
    try:
        swept = await watch_responses(client, services)
    finally:
        waiting = await watch_versions(client, services)
    return swept.model_copy(update={"found": swept.found + waiting})
