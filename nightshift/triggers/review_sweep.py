"""A timer that sees to it that every review is waited for, and that no decision is left lying."""

from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.functions.registrar import Functions
from nightshift.sweeps.report_sweep import report_sweep
from nightshift.sweeps.reviews import watch_reviews


def register(functions: Functions, services: Callable[[], Services]) -> None:
    """Register the timer: every minute."""

    async def sweep_reviews(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
        bound = services()
        await report_sweep(bound, "sweep_reviews", lambda: watch_reviews(client, bound))

    functions.timer("sweep_reviews", "30 * * * * *", sweep_reviews)
