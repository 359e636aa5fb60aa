"""Models over HTTP, read."""

import asyncio
from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.services.champions.model_views import model_view, model_views
from nightshift.triggers.parameters import time_of
from nightshift.triggers.problem import Answer, answer, explained


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register ``/api/models``."""
    result = df.Blueprint()

    def get(route: str) -> Callable[[Answer], Answer]:
        return result.route(route=f"api/{route}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)  # type: ignore[no-any-return]

    @get("models")
    @explained
    async def list_models(req: func.HttpRequest) -> func.HttpResponse:
        at = time_of(req)
        return answer(list(await asyncio.to_thread(model_views, services(), at)))

    @get("models/{model}")
    @explained
    async def show_model(req: func.HttpRequest) -> func.HttpResponse:
        at = time_of(req)
        return answer(await asyncio.to_thread(model_view, services(), req.route_params["model"], at))

    return result
