"""Plan the next round of the improvement loop: gather the evidence, and let a planner propose within the bounds."""

import math
from collections.abc import Mapping

from pydantic import TypeAdapter

from activities.failures import guarded
from agents.critic.feedback import feedback_on
from agents.planner.planner import plan
from domain.evidence import Evidence
from domain.improvement import DataQuality, FeatureDrift, Feedback, PlanningEvidence
from domain.improvement_messages import PlanImprovementRequest, PlanImprovementResult
from domain.names import DRIFT_PREFIX, EVIDENCE, PLAN_IMPROVEMENT
from domain.ports import Services
from domain.spec import EvaluationPolicy
from domain.upload import BlobRef, DatasetManifest, PartReport

_ALERTS = 10
_WARNINGS = 20
_DAY = 86_400
_PARTS = TypeAdapter(tuple[PartReport, ...])


def run_plan_improvement(services: Services, request: PlanImprovementRequest) -> PlanImprovementResult:
    """Propose the next plan; none if nothing allowed is left to try."""
    return guarded(
        PLAN_IMPROVEMENT,
        request.run,
        request.model,
        lambda: _plan(services, request),
        lambda failure: PlanImprovementResult(failure=failure),
    )


def _plan(services: Services, request: PlanImprovementRequest) -> PlanImprovementResult:
    manifest = DatasetManifest.from_json(services.blobs.read(request.manifest))
    evidence = Evidence.from_json(services.blobs.read(request.evidence))
    policy = manifest.spec.improvement
    known = _finite(services.registry.run_metrics(evidence.score_run))
    incidents = services.incidents.all(request.model)[:_ALERTS]
    planned = plan(
        PlanningEvidence(
            model=request.model,
            kind=manifest.spec.kind,
            target=manifest.spec.training.target,
            run=request.run,
            metrics=evidence.metrics,
            slices=evidence.slices,
            drift=tuple(
                FeatureDrift(feature=name.removeprefix(DRIFT_PREFIX), psi=value)
                for name, value in sorted(known.items())
                if name.startswith(DRIFT_PREFIX)
            ),
            alerts=tuple(incident.title for incident in incidents),
            quality=DataQuality(
                rows=sum(part.rows for part in manifest.parts),
                days=known.get("training_seconds", 0.0) / _DAY,
                source=manifest.source,
                warnings=_warnings(services, manifest),
            ),
            tried=request.rounds,
            left=policy.budget.minus(request.spent),
            bounds=policy.bounds,
            feedback=_feedback(request, evidence, manifest.spec.evaluation),
        ),
        policy,
        services.language_model,
    )
    return PlanImprovementResult(planned=planned)


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """MLflow keeps NaN and infinity; a planner takes them for what they are, not measured."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _feedback(request: PlanImprovementRequest, evidence: Evidence, policy: EvaluationPolicy) -> Feedback:
    """The critic's own words about this evidence, with the progress; for the challenger before the loop, the same."""
    last = request.rounds[-1] if request.rounds else None
    if last is not None and last.criticism is not None and last.version == evidence.challenger_version:
        return last.criticism.feedback
    return feedback_on(evidence, policy)


def _warnings(services: Services, manifest: DatasetManifest) -> tuple[str, ...]:
    """What the validation noticed: files that were left out, and columns with empty cells."""
    blob = BlobRef(container=EVIDENCE, name=f"runs/{manifest.lifecycle_run}/validation.json")
    found: list[str] = []
    for part in _PARTS.validate_json(services.blobs.read(blob)):
        name, report = part.upload.name, part.report
        if not report.passed:
            found.append(f"{name} was left out: {report.violations[0].message}")
            continue
        found += [
            f"{name}: {item.name} is empty in {item.null_count} rows" for item in report.columns if item.null_count
        ]
    return tuple(found[:_WARNINGS])
