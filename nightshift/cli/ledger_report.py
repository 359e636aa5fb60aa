"""The decision ledger for a terminal: entries, what each says, and whether the chain holds."""

from collections.abc import Callable, Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nightshift.cli.rendering import metrics_table, moment, plain_table, styled
from nightshift.domain.ledger.ledger import EntryKind, LedgerEntry
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.platform.view import ChainCheck, Explanation


def explanation_report(explanation: Explanation) -> RenderableType:
    """Why a run, or the response to an incident, did what it did."""
    if not explanation.entries:
        return Text(f"nothing was decided or ordered in {explanation.run}: see nightshift show {explanation.run}")
    parts: list[RenderableType] = []
    for entry in explanation.entries:
        parts.append(
            Text(f"ledger entry {entry.sequence}, {moment(entry.recorded_at)}, by {entry.actor}", style="bold")
        )
        parts.extend(_entry(entry))
        parts.append(Text())
    return Group(*parts[:-1])


def _entry(entry: LedgerEntry) -> list[RenderableType]:
    return list(_TOLD[entry.kind](entry))


def _decision(entry: LedgerEntry) -> Iterable[RenderableType]:
    decision = entry.body["decision"]
    evidence = Evidence.from_json(entry.body["evidence"])
    yield Text(f"decided to {decision['action']} {entry.subject} by rule {decision['rule']}: {decision['reason']}")
    yield metrics_table(evidence)
    facts = Table.grid(padding=(0, 2))
    facts.add_row("holdout", f"{evidence.rows} rows, digest {evidence.evaluation_set_digest[:16]}")
    facts.add_row("data", f"{evidence.data_source}, digest {evidence.dataset_digest[:16]}")
    facts.add_row("MLflow runs", f"train {evidence.train_run}, score {evidence.score_run}")
    facts.add_row("rules", f"spec {evidence.spec_digest[:16]}, policy {evidence.policy_digest[:16]}")
    facts.add_row("evidence", Text(entry.body["evidence_at"], overflow="fold"))
    yield facts


def _outcome(entry: LedgerEntry) -> Iterable[RenderableType]:
    yield Text(f"outcome: {entry.body['outcome']}; champion is version {entry.body['champion_version'] or '-'}")


def _halt(entry: LedgerEntry) -> Iterable[RenderableType]:
    failure = entry.body["failure"]
    yield Text(f"{entry.body['outcome']} at {failure['step']}: {failure['code']}")
    yield Text(failure["message"])


def _order(entry: LedgerEntry) -> Iterable[RenderableType]:
    yield Text(f"ordered: {entry.body['order']} on {', '.join(entry.body['files'])}; {entry.body['reason']}")


def _criticism(entry: LedgerEntry) -> Iterable[RenderableType]:
    judged, plan = entry.body["criticism"], entry.body["plan"]
    yield Text(f"plan of {entry.body['planned_by']}: {plan['action']['kind']}; {plan['rationale']}")
    yield Text(f"critic: {judged['judgement']} {entry.subject} by rule {judged['rule']}: {judged['reason']}")
    digest, look = entry.body["evaluation_set_digest"][:16], entry.body["look"]
    yield Text(
        f"look {look} at the holdout {digest}, at confidence {judged['confidence']:.4g}" if digest else "no look"
    )


def _undo(entry: LedgerEntry) -> Iterable[RenderableType]:
    if "mitigation" in entry.body:
        yield from _mitigation(entry)
    else:
        yield Text(f"took {entry.subject} back to version {entry.body['back_to']}: {entry.body['reason']}")


def _review(entry: LedgerEntry) -> Iterable[RenderableType]:
    body = entry.body
    if "choice" in body:
        yield Text(f"review {body['review']}: {body['choice']} {entry.subject}")
        if body["comment"]:
            yield Text(f"comment: {body['comment']}")
    else:
        yield Text(f"review {body['review']}: {body['outcome']}; {body['detail']}")


def _mitigation(entry: LedgerEntry) -> Iterable[RenderableType]:
    body = entry.body
    verb = "undo of" if entry.kind == "undo" else "ordered"
    yield Text(f"{verb} {body['mitigation']} ({entry.subject}) for incident {body['incident']}")
    if "rule" in body:
        yield Text(f"rule {body['rule']}: {body['reason']}")
    if body.get("comment"):
        yield Text(f"comment: {body['comment']}")


_TOLD: dict[EntryKind, Callable[[LedgerEntry], Iterable[RenderableType]]] = {
    "decision": _decision,
    "outcome": _outcome,
    "halt": _halt,
    "mitigation": _mitigation,
    "undo": _undo,
    "criticism": _criticism,
    "order": _order,
    "review": _review,
}


def ledger_table(entries: list[LedgerEntry]) -> RenderableType:
    """Entries of the ledger, as they come."""
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
        entries = check.length if check.length is not None else check.entries
        table.add_row(check.model, str(entries), found)
    return table
