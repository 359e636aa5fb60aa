"""The reading half of the HTTP API: runs, models, the ledger, reviews and uploads."""

import asyncio
from collections.abc import Callable

import azure.durable_functions as df
import azure.functions as func

from domain.ports import Services
from domain.view import ChainCheck, Explanation, UploadView
from triggers.model_views import model_view, model_views
from triggers.parameters import limit_of, time_of
from triggers.problem import Answer, answer, explained, problem
from triggers.run_views import RUN_PREFIX, run_detail, run_summary


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register the GET routes under ``/api``."""
    result = df.Blueprint()

    def get(route: str) -> Callable[[Answer], Answer]:
        return result.route(route=route, methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)  # type: ignore[no-any-return]

    @get("runs")
    @result.durable_client_input(client_name="client")
    @explained
    async def list_runs(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        model, limit = req.params.get("model"), limit_of(req)
        statuses = await client.get_status_by(instance_id_prefix=f"{RUN_PREFIX}{model}-" if model else RUN_PREFIX)
        runs = sorted((run_summary(status) for status in statuses), key=lambda run: run.started_at, reverse=True)
        return answer(list(runs[:limit]))

    @get("runs/{run}")
    @result.durable_client_input(client_name="client")
    @explained
    async def show_run(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        run = req.route_params["run"]
        status = await client.get_status(run, show_history=True, show_history_output=True, show_input=True)
        if not run.startswith(RUN_PREFIX) or status is None or status.runtime_status is None:
            return problem(404, "No such run", f"run = {run!r}: `nightshift runs` lists those there are")
        return answer(run_detail(status))

    @get("runs/{run}/explanation")
    @explained
    async def explain_run(req: func.HttpRequest) -> func.HttpResponse:
        run = req.route_params["run"]
        model = run.removeprefix(RUN_PREFIX).rpartition("-")[0]
        entries = await asyncio.to_thread(services().ledger.entries, model, run)
        if not entries:
            detail = f"run = {run!r}: the ledger of {model!r} holds no decision of this run (yet)"
            return problem(404, "Nothing decided", detail)
        return answer(Explanation(run=run, model=model, entries=entries))

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

    @get("ledger")
    @explained
    async def list_ledger(req: func.HttpRequest) -> func.HttpResponse:
        ledger, model = services().ledger, req.params.get("model")
        names = [model] if model else await asyncio.to_thread(ledger.models)
        entries = [entry for name in names for entry in await asyncio.to_thread(ledger.entries, name)]
        return answer(list(sorted(entries, key=lambda entry: entry.recorded_at)[-limit_of(req) :]))

    @get("ledger/verification")
    @explained
    async def verify_ledger(req: func.HttpRequest) -> func.HttpResponse:
        ledger = services().ledger

        def check(model: str) -> ChainCheck:
            return ChainCheck(model=model, entries=len(ledger.entries(model)), fault=ledger.verify(model))

        return answer([await asyncio.to_thread(check, model) for model in await asyncio.to_thread(ledger.models)])

    @get("reviews")
    @explained
    async def list_reviews(req: func.HttpRequest) -> func.HttpResponse:
        reviews = await asyncio.to_thread(services().reviews.all, req.params.get("model"))
        return answer(list(reviews[: limit_of(req)]))

    @get("uploads/{model}/{identity}")
    @explained
    async def show_upload(req: func.HttpRequest) -> func.HttpResponse:
        model, identity = req.route_params["model"], req.route_params["identity"]
        run = await asyncio.to_thread(services().uploads.run_of, model, identity)
        return answer(UploadView(model=model, identity=identity, run=run))

    @get("health")
    async def health(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse('{"status": "alive"}', mimetype="application/json")

    return result
