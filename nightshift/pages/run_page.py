"""A run for its page: the timeline, and what it has left elsewhere."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

import azure.durable_functions as df
from pydantic import ValidationError

from nightshift.domain.champions.decision import Decision
from nightshift.domain.improvement.loop import Round
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.identity import RunId
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.view import RunDetail
from nightshift.domain.reviews.packet import Link
from nightshift.domain.uploads.dataset import PartReport
from nightshift.pages.chart import bars
from nightshift.pages.views import RunView
from nightshift.services.lifecycle.run_views import as_it_stands, run_detail
from nightshift.services.reviews.review_packet import job_links, mlflow_links

Known = TypeVar("Known", bound=Message)


async def read_run(client: df.DurableOrchestrationClient, services: Services, run: str) -> RunView | None:
    """A run with its whole timeline; None if there is no such run."""
    named = RunId.parse(run)
    if named is None:
        return None
    status = await client.get_status(run, show_history=True, show_history_output=True, show_input=True)
    if status is None or status.runtime_status is None:
        return None
    moves = await asyncio.to_thread(services.champions.moves, named.model)
    detail = as_it_stands(run_detail(status), moves)
    elsewhere, trouble = await asyncio.to_thread(_mlflow, services, detail)
    links = (*elsewhere, *job_links(status.historyEvents or []))
    return with_explanation(RunView(run=detail, links=links, trouble=trouble))


def with_explanation(view: RunView) -> RunView:
    """The view with why the run ended so, from its own steps and output."""
    output = view.run.output if isinstance(view.run.output, dict) else {}
    loop = output.get("improvement") or output
    evidence = next(reversed(list(comparisons(view.run))), None)
    reports = [
        item for step in view.run.steps if step.name == "validate_data" for item in _part_of(step.result, "parts")
    ]
    return replace(
        view,
        review_id=str(output.get("review_id") or ""),
        decision=next(_read(Decision, [output.get("decision")]), None),
        evidence=evidence,
        bars=bars(evidence),
        # A file that a job has validated is reported by a later step; the last word counts.
        parts=tuple({part.upload.identity: part for part in _read(PartReport, reports)}.values()),
        rounds=tuple(_read(Round, _part_of(loop, "rounds"))),
    )


def _part_of(value: Any, name: str) -> list[Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _read(kind: type[Known], values: list[Any]) -> Iterator[Known]:
    """What can be read; an older release may have written it otherwise, and the step itself is shown all the same."""
    for value in values:
        if value is not None:
            try:
                yield kind.from_json(value)
            except ValidationError:
                continue


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
    """The evidence in the results of the run's own steps, in order."""
    summaries = [
        step.result.get("summary")
        for step in detail.steps
        if step.name == "evaluate_metrics" and isinstance(step.result, dict)
    ]
    yield from _read(Evidence, summaries)
