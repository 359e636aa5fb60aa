"""What an endpoint's configuration may say."""

from typing import Any

import pytest
from pydantic import ValidationError

from local_host.databricks.definition_files import describe_faults
from local_host.databricks.serving_config import EndpointConfig, EndpointSettings


def _entity(version: str, **more: Any) -> dict[str, Any]:
    return {"entity_name": "main.ml.revenue", "entity_version": version, **more}


def _fault(config: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        EndpointConfig.model_validate(config)
    return "; ".join(describe_faults(caught.value))


def test_an_entity_gets_a_name_and_all_requests() -> None:
    """Without a traffic configuration the first entity gets them; dots do not fit into its name."""
    config = EndpointConfig.model_validate({"served_entities": [_entity("3"), _entity("4")]})
    assert config.shares() == {"main_ml_revenue-3": 100, "main_ml_revenue-4": 0}


def test_routes_share_the_requests() -> None:
    """By either name that Databricks has for the entity."""
    routes = [
        {"served_model_name": "old", "traffic_percentage": 90},
        {"served_entity_name": "new", "traffic_percentage": 10},
    ]
    config = {
        "served_entities": [_entity("3", name="old"), _entity("4", name="new")],
        "traffic_config": {"routes": routes},
    }
    assert EndpointConfig.model_validate(config).shares() == {"old": 90, "new": 10}


def test_faults_name_field_value_and_rule() -> None:
    """Unknown fields, versions that are none, routes that lead nowhere, and percentages that do not add up."""
    route = {"served_model_name": "other", "traffic_percentage": 100}
    half = {"served_model_name": "main_ml_revenue-3", "traffic_percentage": 50}
    for config, place, value, rule in (
        ({"served_entities": [_entity("3", size="L")]}, "served_entities.0.size", "(value: 'L')", "Extra inputs"),
        (
            {"served_entities": [_entity("latest")]},
            "served_entities.0.entity_version",
            "(value: 'latest')",
            "pattern '^[1-9][0-9]*$'",
        ),
        (
            {"served_entities": [_entity("3")], "traffic_config": {"routes": [route]}},
            "traffic_config.routes",
            "'other'",
            "(entities: main_ml_revenue-3)",
        ),
        (
            {"served_entities": [_entity("3")], "traffic_config": {"routes": [half]}},
            "traffic_config.routes",
            " 50; ",
            "must be 100",
        ),
        (
            {"served_entities": [_entity("3"), _entity("3")]},
            "served_entities.name",
            "'main_ml_revenue-3'",
            "2 times; it must be unique",
        ),
    ):
        fault = _fault(config)
        assert (fault.partition(": ")[0], value in fault, rule in fault) == (place, True, True), fault


def test_the_sdk_repeats_the_name() -> None:
    """databricks-sdk sends the endpoint's name inside the configuration too."""
    settings = EndpointSettings.model_validate(
        {"name": "revenue", "config": {"name": "revenue", "served_entities": [_entity("3")]}}
    )
    assert settings.config is not None
    assert settings.config.served_entities[0].entity_version == "3"
