"""The pages' routes: the front page, runs, incidents, reviews, and the files that they need."""

from collections.abc import Callable
from dataclasses import fields

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.page import Position
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import READERS
from nightshift.pages import incident_pages, review_pages
from nightshift.pages.front import Front
from nightshift.pages.run_page import read_run
from nightshift.pages.security import HEADERS
from nightshift.pages.static_files import static_files
from nightshift.pages.views import LiveView, RunListView
from nightshift.pages.visit import Answer, Visit, explained_page, failed, see_other
from nightshift.services.lifecycle.newest_runs import RunFilter, newest_runs

_RUNS = 50
_KEPT = "public, max-age=31536000, immutable"


def blueprint(services: Callable[[], Services]) -> df.Blueprint:
    """Register ``/`` and the pages below it."""
    result = df.Blueprint()
    front = Front()

    def get(path: str) -> Callable[[Answer], Answer]:
        return result.route(route=path, methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)  # type: ignore[no-any-return]

    # An empty route would be served under the function's name; with the empty prefix this one also takes `/`.
    # Azure tries functions in the order of their names: what takes everything must come last (wiring/route_order.py).
    @get("{*page}")
    @result.durable_client_input(client_name="client")
    @explained_page
    async def z_show_front_page(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        if path := req.route_params.get("page", ""):
            Visit.of(req, *READERS)
            return failed(req, 404, f"There is no page /{path[:200]}.")
        visit = Visit.of(req, *READERS)
        return visit.page(await front.now(client, services()))

    @get("live")
    @result.durable_client_input(client_name="client")
    @explained_page
    async def show_live(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        visit = Visit.of(req, *READERS)
        seen = await front.recent(client, services())
        return visit.fragment(LiveView(**{item.name: getattr(seen, item.name) for item in fields(seen)}))

    @get("runs")
    @result.durable_client_input(client_name="client")
    @explained_page
    async def show_run_list(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        visit = Visit.of(req, *READERS)
        after = Position.from_cursor(req.params["cursor"]) if req.params.get("cursor") else None
        model = req.params.get("model") or ""
        page = await newest_runs(client, RunFilter(model=model or None), after=after, limit=_RUNS)
        return visit.page(RunListView(runs=page.items, next=page.next, model=model))

    @get("runs/{run}")
    @result.durable_client_input(client_name="client")
    @explained_page
    async def show_run_page(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        visit, run = Visit.of(req, *READERS), req.route_params["run"]
        view = await read_run(client, services(), run)
        if view is None:
            return failed(req, 404, f"There is no run {run[:200]}. The list of runs shows those there are.")
        return visit.page(view)

    @get("favicon.ico")
    async def show_icon(req: func.HttpRequest) -> func.HttpResponse:
        return see_other("/static/icon.svg")

    @get("static/{*file}")
    async def show_static(req: func.HttpRequest) -> func.HttpResponse:
        file = static_files().get(req.route_params.get("file", ""))
        if file is None:
            return failed(req, 404, "There is no such file.")
        # An address without the digest is not kept: another version may come under it.
        kept = _KEPT if req.params.get("v") == file.version else "no-cache"
        headers = {**HEADERS, "Cache-Control": kept}
        return func.HttpResponse(file.body, headers=headers, mimetype=file.content_type)

    review_pages.register(result, services)
    incident_pages.register(result, services)
    return result
