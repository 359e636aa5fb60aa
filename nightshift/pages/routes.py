"""The pages' routes: the front page, runs, incidents, reviews, and the files that they need."""

from collections.abc import Callable
from dataclasses import fields

import azure.functions as func

from nightshift.domain.platform.paging import Position
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import READERS
from nightshift.functions.registrar import Functions
from nightshift.pages import incident_pages, review_pages
from nightshift.pages.front import Front
from nightshift.pages.html import see_other
from nightshift.pages.page import Page, page, register_pages
from nightshift.pages.run_page import read_run
from nightshift.pages.security import HEADERS
from nightshift.pages.static_files import static_files
from nightshift.pages.views import LiveView, RunListView
from nightshift.pages.visit import Visit, not_found
from nightshift.services.lifecycle.newest_runs import RunFilter, newest_runs

_RUNS = 50
_KEPT = "public, max-age=31536000, immutable"


def register(functions: Functions, services: Callable[[], Services]) -> None:
    """Register ``/`` and the pages below it."""
    register_pages(functions, services, all_pages())


def all_pages() -> tuple[Page, ...]:
    """Every page, made for one app."""
    return (
        *_front_pages(),
        show_run_list,
        show_run_page,
        show_icon,
        show_static,
        *review_pages.PAGES,
        *incident_pages.PAGES,
    )


def _front_pages() -> tuple[Page, ...]:
    """The front page and its live part, which share what they have read."""
    front = Front()

    # An empty route would be served under the function's name; with the empty prefix this one also takes `/`.
    # Azure tries functions in the order of their names: what takes everything must come last (wiring/route_order.py).
    @page("GET", "{*page}", roles=READERS)
    async def z_show_front_page(visit: Visit) -> func.HttpResponse:
        if path := visit.request.route_params.get("page", ""):
            raise not_found(f"There is no page /{path[:200]}.")
        return visit.page(await front.now(visit.client, visit.services))

    @page("GET", "live", roles=READERS)
    async def show_live(visit: Visit) -> func.HttpResponse:
        seen = await front.recent(visit.client, visit.services)
        return visit.fragment(LiveView(**{item.name: getattr(seen, item.name) for item in fields(seen)}))

    return (z_show_front_page, show_live)


@page("GET", "runs", roles=READERS)
async def show_run_list(visit: Visit) -> func.HttpResponse:
    """The newest runs, or those behind a cursor."""
    params = visit.request.params
    after = Position.from_cursor(params["cursor"]) if params.get("cursor") else None
    model = params.get("model") or ""
    found = await newest_runs(visit.client, RunFilter(model=model or None), after=after, limit=_RUNS)
    return visit.page(RunListView(runs=found.items, next=found.next, model=model))


@page("GET", "runs/{run}", roles=READERS)
async def show_run_page(visit: Visit) -> func.HttpResponse:
    """One run."""
    run = visit.named("run")
    view = await read_run(visit.client, visit.services, run)
    if view is None:
        raise not_found(f"There is no run {run[:200]}. The list of runs shows those there are.")
    return visit.page(view)


@page("GET", "favicon.ico", roles=(), durable=False)
async def show_icon(visit: Visit) -> func.HttpResponse:
    """Where the icon is."""
    return see_other("/static/icon.svg")


@page("GET", "static/{*file}", roles=(), durable=False)
async def show_static(visit: Visit) -> func.HttpResponse:
    """A file of the pages."""
    file = static_files().get(visit.request.route_params.get("file", ""))
    if file is None:
        raise not_found("There is no such file.")
    # An address without the digest is not kept: another version may come under it.
    kept = _KEPT if visit.request.params.get("v") == file.version else "no-cache"
    return func.HttpResponse(file.body, headers={**HEADERS, "Cache-Control": kept}, mimetype=file.content_type)
