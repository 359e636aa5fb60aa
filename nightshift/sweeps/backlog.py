"""Measure what waits: uploads, dead letters, reviews and incidents."""

from nightshift.domain.platform.names import BLOB_EVENTS_QUEUE, REFUSED_ALERTS
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.alert import QUEUES
from nightshift.services.platform.app_metrics import exported, set_waiting

# The most dead letters of a queue that are counted, in one call; a graph needs no greater number.
_MOST_DEAD_LETTERS = 1_000


def measure_backlog(services: Services) -> None:
    """Write the gauges of what waits; nothing is read where nobody takes metrics.

    Every queue and every model has a value, zero included, so that a graph comes down again.
    """
    if not exported():
        return
    queues = (*QUEUES.values(), BLOB_EVENTS_QUEUE, REFUSED_ALERTS)
    set_waiting(
        uploads={state.model: state.waiting for state in services.uploads.states()},
        dead_letters={queue: services.dead_letters.count_waiting(queue, _MOST_DEAD_LETTERS) for queue in queues},
        reviews=len(services.reviews.all(None, ("open",))),
        incidents=services.incidents.count_open(),
    )
