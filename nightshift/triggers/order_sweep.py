"""A timer that finds orders in the ledger that nobody has carried out."""

from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.services.watch.orders import watch_orders
from nightshift.services.watch.report_sweep import report_sweep


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register the timer: every minute."""
    result = df.Blueprint()

    @result.timer_trigger(arg_name="timer", schedule="45 * * * * *")
    @result.durable_client_input(client_name="client")
    async def sweep_orders(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
        bound = services()
        await report_sweep(bound, "sweep_orders", lambda: watch_orders(client, bound))

    return result
