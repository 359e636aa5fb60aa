"""An improvement loop for a terminal, round by round."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from nightshift.domain.improvement.loop import Budget, Round
from nightshift.domain.improvement.messages import ImprovementOutcome
from nightshift.domain.lifecycle.evidence import MetricComparison


def loop_report(loop: ImprovementOutcome) -> Iterable[RenderableType]:
    """What each round planned and why, ran, brought and cost, and what the critic said."""
    yield Text(f"\nimprovement loop {loop.run}: {loop.outcome}, {len(loop.rounds)} rounds", style="bold")
    yield Text(f"{loop.reason}\nspent: {_cost(loop.spent)}")
    for item in loop.rounds:
        yield Text(f"\nround {item.number}", style="bold")
        yield _round(item)


def _round(item: Round) -> Table:
    grid = Table.grid(padding=(0, 2))

    def add(name: str, text: str, style: str = "") -> None:
        if text:
            grid.add_row(name, Text(text, style=style))

    action = item.plan.action.model_dump(mode="json")
    add("plan", f"{action.pop('kind')}: {_words(action)}")
    add("by", f"{item.planned_by}{f' ({item.planner_note})' if item.planner_note else ''}")
    add("because", item.plan.rationale)
    add("hoped for", item.plan.expected_effect)
    for refused in item.refused:
        add("refused", refused, "yellow")
    runs = ", ".join(str(run) for run in item.job_runs) or "none"
    add("ran", f"job run {runs}; {f'version {item.version}' if item.version else 'no version'}; {_cost(item.spent)}")
    add("failed", item.error, "red")
    for metric in item.metrics:
        add(metric.name, _metric(metric))
    if item.criticism is not None:
        add("critic", f"{item.criticism.judgement} by rule {item.criticism.rule}: {item.criticism.reason}")
        add("feedback", item.criticism.feedback.likely_reason)
    add("trace", item.trace)
    return grid


def _metric(metric: MetricComparison) -> str:
    ours, theirs = ("none" if value is None else f"{value:.4g}" for value in (metric.challenger, metric.champion))
    limit = f"; {metric.broken_limit}" if metric.broken_limit else ""
    against = "no champion" if metric.verdict == "unopposed" else f"champion {theirs}: {metric.verdict}"
    return f"{ours}, {against}{limit}"


def _cost(spent: Budget) -> str:
    return f"{spent.job_runs} job runs, {spent.dbu:.2f} DBU, {spent.tokens} tokens"


def _words(value: Any) -> str:
    """Nested figures as one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(inner)}" for name, inner in value.items() if inner not in (None, ""))
    if isinstance(value, list):
        return "; ".join(_words(inner) for inner in value)
    return str(value)
