"""Plan the next round of the improvement loop: gather the evidence, and let a planner propose within the bounds."""

from activities.failures import guarded
from agents.critic.feedback import feedback_on
from agents.planner.planner import plan
from domain.evidence import Evidence
from domain.improvement import DataQuality, FeatureDrift, PlanningEvidence
from domain.names import DRIFT_PREFIX, PLAN_IMPROVEMENT
from domain.ports import Services
from domain.run import PlanImprovementRequest, PlanImprovementResult
from domain.upload import DatasetManifest

_ALERTS = 10
_DAY = 86_400


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
    manifest = DatasetManifest.model_validate_json(services.blobs.read(request.manifest))
    evidence = Evidence.model_validate_json(services.blobs.read(request.evidence))
    policy = manifest.spec.improvement
    known = services.registry.run_metrics(evidence.score_run)
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
            ),
            tried=request.rounds,
            left=policy.budget.minus(request.spent),
            bounds=policy.bounds,
            feedback=feedback_on(evidence, manifest.spec.evaluation),
        ),
        policy,
        services.language_model,
    )
    order = None if planned.plan is None else policy.bounds.order(planned.plan)
    return PlanImprovementResult(planned=planned, order=order)
