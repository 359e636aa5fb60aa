"""A timer that delivers the notifications that could not be delivered when they were made."""

import asyncio
from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.services.notifications.deliver_owed import deliver_owed
from nightshift.services.watch.report_sweep import report_sweep


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register the timer: every minute."""
    result = df.Blueprint()

    @result.timer_trigger(arg_name="timer", schedule="55 * * * * *")
    async def sweep_owed_notifications(timer: func.TimerRequest) -> None:
        bound = services()
        await report_sweep(bound, "sweep_owed_notifications", lambda: asyncio.to_thread(deliver_owed, bound))

    return result
