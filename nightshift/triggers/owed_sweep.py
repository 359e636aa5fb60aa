"""A timer that delivers the notifications that could not be delivered when they were made."""

import asyncio
from collections.abc import Callable

import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.functions.registrar import Functions
from nightshift.sweeps.owed import deliver_owed
from nightshift.sweeps.report_sweep import report_sweep


def register(functions: Functions, services: Callable[[], Services]) -> None:
    """Register the timer: every minute."""

    async def sweep_owed_notifications(timer: func.TimerRequest) -> None:
        bound = services()
        await report_sweep(bound, "sweep_owed_notifications", lambda: asyncio.to_thread(deliver_owed, bound))

    functions.timer("sweep_owed_notifications", "55 * * * * *", sweep_owed_notifications, durable=False)
