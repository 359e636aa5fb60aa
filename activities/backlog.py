"""Measure what waits: uploads, dead letters, reviews and incidents."""

from collections import Counter

from activities.measures import exported, set_waiting
from domain.alert import QUEUES
from domain.names import BLOB_EVENTS_QUEUE, REFUSED_ALERTS
from domain.ports import Services


def measure_backlog(services: Services) -> None:
    """Write the gauges of what waits; nothing is read where nobody takes metrics.

    Every queue and every model has a value, zero included, so that a graph comes down again.
    """
    if not exported():
        return
    letters = Counter(letter.queue for letter in services.dead_letters.all(None, "waiting"))
    set_waiting(
        uploads={state.model: state.waiting for state in services.uploads.states()},
        dead_letters={queue: letters[queue] for queue in (*QUEUES.values(), BLOB_EVENTS_QUEUE, REFUSED_ALERTS)},
        reviews=len(services.reviews.all(None, ("open",))),
        incidents=services.incidents.count_open(),
    )
