"""Remove the histories of orchestrations that ended long ago, and index what earlier releases wrote."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import azure.durable_functions as df
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import FIRED_AGAIN, Incident
from nightshift.services.platform.in_flight import utc
from nightshift.services.platform.instances import ENDED, instance_pages, name_states, open_session
from nightshift.services.response.incident_commands import undo_instance
from nightshift.services.uploads.wake_queue import queue_instance

logger = logging.getLogger(__name__)

_PAGE = 500
# A call of a timer must end within the function's time limit; the next one goes on.
_MOST_PURGED = 2_000
_MOST_INDEXED = 10_000


async def purge_histories(client: df.DurableOrchestrationClient, services: Services, *, page_size: int = _PAGE) -> int:
    """Purge instances that ended before ``services.keep_history``, at most 2,000; return how many.

    Durable forgets them: ``get_status`` of their ids finds nothing. So those that somebody may still ask for stay,
    however old, see ``needed_instances``. Incidents, reviews and the ledger are other records, and never purged.
    """
    ended_before = services.clock() - services.keep_history
    needed = await asyncio.to_thread(needed_instances, services)
    asked = {
        "runtimeStatus": name_states(ENDED),
        "createdTimeTo": ended_before.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "showInput": "false",
    }
    chosen: list[str] = []
    async with open_session() as session:
        async for page in instance_pages(session, client, asked, page_size):
            chosen += [item.instance_id for item in page if _is_over(item, ended_before, needed)]
            if len(chosen) >= _MOST_PURGED:
                break
    for instance in chosen[:_MOST_PURGED]:
        await client.purge_instance_history(instance)
    if chosen:
        logger.info("histories_purged count=%d ended_before=%s", len(chosen[:_MOST_PURGED]), ended_before.isoformat())
    return len(chosen[:_MOST_PURGED])


def _is_over(status: DurableOrchestrationStatus, ended_before: datetime, needed: frozenset[str]) -> bool:
    ended = status.last_updated_time
    return ended is not None and utc(ended) < ended_before and status.instance_id not in needed


def needed_instances(services: Services) -> frozenset[str]:
    """Instances whose absence would be taken for work that broke off or was never started.

    Of an incident that may owe something its response, repeated pages and undo; of a review that is not closed its own
    and its run's; of a busy queue its generation and the run that it claimed last.
    """
    found = {instance for incident in services.incidents.unfinished() for instance in _of_incident(incident)}
    for review in services.reviews.unfinished():
        found |= {review.instance, review.run}
    for state in services.uploads.states():
        if state.busy:
            begun = services.uploads.begun_run(state.model)
            found |= {queue_instance(state.model, state.generation), *([begun] if begun else [])}
    return frozenset(found)


def _of_incident(incident: Incident) -> Iterator[str]:
    yield incident.response
    yield undo_instance(incident)
    for entry in incident.timeline:
        if entry.key.startswith(FIRED_AGAIN):
            yield f"{incident.response}-{entry.key.removeprefix(FIRED_AGAIN)}"


def index_records(services: Services) -> bool:
    """Index rows of earlier releases, some thousands of them; return whether there are none left."""
    incidents = services.incidents.index(_MOST_INDEXED)
    return services.ledger.index(_MOST_INDEXED) and incidents
