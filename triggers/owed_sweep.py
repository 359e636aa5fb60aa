"""A timer that delivers the notifications that could not be delivered when they were made."""

import asyncio
import logging
from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from activities.deliver_owed import deliver_owed
from domain.ports import Services

logger = logging.getLogger(__name__)


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register the timer: every minute."""
    result = df.Blueprint()

    @result.timer_trigger(arg_name="timer", schedule="45 * * * * *")
    async def sweep_owed_notifications(timer: func.TimerRequest) -> None:
        owed = await asyncio.to_thread(deliver_owed, services())
        if owed:
            logger.error("notifications_owed count=%s", owed)

    return result
