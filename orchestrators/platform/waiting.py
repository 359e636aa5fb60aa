"""How an orchestrator waits: until a time, or for an event until a time."""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.Task import TaskBase

# On Azure Storage a timer of more than 6 days is made of timers of 3 days that the SDK does not cancel, and what comes
# behind an uncancelled timer is not scheduled before it fires. Steps of the same 3 days are timers that can be
# cancelled, and the history of an instance that began with a long timer is replayed as these steps.
LONGEST_STEP = timedelta(days=3)


def wait_until(
    context: df.DurableOrchestrationContext, until: datetime, event: TaskBase | None = None
) -> Generator[Any, Any, bool]:
    """Wait until a time; with an event until that, if it comes before. Gives whether the event came.

    The timer that an event has overtaken is cancelled. Every wait of every orchestrator comes here, so that none
    depends on how long it lasts.
    """
    while True:
        now = context.current_utc_datetime
        step = max(now, min(until, now + LONGEST_STEP))
        timer = context.create_timer(step)
        if event is None:
            yield timer
        elif (yield context.task_any([event, timer])) is event:
            timer.cancel()
            return True
        if step >= until or context.current_utc_datetime >= until:
            return False


def pause(context: df.DurableOrchestrationContext, span: timedelta) -> Generator[Any, Any, bool]:
    """Wait for a span of time."""
    return (yield from wait_until(context, context.current_utc_datetime + span))
