"""Serving endpoints in the shape of Databricks' API, restricted to models of the registry."""

import re
from typing import Annotated, Self

from pydantic import Field, JsonValue, model_validator

from local_host.databricks.definitions import Part

EndpointName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=63)]


class ServedEntity(Part):
    """A version of a registered model that is served. Sizes are kept and shown; locally they change nothing."""

    entity_name: Annotated[str, Field(min_length=1)]
    entity_version: Annotated[str, Field(pattern=r"^[1-9][0-9]*$")]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] | None = None
    workload_size: str = "Small"
    workload_type: str = "CPU"
    scale_to_zero_enabled: bool = True
    environment_vars: dict[str, str] = {}

    @property
    def served_name(self) -> str:
        """Its name within the endpoint, as Databricks derives it unless it is given."""
        return self.name or re.sub(r"[^A-Za-z0-9_-]", "_", f"{self.entity_name}-{self.entity_version}")


class Route(Part):
    """Which share of the requests an entity gets, in percent."""

    served_model_name: str | None = None
    served_entity_name: str | None = None
    traffic_percentage: Annotated[int, Field(ge=0, le=100)]

    @property
    def target(self) -> str | None:
        """The entity's name within the endpoint."""
        return self.served_entity_name or self.served_model_name


class TrafficConfig(Part):
    """How requests are spread over entities."""

    routes: tuple[Route, ...]


class EndpointConfig(Part):
    """What an endpoint serves. Without a traffic configuration the first entity gets all requests."""

    served_entities: tuple[ServedEntity, ...]
    traffic_config: TrafficConfig | None = None

    @model_validator(mode="after")
    def _routes_lead_to_entities(self) -> Self:
        if not self.served_entities:
            raise ValueError("served_entities: empty; a configuration needs at least one")
        names = [entity.served_name for entity in self.served_entities]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"served_entities.name: {name!r} appears {names.count(name)} times; it must be unique")
        if self.traffic_config is not None:
            for route in self.traffic_config.routes:
                if route.target not in names:
                    raise ValueError(
                        f"traffic_config.routes: {route.target!r} is no served entity (entities: {', '.join(names)})"
                    )
            total = sum(route.traffic_percentage for route in self.traffic_config.routes)
            if total != 100:
                raise ValueError(f"traffic_config.routes: traffic_percentage adds up to {total}; it must be 100")
        return self

    def shares(self) -> dict[str, int]:
        """The percentage of requests of each entity, by its name within the endpoint."""
        shares = {entity.served_name: 0 for entity in self.served_entities}
        if self.traffic_config is None:
            shares[self.served_entities[0].served_name] = 100
        else:
            for route in self.traffic_config.routes:
                shares[str(route.target)] += route.traffic_percentage
        return shares


class EndpointTag(Part):
    """A tag of an endpoint."""

    key: Annotated[str, Field(min_length=1)]
    value: str = ""


class EndpointSettings(Part):
    """``POST /serving-endpoints``; without ``config`` the endpoint exists and serves nothing yet."""

    name: EndpointName
    config: EndpointConfig | None = None
    description: str = ""
    tags: tuple[EndpointTag, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _named_once(cls, values: JsonValue) -> JsonValue:
        # databricks-sdk repeats the endpoint's name inside the configuration.
        config = values.get("config") if isinstance(values, dict) else None
        if not isinstance(values, dict) or not isinstance(config, dict):
            return values
        return {**values, "config": {key: value for key, value in config.items() if key != "name"}}
