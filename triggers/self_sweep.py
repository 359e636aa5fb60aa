"""A timer that looks whether the app itself is well."""

import asyncio
from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from activities.watch_self import watch_self
from domain.ports import Services


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register the timer: every five minutes."""
    result = df.Blueprint()

    @result.timer_trigger(arg_name="timer", schedule="45 */5 * * * *")
    async def sweep_self(timer: func.TimerRequest) -> None:
        await asyncio.to_thread(watch_self, services())

    return result
