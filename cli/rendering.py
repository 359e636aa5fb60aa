"""Tables and texts for a terminal, from what the API answers."""

import json
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from domain.evidence import Evidence
from domain.ledger import LedgerEntry
from domain.view import ChainCheck, Explanation, ModelView

_FILE_WIDTH = 200
OUTCOME_STYLE = {
    "promoted": "green",
    "rejected": "yellow",
    "flagged": "magenta",
    "halted": "yellow",
    "failed": "red",
    "terminated": "red",
    "better": "green",
    "worse": "red",
    "equal": "dim",
}


def make_console() -> Console:
    """A console of the terminal's width; what goes into a file or a pipe is not cut to a terminal it has not got."""
    console = Console()
    return console if console.is_terminal else Console(width=_FILE_WIDTH)


def plain_table(*headings: str) -> Table:
    """A table without lines, whose cells fold rather than lose their ends: ids are there to be copied."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def print_json(console: Console, value: Any) -> None:
    """Print for scripts: plain JSON, whatever the width of the terminal."""
    console.file.write(json.dumps(value, indent=2) + "\n")


def styled(word: str) -> Text:
    """A word in the colour of its meaning."""
    return Text(word, style=OUTCOME_STYLE.get(word, ""))


def moment(value: datetime | None) -> str:
    """A time in UTC to the second."""
    return "-" if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def number(value: float | None) -> str:
    """Four significant digits."""
    return "-" if value is None else f"{value:.4g}"


def metrics_table(evidence: Evidence) -> RenderableType:
    """Champion against challenger, metric by metric."""
    champion = f"champion v{evidence.champion_version}" if evidence.champion_version else "champion"
    challenger = f"challenger v{evidence.challenger_version}"
    table = plain_table("metric", champion, challenger, "difference, 95 % interval", "verdict", "limit")
    for metric in evidence.metrics:
        interval = metric.difference
        table.add_row(
            metric.name + ("" if metric.tracked else " (not tracked)"),
            number(metric.champion),
            number(metric.challenger),
            "-" if interval is None else f"{number(interval.low)} to {number(interval.high)}",
            styled(metric.verdict),
            Text(metric.broken_limit, style="red"),
        )
    return table


def explanation_report(explanation: Explanation) -> RenderableType:
    """Why a run did what it did."""
    parts: list[RenderableType] = []
    for entry in explanation.entries:
        parts.append(
            Text(f"ledger entry {entry.sequence}, {moment(entry.recorded_at)}, by {entry.actor}", style="bold")
        )
        parts.extend(_entry(entry))
        parts.append(Text())
    return Group(*parts[:-1])


def _entry(entry: LedgerEntry) -> list[RenderableType]:
    if entry.kind == "decision":
        decision = entry.body["decision"]
        evidence = Evidence.model_validate(entry.body["evidence"])
        said = f"decided to {decision['action']} {entry.subject} by rule {decision['rule']}: {decision['reason']}"
        facts = Table.grid(padding=(0, 2))
        facts.add_row("holdout", f"{evidence.rows} rows, digest {evidence.evaluation_set_digest[:16]}")
        facts.add_row("data", f"{evidence.data_source}, digest {evidence.dataset_digest[:16]}")
        facts.add_row("MLflow runs", f"train {evidence.train_run}, score {evidence.score_run}")
        facts.add_row("rules", f"spec {evidence.spec_digest[:16]}, policy {evidence.policy_digest[:16]}")
        facts.add_row("evidence", Text(entry.body["evidence_at"], overflow="fold"))
        return [Text(said), metrics_table(evidence), facts]
    if entry.kind in {"mitigation", "undo"}:
        return [Text(line) for line in _mitigation(entry)]
    if entry.kind == "halt":
        failure = entry.body["failure"]
        return [Text(f"{entry.body['outcome']} at {failure['step']}: {failure['code']}"), Text(failure["message"])]
    if entry.kind == "review":
        return [Text(line) for line in _review(entry)]
    if entry.kind == "order":
        return [Text(f"ordered: {entry.body['order']} on {', '.join(entry.body['files'])}; {entry.body['reason']}")]
    champion = entry.body["champion_version"]
    return [Text(f"outcome: {entry.body['outcome']}; champion is version {champion or '-'}")]


def _review(entry: LedgerEntry) -> list[str]:
    body = entry.body
    if "choice" not in body:
        return [f"review {body['review']}: {body['outcome']}; {body['detail']}"]
    what = f"review {body['review']}: {body['choice']} {entry.subject}"
    return [f"{what}; comment: {body['comment']}" if body["comment"] else what]


def _mitigation(entry: LedgerEntry) -> list[str]:
    body = entry.body
    verb = "undo of" if entry.kind == "undo" else "ordered"
    lines = [f"{verb} {body['mitigation']} ({entry.subject}) for incident {body['incident']}"]
    if "rule" in body:
        lines.append(f"rule {body['rule']}: {body['reason']}")
    if body.get("comment"):
        lines.append(f"comment: {body['comment']}")
    return lines


def models_report(models: list[ModelView]) -> RenderableType:
    """Models with their versions, aliases and history."""
    parts: list[RenderableType] = []
    for model in models:
        when = f" at {moment(model.at)}" if model.at else ""
        since = f" since {moment(model.champion_since)}" if model.champion_since else ""
        parts.append(Text(f"{model.model}: champion{when} {_version(model.champion)}{since}", style="bold"))
        parts.append(Text(model.spec_error or model.description, style="red" if model.spec_error else "dim"))
        parts.append(Text(f"rollback target {_version(model.rollback_target)}"))
        table = plain_table("version", "aliases", "created", "run")
        for version in model.versions:
            run = version.tags.get("nightshift.lifecycle_run", "")
            table.add_row(version.version, ", ".join(version.aliases), moment(version.created_at), run)
        parts.extend([table, Text()])
    return Group(*parts[:-1])


def _version(version: str | None) -> str:
    return f"version {version}" if version else "none"


def ledger_table(entries: list[LedgerEntry]) -> RenderableType:
    """The ledger, oldest first."""
    table = plain_table("model", "entry", "at", "kind", "subject", "what", "hash")
    for entry in entries:
        decision = entry.body.get("decision", {})
        what = decision.get("action") or entry.body.get("outcome") or entry.body.get("choice") or ""
        table.add_row(
            entry.model,
            str(entry.sequence),
            moment(entry.recorded_at),
            entry.kind,
            entry.subject,
            styled(str(what)),
            entry.hash[:12],
        )
    return table


def checks_table(checks: list[ChainCheck]) -> RenderableType:
    """The result of verifying the ledger."""
    table = plain_table("model", "entries", "chain")
    for check in checks:
        fault = check.fault
        found = Text("holds", style="green")
        if fault is not None:
            found = Text(f"broken at entry {fault.sequence}: {fault.problem}", style="bold red")
        table.add_row(check.model, str(check.entries), found)
    return table
