"""Find what is wrong with the app itself, and page on-call: each trouble once in four hours while it goes on."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.alert import PLATFORM
from nightshift.domain.watch.sweep import page_window
from nightshift.services.notifications.notify import notify

logger = logging.getLogger(__name__)

# A deployment starts a process once, and a change of settings once more.
MOST_STARTS_AN_HOUR = 5
_HOUR = timedelta(hours=1)
# A fault of which nobody could be notified is notified for this long.
_FAULTS_FOR = timedelta(hours=24)
_WINDOW_HOURS = 4


class Trouble(Message):
    """Something that is wrong with the app; ``since`` decides in which four hours it is notified."""

    key: str
    title: str
    body: str
    since: datetime


def watch_self(services: Services, sweeps: Iterable[tuple[str, str]] = ()) -> int:
    """Page for unknown failures that ended a step, for hosts that are started again and again, and for ill sweeps.

    Args:
        sweeps: name and problem of each sweep that did not complete or could not check everything.

    Returns:
        The number of troubles.
    """
    now = services.clock()
    troubles = [*_faults(services, now), *_restarts(services, now), *(_sweep(*sweep, now) for sweep in sweeps)]
    for trouble in troubles:
        try:
            sent = notify(services, _page(trouble))
        except Exception:
            # A failed notification holds up no other; the next sweep sends it.
            logger.exception("trouble_not_told key=%s", trouble.key)
            continue
        if sent.problem:
            logger.error("trouble_not_told key=%s message=%s", trouble.key, sent.problem)
    return len(troubles)


def _faults(services: Services, now: datetime) -> Iterator[Trouble]:
    for fault in services.faults.final():
        if now - fault.at <= _FAULTS_FOR:
            of = f"{fault.model}, {fault.run}" if fault.run else fault.model or PLATFORM
            yield Trouble(
                key=f"internal-error:{fault.model}:{fault.step}",
                title=f"A step of the app fails for an unknown reason: {fault.step}",
                body=f"{fault.step} of {of} failed {fault.tries} times: internal_error\n{fault.message}",
                since=fault.at,
            )


def _restarts(services: Services, now: datetime) -> Iterator[Trouble]:
    starts = Counter(start.instance for start in services.faults.starts() if now - start.at <= _HOUR)
    for instance, count in starts.items():
        if count > MOST_STARTS_AN_HOUR:
            yield Trouble(
                key=f"restarts:{instance}",
                title="The app is started again and again",
                body=f"{instance}: {count} starts of a process within the last hour; the log says why each has ended",
                since=now,
            )


def _sweep(name: str, problem: str, now: datetime) -> Trouble:
    return Trouble(
        key=f"sweep:{name}",
        title=f"A sweep of the app does not do its work: {name}",
        body=f"{name}: {problem}",
        since=now,
    )


def _page(trouble: Trouble) -> Notification:
    return Notification(
        key=f"self:{trouble.key}:{page_window(trouble.since, _WINDOW_HOURS)}",
        kind="page",
        model=PLATFORM,
        severity="critical",
        title=trouble.title[:200],
        body=f"{trouble.body}\nnightshift doctor",
    )
