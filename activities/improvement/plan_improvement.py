"""Plan the next round of the improvement loop: gather the evidence, and let a planner propose within the bounds."""

import math
from collections.abc import Mapping

from agents.improvement.feedback import feedback_on
from agents.improvement.planner.planner import plan
from nightshift.domain.improvement.loop import (
    Budget,
    DataQuality,
    FeatureDrift,
    Feedback,
    ImprovementPolicy,
    PlanningEvidence,
)
from nightshift.domain.improvement.messages import PlanImprovementRequest, PlanImprovementResult
from nightshift.domain.ledger.bodies import ImprovementOrder, read_as
from nightshift.domain.lifecycle.drift import read_drift
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.spec import EvaluationPolicy
from nightshift.domain.uploads.dataset import PartReport
from nightshift.services.improvement.metered_model import Account, MeteredModel
from nightshift.services.lifecycle.run_files import RunFiles, evidence_at, manifest_at
from nightshift.services.platform.activity import activity

_ALERTS = 10
_WARNINGS = 20
_DAY = 86_400


def _unreported(services: Services, request: PlanImprovementRequest) -> int:
    """Tokens that the loop has spent in this step: those of tries that were killed or have failed."""
    return max(services.token_usage.of_loop(request.run) - request.spent.tokens, 0)


@activity("plan_improvement", cost=lambda services, request: {"tokens": _unreported(services, request)})
def plan_improvement(services: Services, request: PlanImprovementRequest) -> PlanImprovementResult:
    """Propose the next plan; none if nothing allowed is left to try.

    The failure of a step that cannot plan has ``tokens`` in its fields: what it has spent, whatever ended it.
    """
    manifest = manifest_at(services.blobs, request.manifest)
    evidence = evidence_at(services.blobs, request.evidence)
    policy = manifest.spec.improvement
    known = _finite(services.registry.run_metrics(evidence.score_run))
    incidents = services.incidents.all(request.model)[:_ALERTS]
    parts = RunFiles(services.blobs, manifest.lifecycle_run).reports()
    model = _language_model(services, request, policy)
    spent = request.spent.plus(Budget(job_runs=0, dbu=0, tokens=model.spent if model else 0))
    gathered = PlanningEvidence(
        model=request.model,
        kind=manifest.spec.kind,
        target=manifest.spec.training.target,
        run=request.run,
        metrics=evidence.metrics,
        slices=evidence.slices,
        drift=tuple(FeatureDrift(feature=column, **item.model_dump()) for column, item in read_drift(known).items()),
        alerts=tuple(incident.title for incident in incidents),
        quality=DataQuality(
            rows=sum(part.rows for part in manifest.parts),
            days=known.get("training_seconds", 0.0) / _DAY,
            source=manifest.source,
            warnings=_warnings(parts),
        ),
        tried=request.rounds,
        left=policy.budget.minus(spent),
        bounds=policy.bounds,
        feedback=_feedback(request, evidence, manifest.spec.evaluation),
        request=_request(services, request.model, parts),
    )
    planned = plan(gathered, policy, model)
    return PlanImprovementResult(planned=planned.model_copy(update={"tokens": model.spent if model else 0}))


def _language_model(
    services: Services, request: PlanImprovementRequest, policy: ImprovementPolicy
) -> MeteredModel | None:
    """The language model behind its meter; what a killed run of this step has spent is already on it."""
    model = services.language_model
    if model is None or policy.planner == "rules":
        return None
    account = Account(loop=request.run, model=request.model, loop_ceiling=policy.budget.tokens)
    return MeteredModel(model, services.token_usage, services.clock, account, spent=_unreported(services, request))


def _request(services: Services, model: str, parts: tuple[PartReport, ...]) -> str:
    """What a person wrote who has ordered this run; empty for a run that nobody ordered."""
    ordered = {part.upload.identity for part in parts if part.upload.improve}
    if not ordered:
        return ""
    for entry in reversed(services.ledger.of_kind(model, "order")):
        order = read_as(entry, ImprovementOrder)
        if order is not None and ordered & {upload.identity for upload in order.uploads}:
            return order.reason
    return ""


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """MLflow keeps NaN and infinity; a planner takes them for what they are, not measured."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _feedback(request: PlanImprovementRequest, evidence: Evidence, policy: EvaluationPolicy) -> Feedback:
    """The critic's own words about this evidence, with the progress; for the challenger before the loop, the same."""
    last = request.rounds[-1] if request.rounds else None
    if last is not None and last.criticism is not None and last.version == evidence.challenger_version:
        return last.criticism.feedback
    return feedback_on(evidence, policy)


def _warnings(parts: tuple[PartReport, ...]) -> tuple[str, ...]:
    """What the validation noticed: files that were left out, and columns with empty cells."""
    found: list[str] = []
    for part in parts:
        name, report = part.upload.name, part.report
        if not report.passed:
            found.append(f"{name} was left out: {report.violations[0].message}")
            continue
        found += [
            f"{name}: {item.name} is empty in {item.null_count} rows" for item in report.columns if item.null_count
        ]
    return tuple(found[:_WARNINGS])
