"""Find queues whose instance is gone, so that no upload waits for the next one."""

import asyncio

import azure.durable_functions as df

from nightshift.domain.platform.ports import Services
from nightshift.domain.uploads.upload_queue import Submission
from nightshift.services.uploads.wake_queue import wake_queue


async def watch_queues(client: df.DurableOrchestrationClient, services: Services) -> int:
    """Start what every busy queue needs; return how many were started."""
    woken = 0
    for state in await asyncio.to_thread(lambda: list(services.uploads.states())):
        if state.busy:
            submission = Submission(generation=state.generation, accepted=False)
            woken += await wake_queue(client, services, state.model, submission)
    return woken
