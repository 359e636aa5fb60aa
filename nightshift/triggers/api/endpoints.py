"""Every endpoint of the HTTP API, gathered from the modules that declare them."""

from collections.abc import Callable

from nightshift.domain.platform.ports import Services
from nightshift.functions.registrar import Functions
from nightshift.triggers import (
    alert_api,
    dead_letter_api,
    health_api,
    improve_api,
    incident_api,
    ledger_api,
    model_api,
    openapi_api,
    orchestration_api,
    review_api,
    run_api,
)
from nightshift.triggers.api.check import register_endpoints
from nightshift.triggers.api.endpoint import Endpoint
from nightshift.triggers.problem import as_problem


def api_endpoints() -> tuple[Endpoint, ...]:
    """All of them, made for one app; the last shows the document of all."""
    return openapi_api.with_document(
        (
            *alert_api.ENDPOINTS,
            *dead_letter_api.ENDPOINTS,
            *health_api.endpoints(),
            *improve_api.ENDPOINTS,
            *incident_api.ENDPOINTS,
            *ledger_api.ENDPOINTS,
            *model_api.ENDPOINTS,
            *orchestration_api.ENDPOINTS,
            *review_api.ENDPOINTS,
            *run_api.ENDPOINTS,
        )
    )


def register(functions: Functions, services: Callable[[], Services]) -> None:
    """Register the HTTP API, and what answers below ``/api`` where nothing else does."""
    endpoints = api_endpoints()
    register_endpoints(functions, services, endpoints)
    functions.http(openapi_api.NO_SUCH_OPERATION, openapi_api.no_such_operation(endpoints), as_problem)
