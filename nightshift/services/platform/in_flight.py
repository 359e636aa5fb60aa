"""Say which orchestrations are in flight: what a deployment or a rollback meets."""

from collections import Counter, defaultdict
from datetime import UTC, datetime

import azure.durable_functions as df
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from nightshift.domain.platform.view import InFlight
from nightshift.services.platform.custom_status import custom_status_of, version_of_status
from nightshift.services.platform.instances import ENDED, list_instances, name_states, open_session

_NOT_ENDED = frozenset(df.OrchestrationRuntimeStatus) - ENDED
_PAGE = 500

Groups = dict[tuple[str, int | None], list[DurableOrchestrationStatus]]


async def in_flight(client: df.DurableOrchestrationClient, *, page_size: int = _PAGE) -> tuple[InFlight, ...]:
    """What has not ended, by orchestrator and version.

    Args:
        page_size: how many Durable is asked for at once.

    Raises:
        ServiceUnavailableError: Durable does not answer.
    """
    groups = await group_in_flight(client, page_size=page_size)
    order = sorted(groups, key=lambda group: (group[0], -1 if group[1] is None else group[1]))
    return tuple(
        InFlight(
            orchestrator=name,
            version=version,
            count=len(groups[name, version]),
            oldest=min(utc(status.created_time) for status in groups[name, version]),
            steps=dict(Counter(str(custom_status_of(status).get("step", "")) for status in groups[name, version])),
        )
        for name, version in order
    )


async def group_in_flight(client: df.DurableOrchestrationClient, *, page_size: int = _PAGE) -> Groups:
    """The instances that have not ended, by orchestrator and version; the version is None for those not begun.

    Raises:
        ServiceUnavailableError: Durable does not answer.
    """
    async with open_session() as session:
        asked = {"runtimeStatus": name_states(_NOT_ENDED), "showInput": "false"}
        statuses = await list_instances(session, client, asked, page_size)
    groups: Groups = defaultdict(list)
    for status in statuses:
        groups[status.name, version_of_status(status)].append(status)
    return groups


def utc(moment: datetime) -> datetime:
    """A time of Durable's, which may come without a zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
