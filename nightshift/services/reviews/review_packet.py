"""Gather the review packet: all that a person needs to decide, for the API and for the page."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypeVar

import azure.durable_functions as df

from agents.reviews.waiting import cost_of_waiting
from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.lifecycle.drift import read_drift
from nightshift.domain.lifecycle.evidence import Evidence, SliceComparison
from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.packet import FeatureDrift, Link, ReviewPacket
from nightshift.domain.reviews.policy import ReviewStep
from nightshift.domain.reviews.review import Review
from nightshift.domain.uploads.dataset import DatasetManifest, PartReport
from nightshift.services.lifecycle.run_files import RunFiles, evidence_at, manifest_at
from nightshift.services.reviews.approval_preconditions import changes_since

Found = TypeVar("Found")


async def read_packet(client: df.DurableOrchestrationClient, services: Services, review_id: str) -> ReviewPacket | None:
    """The packet of a review; None if there is no such review.

    What an outside system does not give at the moment is left out and named in ``missing``.
    """
    review = await asyncio.to_thread(services.reviews.find, review_id)
    if review is None:
        return None
    status = await client.get_status(review.run, show_history=True, show_history_output=True)
    known = status is not None and status.runtime_status is not None
    events = (status.historyEvents or []) if known else []
    return await asyncio.to_thread(build_packet, services, review, job_links(events))


def job_links(events: list[dict[str, Any]]) -> tuple[Link, ...]:
    """The pages of the Databricks job runs that a run's history names, each once."""
    links: dict[str, Link] = {}
    for event in events:
        result = event.get("Result")
        if isinstance(result, str) and '"run_id"' in result:
            result = json.loads(result)
            result = json.loads(result) if isinstance(result, str) else result
        if isinstance(result, dict) and result.get("run_id") and result.get("url"):
            url = str(result["url"])
            links[url] = Link(title=f"Databricks job run {result['run_id']}", url=url)
    return tuple(links.values())


def build_packet(services: Services, review: Review, jobs: tuple[Link, ...] = ()) -> ReviewPacket:
    """Gather the packet.

    Args:
        jobs: links to the job runs, which only Durable's history knows.
    """
    missing: list[str] = []

    def reading(what: str, read: Callable[[], Found], otherwise: Found) -> Found:
        try:
            return read()
        except (NightshiftError, OSError) as error:
            missing.append(f"{what}: {error}")
            return otherwise

    none: Evidence | None = None
    evidence = reading("evidence", lambda: evidence_at(services.blobs, review.evidence), none)
    unknown: DatasetManifest | None = None
    manifest = reading("manifest", lambda: manifest_at(services.blobs, review.manifest), unknown)
    no_parts: tuple[PartReport, ...] = ()
    no_links: tuple[Link, ...] = ()
    waits = review.state == "open"
    verdicts = {metric.name: metric.verdict for metric in evidence.metrics if metric.tracked} if evidence else {}
    return ReviewPacket(
        review=review,
        evidence=evidence,
        better=tuple(name for name, verdict in verdicts.items() if verdict == "better"),
        worse=tuple(name for name, verdict in verdicts.items() if verdict == "worse"),
        losing_slices=_losing(evidence) if evidence else (),
        drift=reading("feature drift", lambda: _drift(services, evidence), ()),
        data_quality=reading("data quality", lambda: RunFiles(services.blobs, review.validated_by).reports(), no_parts),
        data_source=manifest.source if manifest else "unknown",
        due_at=review.due_at,
        next_step=review.next_step,
        if_nobody_answers=_outlook(review) if waits else (),
        cost_of_waiting=cost_of_waiting(evidence) if evidence and waits else (),
        stale=reading("what has changed since", lambda: changes_since(services, review), ()) if waits else (),
        entries=reading("ledger", lambda: _entries(services, review), ()),
        links=(*reading("MLflow links", lambda: mlflow_links(services, evidence), no_links), *jobs),
        missing=tuple(missing),
    )


def _losing(evidence: Evidence) -> tuple[SliceComparison, ...]:
    losing = (item for item in evidence.slices if item.verdict == "worse")
    return tuple(sorted(losing, key=lambda item: item.rows, reverse=True))


def _drift(services: Services, evidence: Evidence | None) -> tuple[FeatureDrift, ...]:
    if evidence is None:
        return ()
    logged = read_drift(services.registry.run_metrics(evidence.score_run))
    found = (FeatureDrift(column=column, **item.model_dump()) for column, item in logged.items())
    return tuple(sorted(found, key=lambda item: (item.moved, item.psi), reverse=True))


def _entries(services: Services, review: Review) -> tuple[LedgerEntry, ...]:
    runs = dict.fromkeys((review.validated_by, review.run))
    return tuple(entry for run in runs for entry in services.ledger.entries(review.model, run))


def mlflow_links(services: Services, evidence: Evidence | None) -> tuple[Link, ...]:
    """The pages of the runs in MLflow that evidence comes from; none without evidence."""
    experiment = services.registry.experiment_of(evidence.model) if evidence else None
    if evidence is None or experiment is None:
        return ()
    place = f"{services.links.mlflow}/experiments/{experiment}"
    return (
        Link(title="MLflow: the comparison", url=f"{place}/runs/{evidence.score_run}"),
        Link(title="MLflow: the challenger's training", url=f"{place}/runs/{evidence.train_run}"),
    )


def _outlook(review: Review) -> tuple[str, ...]:
    happened = {event.key for event in review.timeline}
    return tuple(
        f"{step.at.strftime('%Y-%m-%d %H:%M:%SZ')}: {_step(review, step)}"
        for step in review.steps
        if step.key not in happened
    )


def _step(review: Review, step: ReviewStep) -> str:
    if step.kind == "remind":
        return "on-call is notified again"
    if step.kind == "escalate":
        return f"{step.contact} is notified"
    stays = f"version {review.champion_version} stays champion" if review.champion_version else "there is no champion"
    return f"the review expires, and {stays}"
