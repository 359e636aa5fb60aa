"""Say which orchestrations are in flight: what a deployment or a rollback meets."""

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from activities.instances import list_instances, open_session
from domain.view import InFlight

_NOT_ENDED = "Pending,Running,ContinuedAsNew,Suspended"
_PAGE = 500


async def in_flight(client: df.DurableOrchestrationClient, *, page_size: int = _PAGE) -> tuple[InFlight, ...]:
    """What has not ended, by orchestrator and version.

    Args:
        page_size: how many Durable is asked for at once.

    Raises:
        ServiceUnavailableError: Durable does not answer.
    """
    async with open_session() as session:
        asked = {"runtimeStatus": _NOT_ENDED, "showInput": "false"}
        statuses = await list_instances(session, client, asked, page_size)
    groups: dict[tuple[str, int | None], list[DurableOrchestrationStatus]] = defaultdict(list)
    for status in statuses:
        groups[status.name, _version(status)].append(status)
    order = sorted(groups, key=lambda group: (group[0], -1 if group[1] is None else group[1]))
    return tuple(
        InFlight(
            orchestrator=name,
            version=version,
            count=len(groups[name, version]),
            oldest=min(_utc(status.created_time) for status in groups[name, version]),
            steps=dict(Counter(str(_custom(status).get("step", "")) for status in groups[name, version])),
        )
        for name, version in order
    )


def _version(status: DurableOrchestrationStatus) -> int | None:
    """What orchestrators.versions.tell_step has set; one that said nothing, though it runs, began before versions."""
    told = _custom(status).get("version")
    if isinstance(told, int):
        return told
    return None if status.runtime_status == df.OrchestrationRuntimeStatus.Pending else 0


def _custom(status: DurableOrchestrationStatus) -> dict[str, Any]:
    custom = status.custom_status
    if isinstance(custom, str):
        custom = json.loads(custom)
    return custom if isinstance(custom, dict) else {}


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
