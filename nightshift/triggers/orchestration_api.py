"""Orchestrations in flight over HTTP."""

from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.page import Page
from nightshift.domain.platform.ports import Services
from nightshift.services.platform.in_flight import in_flight
from nightshift.triggers.problem import explained, page_answer


def blueprint(_: Callable[[], Services]) -> df.Blueprint:
    """Register ``/api/orchestrations``."""
    result = df.Blueprint()

    @result.route(route="api/orchestrations", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    @result.durable_client_input(client_name="client")
    @explained
    async def list_in_flight(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        return page_answer(Page(await in_flight(client), None))

    return result
