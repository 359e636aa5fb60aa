"""Model serving endpoints through databricks-sdk."""

import re
from collections.abc import Sequence

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors.platform import NotFound
from databricks.sdk.service.serving import (
    AutoCaptureConfigInput,
    EndpointCoreConfigOutput,
    EndpointPendingConfig,
    EndpointStateConfigUpdate,
    EndpointStateReady,
    Route,
    ServedEntityInput,
    ServedEntityOutput,
    ServingEndpointDetailed,
    TrafficConfig,
)

from nightshift.clients.platform.databricks_errors import translated
from nightshift.domain.champions.serving import EndpointState
from nightshift.domain.platform.errors import ConflictError, ServiceRefusedError

_PERMISSION = "give the app's service principal CAN_MANAGE on the serving endpoint"
_FAILED = frozenset({EndpointStateConfigUpdate.UPDATE_FAILED, EndpointStateConfigUpdate.UPDATE_CANCELED})
# What an endpoint without any model gets first: the smallest, at no cost while nobody asks. A later move keeps whatever
# the platform team has set since.
_FIRST_SIZE = "Small"


class DatabricksServing:
    """Implements `ServingService` for endpoints that serve one entity. It never waits for an update.

    Attributes:
        prefix: put before a model's name in the registry, such as ``catalog.schema.`` on Unity Catalog.
    """

    def __init__(self, workspace: WorkspaceClient, prefix: str = "") -> None:
        self._workspace = workspace
        self._prefix = prefix

    def read(self, endpoint: str) -> EndpointState:
        with translated(_PERMISSION):
            return self._state(endpoint, self._get(endpoint))

    def serve(self, endpoint: str, model: str, version: str) -> None:
        with translated(_PERMISSION):
            found = self._get(endpoint)
            state = self._state(endpoint, found)
            if state.model not in {None, model}:
                hint = "correct serving_endpoint in the model spec, or move the endpoint to this model by hand"
                raise ServiceRefusedError("Databricks", f"endpoint {endpoint!r}: serves model {state.model!r}", hint)
            if state.updating and state.pending_version == version:
                return
            if state.updating:
                raise ConflictError(
                    f"endpoint {endpoint!r}: an update to version {state.pending_version} is under way",
                    endpoint=endpoint,
                    pending=state.pending_version,
                )
            if state.version == version:
                return
            self._update(endpoint, found, model, version)

    def _update(self, endpoint: str, found: ServingEndpointDetailed, model: str, version: str) -> None:
        entity_name = self._prefix + model
        served_name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{entity_name}-{version}")
        entity = _input(_sole(endpoint, found.config), entity_name, version, served_name)
        try:
            # The result would wait for the end of the update.
            self._workspace.serving_endpoints.update_config(
                endpoint,
                served_entities=[entity],
                traffic_config=TrafficConfig([Route(traffic_percentage=100, served_model_name=served_name)]),
                auto_capture_config=_payload_logging(found.config),
            )
        except NotFound as error:
            hint = "the version was deleted, or the endpoint was; read both again"
            raise ServiceRefusedError(
                "Databricks", f"endpoint {endpoint!r}, model {entity_name!r} version {version}: {error}", hint
            ) from error

    def _get(self, endpoint: str) -> ServingEndpointDetailed:
        try:
            return self._workspace.serving_endpoints.get(endpoint)
        except NotFound as error:
            hint = "create the endpoint, or correct serving_endpoint in the model spec"
            raise ServiceRefusedError("Databricks", f"endpoint {endpoint!r}: {error}", hint) from error

    def _state(self, endpoint: str, found: ServingEndpointDetailed) -> EndpointState:
        entity = _sole(endpoint, found.config)
        update = found.state.config_update if found.state else None
        updating = update == EndpointStateConfigUpdate.IN_PROGRESS
        # After a failed update Databricks goes on showing what was pending; nothing is on its way any more.
        pending = _sole(endpoint, found.pending_config) if updating else None
        return EndpointState(
            endpoint=endpoint,
            model=entity.entity_name.removeprefix(self._prefix) if entity and entity.entity_name else None,
            version=entity.entity_version if entity else None,
            pending_version=pending.entity_version if pending else None,
            ready=found.state is not None and found.state.ready == EndpointStateReady.READY,
            updating=updating,
            failed=update in _FAILED,
        )


def _sole(endpoint: str, config: EndpointCoreConfigOutput | EndpointPendingConfig | None) -> ServedEntityOutput | None:
    entities: Sequence[ServedEntityOutput] = (config.served_entities if config else None) or ()
    if len(entities) > 1:
        names = ", ".join(entity.name or "?" for entity in entities)
        hint = "Nightshift moves endpoints that serve one entity; move this one by hand"
        raise ServiceRefusedError("Databricks", f"endpoint {endpoint!r}: serves {len(entities)} ({names})", hint)
    if entities and entities[0].entity_name is None:
        hint = "Nightshift moves endpoints that serve a registered model"
        raise ServiceRefusedError("Databricks", f"endpoint {endpoint!r}: serves no registered model", hint)
    return entities[0] if entities else None


def _payload_logging(config: EndpointCoreConfigOutput | None) -> AutoCaptureConfigInput | None:
    present = config.auto_capture_config if config else None
    if present is None:
        return None
    return AutoCaptureConfigInput(
        catalog_name=present.catalog_name,
        enabled=present.enabled,
        schema_name=present.schema_name,
        table_name_prefix=present.table_name_prefix,
    )


def _input(present: ServedEntityOutput | None, model: str, version: str, name: str) -> ServedEntityInput:
    if present is None:
        return ServedEntityInput(
            name=name,
            entity_name=model,
            entity_version=version,
            workload_size=_FIRST_SIZE,
            scale_to_zero_enabled=True,
        )
    return ServedEntityInput(
        name=name,
        entity_name=model,
        entity_version=version,
        burst_scaling_enabled=present.burst_scaling_enabled,
        environment_vars=present.environment_vars,
        instance_profile_arn=present.instance_profile_arn,
        max_provisioned_concurrency=present.max_provisioned_concurrency,
        max_provisioned_throughput=present.max_provisioned_throughput,
        min_provisioned_concurrency=present.min_provisioned_concurrency,
        min_provisioned_throughput=present.min_provisioned_throughput,
        provisioned_model_units=present.provisioned_model_units,
        scale_to_zero_enabled=present.scale_to_zero_enabled,
        workload_size=present.workload_size,
        workload_type=present.workload_type,
    )
