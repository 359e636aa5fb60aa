"""Runs for a terminal: the list, and one run with its timeline."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nightshift.cli.loop_report import loop_report
from nightshift.cli.rendering import moment, number, plain_table, styled
from nightshift.domain.improvement.messages import ImprovementOutcome
from nightshift.domain.platform.view import InFlight, RunDetail, RunSummary, TimelineStep

_POLL = "poll_"


def runs_table(runs: Sequence[RunSummary]) -> RenderableType:
    """The list of runs."""
    if not runs:
        return Text("no runs yet: `nightshift upload MODEL FILE` starts one")
    table = plain_table("run", "started", "outcome", "reason")
    for run in runs:
        table.add_row(run.run, moment(run.started_at), _outcome(run), Text(run.reason.partition("\n")[0]))
    return table


def in_flight_table(found: Sequence[InFlight]) -> RenderableType:
    """What has not ended, a line for each orchestration and version."""
    if not found:
        return Text("nothing is in flight")
    table = plain_table("orchestration", "version", "count", "oldest", "does")
    for item in found:
        version = "-" if item.version is None else str(item.version)
        does = ", ".join(f"{step or 'not begun'}: {count}" for step, count in sorted(item.steps.items()))
        table.add_row(item.orchestrator, version, str(item.count), moment(item.oldest), Text(does))
    return table


def run_report(run: RunDetail) -> RenderableType:
    """A run with its timeline."""
    head = Table.grid(padding=(0, 2))
    head.add_row("run", run.run)
    head.add_row("model", run.model)
    head.add_row("outcome", _outcome(run))
    head.add_row("reason", Text(run.reason))
    head.add_row("started", moment(run.started_at))
    steps = plain_table("step", "at", "seconds", "calls", "input", "result")
    for _, alike in groupby(run.steps, key=_shown_as):
        steps.add_row(*_line(list(alike)))
    outcome = run.output if isinstance(run.output, dict) else {}
    improvement = outcome.get("improvement") or (outcome if "rounds" in outcome else None)
    loop = () if improvement is None else loop_report(ImprovementOutcome.from_json(improvement))
    return Group(head, Text(), steps, *loop)


def _outcome(run: RunSummary) -> Text:
    return styled(run.outcome) if run.outcome else Text(f"{run.state}: {run.step}", style="cyan")


def _shown_as(step: TimelineStep) -> tuple[object, ...]:
    """Polls one after the other of which this is the same are one line; any other step is a line of its own."""
    if not step.name.startswith(_POLL) or step.error or step.ended_at is None:
        return (id(step),)
    return step.name, _input(step), _result(step).plain


def _line(alike: list[TimelineStep]) -> tuple[RenderableType, ...]:
    """The line of a step, or of polls that brought the same."""
    first, last, result = alike[0], alike[-1], _result(alike[0])
    at, seconds = moment(first.started_at)[11:], first.seconds
    if len(alike) > 1:
        at = f"{at} to {moment(last.started_at)[11:]}"
        ended = last.ended_at or last.started_at
        seconds = (ended - first.started_at).total_seconds()
        result.append(f"{', ' if result.plain else ''}polled {len(alike)} times")
    calls = str(sum(step.attempts for step in alike))
    return first.name, at, "..." if seconds is None else f"{seconds:.1f}", calls, Text(_input(first)), result


def _input(step: TimelineStep) -> str:
    """What a step was asked, in a few words; ``--json`` has all of it."""
    given = step.input if isinstance(step.input, dict) else {}
    uploads = [upload["name"].rpartition("/")[2] for upload in given.get("uploads", ())]
    words = {
        "": given.get("purpose") or given.get("kind") or given.get("title") or ", ".join(uploads),
        "attempt": given.get("attempt"),
        "round": given.get("round") or None,
        "run": given.get("run_id"),
    }
    return _sentence(words)


def _result(step: TimelineStep) -> Text:
    """What a step brought, in a few words."""
    if step.error:
        return Text(step.error.partition("\n")[0], style="red")
    result = step.result if isinstance(step.result, dict) else {}
    failure = result.get("failure")
    if failure:
        return Text(f"{failure['code']}: {failure['message']}".partition("\n")[0], style="yellow")
    status, summary = result.get("status") or {}, result.get("summary") or {}
    metrics = [_metric(metric) for metric in summary.get("metrics", ())]
    words = {
        "": status.get("state") or result.get("outcome") or ", ".join(metrics),
        "error": (status.get("error") or "").partition("\n")[0],
        "job run": None if status else result.get("run_id"),
        "champion": result.get("champion_version"),
        "rows": _accepted_rows(result),
        "ledger entry": result.get("ledger"),
    }
    return Text(_sentence(words))


def _metric(metric: dict[str, Any]) -> str:
    """Against a champion the verdict, without one the value."""
    if metric["verdict"] == "unopposed":
        return f"{metric['name']} {number(metric['challenger'])}"
    return f"{metric['name']} {metric['verdict']}"


def _accepted_rows(result: dict[str, Any]) -> int | None:
    reports = [part["report"] for part in result.get("parts", ())]
    return sum(report["rows"] for report in reports if not report["violations"]) or None


def _sentence(words: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}".strip() for name, value in words.items() if value not in {None, ""})
