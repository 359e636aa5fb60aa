"""Sweeps on real storage and a real registry."""

from tests.integration.model_fixtures import (
    case,
    champions,
    client,
    mlflow_client,
    mlflow_environment,
    model,
    night,
    pager,
    responding,
    second,
    services,
    specs,
    trained,
)

__all__ = [
    "case",
    "champions",
    "client",
    "mlflow_client",
    "mlflow_environment",
    "model",
    "night",
    "pager",
    "responding",
    "second",
    "services",
    "specs",
    "trained",
]
