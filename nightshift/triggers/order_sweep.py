"""A timer that finds orders in the ledger that nobody has carried out."""

from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.functions.registrar import Functions
from nightshift.sweeps.orders import watch_orders
from nightshift.sweeps.report_sweep import report_sweep


def register(functions: Functions, services: Callable[[], Services]) -> None:
    """Register the timer: every minute."""

    async def sweep_orders(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
        bound = services()
        await report_sweep(bound, "sweep_orders", lambda: watch_orders(client, bound))

    functions.timer("sweep_orders", "45 * * * * *", sweep_orders)
