"""Find orchestrations that wait for a newer release than this one: nobody else would say that they stand still."""

import asyncio
import logging
from datetime import datetime, timedelta

import azure.durable_functions as df

from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.names import IMPROVEMENT, LIFECYCLE, MODEL_QUEUE, RESPONSE, REVIEW, UNDO
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.alert import PLATFORM
from nightshift.services.notifications.notify import notify
from nightshift.services.platform.in_flight import group_in_flight, utc

logger = logging.getLogger(__name__)

# While a deployment or a rollback replaces the app, both releases run for a moment.
_GRACE = timedelta(minutes=10)

_MEANS = {
    MODEL_QUEUE: "they take no uploads of their models; none is lost",
    LIFECYCLE: "their uploads are not trained or decided any further",
    IMPROVEMENT: "they make no further challenger",
    REVIEW: "a decision is kept and acted on later; nobody is reminded of one that is missing",
    RESPONSE: "they answer nothing: their incidents are yours until then",
    UNDO: "they take nothing back",
}


async def watch_versions(client: df.DurableOrchestrationClient, services: Services) -> int:
    """Page on-call for what a newer release has begun, once for each orchestrator and version while it stands still.

    Returns how many orchestrators and versions stand still.

    Durable hands them to no older release (``CurrentOrOlder`` with ``Reject`` in host.json). The time at which the last
    of them went on stays the same while they wait, so it belongs to the page's key: if the newer release comes back,
    goes on with them and is rolled back again, on-call is paged again.

    Raises:
        ServiceUnavailableError: Durable does not answer.
    """
    newest, waiting = services.orchestration_version, 0
    for (name, version), statuses in (await group_in_flight(client)).items():
        if version is None or version <= newest:
            continue
        since = max(utc(status.last_updated_time) for status in statuses)
        if services.clock() - since < _GRACE:
            continue
        waiting += 1
        logger.warning("waits_for_newer_release name=%s version=%s count=%s", name, version, len(statuses))
        page = _page(name, version, len(statuses), since, newest)
        try:
            sent = await asyncio.to_thread(notify, services, page)
        except Exception:
            # It is owed until it is sent: the next sweep tries again. It holds up no other page.
            logger.exception("page_not_sent key=%s", page.key)
        else:
            if sent.problem:
                logger.error("page_not_sent key=%s message=%s", page.key, sent.problem)
    return waiting


def _page(name: str, version: int, count: int, since: datetime, newest: int) -> Notification:
    still = since.isoformat(timespec="seconds")
    return Notification(
        key=f"waits-{name}-{version}-{still}",
        kind="page",
        model=PLATFORM,
        severity="critical",
        title=f"{count} {name} of version {version} wait for a newer release",
        body="\n".join(
            (
                f"A newer release has begun them; this one runs version {newest} and older.",
                f"None of them has gone on since {still}.",
                f"Until then {_MEANS.get(name, 'they do nothing')}.",
                f"Deploy a release of version {version} or later; `nightshift in-flight` lists them.",
            )
        ),
    )
