"""Read runs out of Durable's own records, so that there is one truth about them."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from nightshift.domain.champions.decision import AliasChange, withdrawn
from nightshift.domain.improvement.loop import Round
from nightshift.domain.platform.identity import RunId
from nightshift.domain.platform.view import RunDetail, RunState, RunSummary, TimelineStep

_STATES: dict[df.OrchestrationRuntimeStatus, RunState] = {
    df.OrchestrationRuntimeStatus.Pending: "pending",
    df.OrchestrationRuntimeStatus.Running: "running",
    df.OrchestrationRuntimeStatus.ContinuedAsNew: "running",
    df.OrchestrationRuntimeStatus.Completed: "completed",
    df.OrchestrationRuntimeStatus.Failed: "failed",
    df.OrchestrationRuntimeStatus.Canceled: "terminated",
    df.OrchestrationRuntimeStatus.Terminated: "terminated",
    df.OrchestrationRuntimeStatus.Suspended: "suspended",
}


def run_summary(status: DurableOrchestrationStatus) -> RunSummary:
    """One line about a run."""
    output, order = _parsed(status.output), _parsed(status.input_)
    state = _STATES[status.runtime_status]
    ended = state in {"completed", "failed", "terminated"}
    custom = _parsed(status.custom_status)
    named = RunId.parse(status.instance_id)
    return RunSummary(
        run=status.instance_id,
        model=order.get("model") or (named.model if named else ""),
        state=state,
        outcome=output.get("outcome") or (state if ended else None),
        reason=output.get("reason") or (str(status.output or "") if ended else ""),
        step="" if ended else str(custom.get("step", "")),
        started_at=_utc(status.created_time),
        updated_at=_utc(status.last_updated_time),
    )


def as_it_stands(run: RunDetail, moves: Sequence[AliasChange]) -> RunDetail:
    """A run whose promotion was withdrawn has failed; the loop that promoted was over by then and cannot know it."""
    move = next((move for move in moves if move.run == run.run and move.state == "done"), None)
    if run.outcome != "promoted" or move is None or not withdrawn(move, moves):
        return run
    reason = f"the promotion of version {move.version} was withdrawn, because the endpoint did not follow"
    return run.model_copy(update={"outcome": "failed", "reason": f"{reason}; it had been decided by: {run.reason}"})


def run_detail(status: DurableOrchestrationStatus) -> RunDetail:
    """A run with its timeline; needs a status that was read with history, input and output."""
    summary = run_summary(status)
    return RunDetail(
        **summary.model_dump(),
        input=_json(status.input_),
        output=_json(status.output),
        steps=tuple(timeline(status.historyEvents or [])),
    )


def run_rounds(status: DurableOrchestrationStatus) -> tuple[Round, ...]:
    """The rounds of the improvement loop of a run that has ended; none if it had no loop."""
    output = _parsed(status.output)
    found = output.get("improvement") or output
    return tuple(Round.from_json(item) for item in found.get("rounds", ()))


def timeline(events: Iterable[dict[str, Any]]) -> list[TimelineStep]:
    """Fold Durable's history events into steps: retries of one call become one step with its attempts."""
    steps: list[TimelineStep] = []
    for event in events:
        kind = str(event.get("EventType", ""))
        name = str(event.get("FunctionName") or event.get("Name") or "")
        if kind in {"TaskCompleted", "TaskFailed"}:
            _add_activity(steps, event, name, failed=kind == "TaskFailed")
        elif kind in {"SubOrchestrationInstanceCompleted", "SubOrchestrationInstanceFailed"}:
            steps.append(_step(event, name, "orchestration"))
        elif kind == "TaskScheduled":
            steps.append(_step(event, name, "activity", open_=True))
        elif kind == "EventRaised":
            steps.append(_step(event, name, "event"))
    return steps


def _add_activity(steps: list[TimelineStep], event: dict[str, Any], name: str, *, failed: bool) -> None:
    step = _step(event, name, "activity")
    last = next((index for index in range(len(steps) - 1, -1, -1) if steps[index].name == name), None)
    if last is not None and steps[last].error and last == len(steps) - 1:
        # The call before failed and this is its retry.
        earlier = steps.pop(last)
        started = earlier.started_at
        step = step.model_copy(
            update={
                "started_at": started,
                "attempts": earlier.attempts + 1,
                "seconds": _seconds(started, step.ended_at),
            }
        )
    if failed:
        step = step.model_copy(update={"error": str(event.get("Reason") or "failed")})
    steps.append(step)


def _step(event: dict[str, Any], name: str, kind: Any, *, open_: bool = False) -> TimelineStep:
    ended = None if open_ else _time(event.get("Timestamp"))
    started = _time(event.get("ScheduledTime")) or _time(event.get("Timestamp")) or datetime.now(UTC)
    return TimelineStep(
        name=name,
        kind=kind,
        started_at=started,
        ended_at=ended,
        seconds=_seconds(started, ended),
        attempts=1,
        input=_activity_input(event.get("Input")),
        result=_json(event.get("Result")),
        error=str(event.get("Reason") or "") if "Failed" in str(event.get("EventType")) else "",
    )


def _seconds(started: datetime, ended: datetime | None) -> float | None:
    return None if ended is None else round((ended - started).total_seconds(), 3)


def _time(value: object) -> datetime | None:
    return _utc(datetime.fromisoformat(value)) if isinstance(value, str) and value else None


def _utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _json(value: Any) -> Any:
    """Durable keeps JSON text within JSON text; people want the innermost value."""
    while isinstance(value, str) and value[:1] in '{["':
        try:
            value = json.loads(value)
        except ValueError:
            break
    return value


def _activity_input(value: Any) -> Any:
    """An activity's input is recorded as a JSON array that holds the one argument."""
    value = _json(value)
    return _json(value[0]) if isinstance(value, list) and len(value) == 1 else value


def _parsed(value: Any) -> dict[str, Any]:
    value = _json(value)
    return value if isinstance(value, dict) else {}
