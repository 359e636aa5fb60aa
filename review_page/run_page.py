"""A run for its page: the timeline, and what it has left elsewhere."""

import asyncio
from collections.abc import Iterator
from typing import Any

import azure.durable_functions as df
from pydantic import ValidationError

from activities.review_packet import job_links, mlflow_links
from activities.run_views import as_it_stands, is_run, model_of, run_detail
from domain.errors import NightshiftError
from domain.evidence import Evidence
from domain.names import EVALUATE_METRICS
from domain.ports import Services
from domain.review_packet import Link
from domain.view import RunDetail
from review_page.views import RunView


async def read_run(client: df.DurableOrchestrationClient, services: Services, run: str) -> RunView | None:
    """A run with its whole timeline; None if there is no such run."""
    if not is_run(run):
        return None
    status = await client.get_status(run, show_history=True, show_history_output=True, show_input=True)
    if status is None or status.runtime_status is None:
        return None
    moves = await asyncio.to_thread(services.champions.moves, model_of(run))
    detail = as_it_stands(run_detail(status), moves)
    elsewhere, trouble = await asyncio.to_thread(_mlflow, services, detail)
    review = detail.output.get("review_id") if isinstance(detail.output, dict) else None
    links = (*elsewhere, *job_links(status.historyEvents or []))
    return RunView(run=detail, links=links, review_id=str(review or ""), trouble=trouble)


def _mlflow(services: Services, detail: RunDetail) -> tuple[tuple[Link, ...], str]:
    """Links to each comparison of the run, and why there are none if MLflow does not answer."""
    links: dict[str, Link] = {}
    try:
        for evidence in comparisons(detail):
            links |= {link.url: link for link in mlflow_links(services, evidence)}
    except NightshiftError as error:
        return (), error.message
    return tuple(links.values()), ""


def comparisons(detail: RunDetail) -> Iterator[Evidence]:
    """The evidence that the run's own steps have told, in order."""
    for step in detail.steps:
        summary: Any = step.result.get("summary") if isinstance(step.result, dict) else None
        if step.name == EVALUATE_METRICS and summary is not None:
            try:
                yield Evidence.from_json(summary)
            except ValidationError:
                # An older release wrote it otherwise; the step itself is shown all the same.
                continue
