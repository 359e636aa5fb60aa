"""Models over HTTP, read."""

import asyncio

from nightshift.domain.platform.principal import READERS
from nightshift.domain.platform.view import ModelView
from nightshift.services.champions.model_views import model_view, model_views
from nightshift.triggers.api.call import Call
from nightshift.triggers.api.endpoint import endpoint
from nightshift.triggers.api.parameters import AT


@endpoint("GET", "models", "Lists all models.", roles=READERS, query=(AT,), answer=ModelView, shape="items")
async def list_models(call: Call[None]) -> list[ModelView]:
    """All models, at a time."""
    return list(await asyncio.to_thread(model_views, call.services, call.query[AT]))


@endpoint(
    "GET", "models/{model}", "Shows a model with its versions, champion, rollback target and history.",
    roles=READERS, query=(AT,), answer=ModelView, problems=(404,),
)  # fmt: skip
async def show_model(call: Call[None]) -> ModelView:
    """One model, at a time."""
    return await asyncio.to_thread(model_view, call.services, call.path["model"], call.query[AT])


ENDPOINTS = (list_models, show_model)
