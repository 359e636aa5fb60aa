"""Runs and uploads over HTTP, read."""

import asyncio

from nightshift.domain.improvement.messages import improvement_of
from nightshift.domain.platform.errors import NotFoundError
from nightshift.domain.platform.identity import RunId
from nightshift.domain.platform.paging import Page
from nightshift.domain.platform.principal import READERS
from nightshift.domain.platform.view import Explanation, RunDetail, RunSummary, UploadView
from nightshift.services.lifecycle.newest_runs import RunFilter, newest_runs
from nightshift.services.lifecycle.run_views import as_it_stands, run_detail
from nightshift.triggers.api.call import Call
from nightshift.triggers.api.endpoint import endpoint
from nightshift.triggers.api.parameters import CURSOR, LIMIT, MODEL, OUTCOME, PAGED, RUN_STATE, SINCE, UNTIL
from nightshift.triggers.unknown_model import refuse_unknown_model


@endpoint(
    "GET", "runs", "Lists runs, newest first.",
    roles=READERS, query=(MODEL, RUN_STATE, OUTCOME, SINCE, UNTIL, *PAGED),
    answer=RunSummary, shape="page", problems=(404,), durable=True,
)  # fmt: skip
async def list_runs(call: Call[None]) -> Page[RunSummary]:
    """The newest runs that are wanted."""
    wanted = RunFilter(
        model=call.query[MODEL],
        outcome=call.query[OUTCOME],
        state=call.query[RUN_STATE],
        since=call.query[SINCE],
        until=call.query[UNTIL],
    )
    after = call.query[CURSOR]
    page = await newest_runs(call.client, wanted, after=after, limit=call.query[LIMIT])
    if not page.items and wanted.model is not None:
        of_model = page
        if wanted != RunFilter(model=wanted.model) or after is not None:
            of_model = await newest_runs(call.client, RunFilter(model=wanted.model), after=None, limit=1)
        await asyncio.to_thread(refuse_unknown_model, call.services, wanted.model, found=bool(of_model.items))
    return page


@endpoint(
    "GET", "runs/{run}", "Shows a run with its timeline, input and output.",
    roles=READERS, answer=RunDetail, problems=(404,), durable=True,
)  # fmt: skip
async def show_run(call: Call[None]) -> RunDetail:
    """One run."""
    run, status = call.path["run"], None
    named = RunId.parse(run)
    if named is not None:
        status = await call.client.get_status(run, show_history=True, show_history_output=True, show_input=True)
    if named is None or status is None or status.runtime_status is None:
        raise NotFoundError("No such run", f"run = {run!r}: `nightshift runs` lists those there are")
    moves = await asyncio.to_thread(call.services.champions.moves, named.model)
    return as_it_stands(run_detail(status), moves)


@endpoint(
    "GET", "runs/{run}/explanation", "Shows from the ledger why a run did what it did.",
    roles=READERS, answer=Explanation, problems=(404,),
)  # fmt: skip
async def explain_run(call: Call[None]) -> Explanation:
    """The ledger entries of a run."""
    run = call.path["run"]
    named, ledger = RunId.parse(run), call.services.ledger
    model = named.model if named else ""
    entries = await asyncio.to_thread(ledger.entries, model, run)
    entries += await asyncio.to_thread(ledger.entries, model, improvement_of(run))
    if not entries:
        detail = f"run = {run!r}: the ledger of {model!r} holds no decision of this run (yet)"
        raise NotFoundError("Nothing decided", detail)
    return Explanation(run=run, model=model, entries=entries)


@endpoint(
    "GET", "uploads/{model}/{identity}", "Shows which run an upload is in.",
    roles=READERS, answer=UploadView, problems=(404,),
)  # fmt: skip
async def show_upload(call: Call[None]) -> UploadView:
    """The run of an upload, if it is in one yet."""
    model, identity = call.path["model"], call.path["identity"]
    run = await asyncio.to_thread(call.services.uploads.run_of, model, identity)
    # A producer would take "no run" of a misspelt model for "not yet", for ever.
    if run is None:
        queue = await asyncio.to_thread(call.services.uploads.state, model)
        await asyncio.to_thread(refuse_unknown_model, call.services, model, found=queue is not None)
    return UploadView(model=model, identity=identity, run=run)


ENDPOINTS = (list_runs, show_run, explain_run, show_upload)
