"""Keep a round of the improvement loop as an MLflow trace."""

from typing import Any

from nightshift.domain.improvement.loop import Round
from nightshift.domain.improvement.messages import TraceRoundRequest, TraceRoundResult, critique_key
from nightshift.domain.improvement.trace import RoundSpan, RoundTrace
from nightshift.domain.platform.ports import Services
from nightshift.services.platform.activity import activity


@activity("trace_round")
def trace_round(services: Services, request: TraceRoundRequest) -> TraceRoundResult:
    """Write the trace of a round: spans for plan, execute and critique with what went in and came out."""
    return TraceRoundResult(trace=services.traces.write(trace_of(request)))


def trace_of(request: TraceRoundRequest) -> RoundTrace:
    """A round as a trace: spans from the times at which its steps ended."""
    item = request.round
    began, planned, executed, judged = request.times
    plan = item.plan.to_json()
    return RoundTrace(
        key=critique_key(request.run, item.number),
        model=request.model,
        run=request.run,
        round=item.number,
        spans=(
            RoundSpan(
                name="plan",
                began_at=began,
                ended_at=planned,
                inputs={"model": request.model, "round": item.number, "feedback": request.feedback},
                outputs={"plan": plan, "planned_by": item.planned_by, "note": item.planner_note},
            ),
            RoundSpan(
                name="execute",
                began_at=planned,
                ended_at=executed,
                inputs={"plan": plan},
                outputs={"job_runs": list(item.job_runs), "version": item.version, "metrics": _metrics(item)},
                error=item.error,
            ),
            RoundSpan(
                name="critique",
                began_at=executed,
                ended_at=judged,
                inputs={"metrics": _metrics(item), "error": item.error},
                outputs={} if item.criticism is None else item.criticism.to_json(),
            ),
        ),
        attributes={
            "action": item.plan.action.kind,
            "planned_by": item.planned_by,
            "judgement": item.criticism.judgement if item.criticism else "none",
            "job_runs": item.spent.job_runs,
            "dbu": item.spent.dbu,
            "tokens": item.spent.tokens,
        },
    )


def _metrics(item: Round) -> list[dict[str, Any]]:
    return [metric.to_json() for metric in item.metrics]
