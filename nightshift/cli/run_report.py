"""Runs for a terminal: the list, and one run with its timeline."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nightshift.cli.loop_report import loop_report
from nightshift.cli.rendering import moment, number, plain_table, styled
from nightshift.domain.improvement.messages import ImprovementOutcome
from nightshift.domain.platform.view import InFlight, RunDetail, RunSummary, TimelineStep


def runs_table(runs: list[RunSummary]) -> RenderableType:
    """The list of runs."""
    if not runs:
        return Text("no runs yet: `nightshift upload MODEL FILE` starts one")
    table = plain_table("run", "started", "outcome", "reason")
    for run in runs:
        table.add_row(run.run, moment(run.started_at), _outcome(run), Text(run.reason.partition("\n")[0]))
    return table


def in_flight_table(found: list[InFlight]) -> RenderableType:
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
    for step in run.steps:
        seconds = "..." if step.seconds is None else f"{step.seconds:.1f}"
        at = moment(step.started_at)[11:]
        steps.add_row(step.name, at, seconds, str(step.attempts), Text(_input(step)), _result(step))
    outcome = run.output if isinstance(run.output, dict) else {}
    improvement = outcome.get("improvement") or (outcome if "rounds" in outcome else None)
    loop = () if improvement is None else loop_report(ImprovementOutcome.from_json(improvement))
    return Group(head, Text(), steps, *loop)


def _outcome(run: RunSummary) -> Text:
    return styled(run.outcome) if run.outcome else Text(f"{run.state}: {run.step}", style="cyan")


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
