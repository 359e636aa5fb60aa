"""Durable's own records of instances: all of them, and which of their states mean that one has ended."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import aiohttp
import azure.durable_functions as df
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from nightshift.domain.platform.errors import ServiceUnavailableError

ENDED = frozenset(
    {
        df.OrchestrationRuntimeStatus.Completed,
        df.OrchestrationRuntimeStatus.Failed,
        df.OrchestrationRuntimeStatus.Terminated,
        df.OrchestrationRuntimeStatus.Canceled,
    }
)
# Ended by a failure or from outside, and not by its own return.
BROKEN_OFF = ENDED - {df.OrchestrationRuntimeStatus.Completed}
_SECONDS = 60
_CONTINUATION = "x-ms-continuation-token"


def name_states(states: Iterable[df.OrchestrationRuntimeStatus]) -> str:
    """Write states as Durable's HTTP API is asked for them."""
    return ",".join(sorted(state.value for state in states))


def open_session() -> aiohttp.ClientSession:
    """A session for ``list_instances``, with the time limit that a list may take."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS))


async def list_instances(
    session: aiohttp.ClientSession, client: df.DurableOrchestrationClient, asked: Mapping[str, str], page_size: int
) -> list[DurableOrchestrationStatus]:
    """Every instance that the query of Durable's HTTP API means.

    Raises:
        ServiceUnavailableError: Durable does not answer.
    """
    return [status async for page in instance_pages(session, client, asked, page_size) for status in page]


async def instance_pages(
    session: aiohttp.ClientSession, client: df.DurableOrchestrationClient, asked: Mapping[str, str], page_size: int
) -> AsyncIterator[list[DurableOrchestrationStatus]]:
    """The same page by page; read as they are taken.

    The SDK's ``get_status_by`` gives the first 100 and drops the token for the rest (its issue 580).

    Raises:
        ServiceUnavailableError: Durable does not answer.
    """
    address = f"{client._orchestration_bindings.rpc_base_url}instances/"
    query = {**asked, "top": str(page_size)}
    token = ""
    while True:
        try:
            async with session.get(address, params=query, headers={_CONTINUATION: token} if token else {}) as answer:
                answer.raise_for_status()
                found: list[Any] = await answer.json(content_type=None)
                token = answer.headers.get(_CONTINUATION, "")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServiceUnavailableError("Durable Functions", f"{type(error).__name__}: {error}") from error
        yield [DurableOrchestrationStatus.from_json(item) for item in found]
        if not token:
            return
