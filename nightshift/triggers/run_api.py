"""Runs and uploads over HTTP, read."""

import asyncio
from collections.abc import Callable
from typing import cast

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.improvement.messages import improvement_of
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.view import Explanation, RunState, UploadView
from nightshift.services.lifecycle.newest_runs import RunFilter, newest_runs
from nightshift.services.lifecycle.run_views import as_it_stands, is_run, model_of, run_detail
from nightshift.triggers.parameters import cursor_of, limit_of, refuse_unknown_model, time_of
from nightshift.triggers.problem import Answer, answer, explained, page_answer, problem


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register ``/api/runs`` and ``/api/uploads``."""
    result = df.Blueprint()

    def get(route: str) -> Callable[[Answer], Answer]:
        return result.route(route=f"api/{route}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)  # type: ignore[no-any-return]

    @get("runs")
    @result.durable_client_input(client_name="client")
    @explained
    async def list_runs(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        wanted = RunFilter(
            model=req.params.get("model"),
            outcome=req.params.get("outcome"),
            state=cast("RunState | None", req.params.get("state")),
            since=time_of(req, "since"),
            until=time_of(req, "until"),
        )
        page = await newest_runs(client, wanted, after=cursor_of(req), limit=limit_of(req))
        if not page.items and wanted.model is not None:
            of_model = page
            if wanted != RunFilter(model=wanted.model) or "cursor" in req.params:
                of_model = await newest_runs(client, RunFilter(model=wanted.model), after=None, limit=1)
            await asyncio.to_thread(refuse_unknown_model, services(), wanted.model, found=bool(of_model.items))
        return page_answer(page)

    @get("runs/{run}")
    @result.durable_client_input(client_name="client")
    @explained
    async def show_run(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        run = req.route_params["run"]
        status = None
        if is_run(run):
            status = await client.get_status(run, show_history=True, show_history_output=True, show_input=True)
        if status is None or status.runtime_status is None:
            return problem(404, "No such run", f"run = {run!r}: `nightshift runs` lists those there are")
        moves = await asyncio.to_thread(services().champions.moves, model_of(run))
        return answer(as_it_stands(run_detail(status), moves))

    @get("runs/{run}/explanation")
    @explained
    async def explain_run(req: func.HttpRequest) -> func.HttpResponse:
        run = req.route_params["run"]
        model, ledger = model_of(run), services().ledger
        entries = await asyncio.to_thread(ledger.entries, model, run)
        entries += await asyncio.to_thread(ledger.entries, model, improvement_of(run))
        if not entries:
            detail = f"run = {run!r}: the ledger of {model!r} holds no decision of this run (yet)"
            return problem(404, "Nothing decided", detail)
        return answer(Explanation(run=run, model=model, entries=entries))

    @get("uploads/{model}/{identity}")
    @explained
    async def show_upload(req: func.HttpRequest) -> func.HttpResponse:
        model, identity = req.route_params["model"], req.route_params["identity"]
        run = await asyncio.to_thread(services().uploads.run_of, model, identity)
        # A producer would take "no run" of a misspelt model for "not yet", for ever.
        if run is None:
            queue = await asyncio.to_thread(services().uploads.state, model)
            await asyncio.to_thread(refuse_unknown_model, services(), model, found=queue is not None)
        return answer(UploadView(model=model, identity=identity, run=run))

    return result
