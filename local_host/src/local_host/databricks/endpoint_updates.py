"""Carries out updates of serving endpoints, through restarts of the host."""

import asyncio
import logging
from collections.abc import Callable

from local_host.databricks.api_error import ApiError
from local_host.databricks.endpoint_store import Endpoint, EndpointStore
from local_host.databricks.faults import Faults
from local_host.databricks.registry import Registry, RegistryUnavailableError
from local_host.databricks.serving_config import EndpointConfig, EndpointSettings

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
_GIVE_UP_MS = 60_000


class EndpointUpdates:
    """One task per endpoint that is being updated; what serves goes on serving meanwhile.

    Args:
        settle_ms: how long an update takes at least.
    """

    def __init__(
        self, endpoints: EndpointStore, registry: Registry, faults: Faults, now_ms: Callable[[], int], settle_ms: int
    ) -> None:
        self._endpoints = endpoints
        self._registry = registry
        self._faults = faults
        self._now_ms = now_ms
        self._settle_ms = settle_ms
        self._tasks: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Go on with every update that an earlier host left unfinished."""
        for endpoint in self._endpoints.all():
            if endpoint.config_update == "IN_PROGRESS":
                self._launch(endpoint)

    async def create(self, settings: EndpointSettings) -> Endpoint:
        """Create an endpoint and begin to deploy its first configuration, if it has one."""
        if settings.config is not None:
            await self._require(settings.config)
        endpoint = self._endpoints.create(settings)
        if endpoint.config_update == "IN_PROGRESS":
            self._launch(endpoint)
        return endpoint

    async def begin(self, name: str, config: EndpointConfig) -> Endpoint:
        """Begin an update: 404 for an unknown endpoint or version, 409 while another one is under way."""
        await self._require(config)
        endpoint = self._endpoints.begin_update(name, config)
        self._launch(endpoint)
        return endpoint

    async def close(self) -> None:
        """Stop; the next host goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _require(self, config: EndpointConfig) -> None:
        for entity in config.served_entities:
            await self._registry.require(entity.entity_name, entity.entity_version)

    def _launch(self, endpoint: Endpoint) -> None:
        task = asyncio.create_task(self._carry_out(endpoint))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, endpoint: Endpoint) -> None:
        assert endpoint.pending_config is not None, "an update is under way"
        assert endpoint.pending_since_ms is not None, "an update is under way"
        left = endpoint.pending_since_ms + self._settle_ms - self._now_ms()
        await asyncio.sleep(max(left, 0) / 1000)
        failure = await self._failure(endpoint.pending_config)
        if failure is None:
            self._endpoints.complete_update(endpoint.name)
        else:
            self._endpoints.fail_update(endpoint.name, failure)
        versions = ",".join(f"{e.entity_name}:{e.entity_version}" for e in endpoint.pending_config.served_entities)
        logger.info("endpoint_updated endpoint=%s entities=%s failure=%s", endpoint.name, versions, failure)

    async def _failure(self, config: EndpointConfig) -> str | None:
        if self._faults.take_for_update():
            return "Deployment failed (ordered fault)"
        give_up = self._now_ms() + _GIVE_UP_MS
        while True:
            try:
                for entity in config.served_entities:
                    fault = await self._registry.fault_of(entity.entity_name, entity.entity_version)
                    if fault is not None:
                        return fault
                return None
            except ApiError as error:
                return error.message
            except RegistryUnavailableError as error:
                if self._now_ms() >= give_up:
                    return f"The model registry did not answer for {_GIVE_UP_MS // 1000} s: {error}"
            await asyncio.sleep(_POLL_SECONDS)
