"""The decision ledger for a terminal: entries, what each says, and whether the chain holds."""

import json
from collections.abc import Iterable
from functools import singledispatch

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nightshift.cli.rendering import metrics_table, moment, plain_table, styled
from nightshift.domain.ledger.bodies import (
    BrokenOffBody,
    CritiqueBody,
    DataOrder,
    DecisionBody,
    HaltBody,
    OutcomeBody,
    RefusalBody,
    ReviewDecisionBody,
    ReviewOutcomeBody,
    UndoOrder,
    WithdrawalBody,
    read_body,
)
from nightshift.domain.ledger.ledger import Body, LedgerEntry
from nightshift.domain.platform.errors import UnreadableEntryError
from nightshift.domain.platform.text import shortened
from nightshift.domain.platform.view import ChainCheck, Explanation
from nightshift.domain.response.mitigations import MitigationOrder

# Of an entry that this release does not know, in the column of a table.
_RAW = 80


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
    try:
        return list(_lines(read_body(entry), entry))
    except UnreadableEntryError:
        return [Text(f"{entry.kind} about {entry.subject}, which this release cannot read: {_raw(entry)}")]


def _raw(entry: LedgerEntry) -> str:
    """The body as it is stored, in one line."""
    return json.dumps(entry.body)


@singledispatch
def _lines(said: Body, entry: LedgerEntry) -> Iterable[RenderableType]:
    """An entry in words; each kind of body has its own."""
    raise NotImplementedError(f"{type(said).__name__} of {entry.key}")


@_lines.register
def _outcome(said: OutcomeBody, entry: LedgerEntry) -> Iterable[RenderableType]:
    yield Text(f"outcome: {said.outcome}; champion is version {said.champion_version or '-'}")


@_lines.register
def _halt(said: HaltBody, entry: LedgerEntry) -> Iterable[RenderableType]:
    yield Text(f"{said.outcome} at {said.failure.step}: {said.failure.code}")
    yield Text(said.failure.message)


@_lines.register
def _broken_off(said: BrokenOffBody, entry: LedgerEntry) -> Iterable[RenderableType]:
    yield Text(f"the {said.orchestration} to incident {said.incident} broke off: {said.reason}")


@_lines.register
def _refusal(said: RefusalBody, entry: LedgerEntry) -> Iterable[RenderableType]:
    yield Text(f"{said.refused} refused ({said.outcome}) for incident {said.incident}; no job was started")
    yield Text(said.reason)


@_lines.register
def _data_order(said: DataOrder, entry: LedgerEntry) -> Iterable[RenderableType]:
    yield Text(f"ordered: {said.order} on {', '.join(said.files)}; {said.reason}")


@_lines.register
def _mitigation(said: MitigationOrder, entry: LedgerEntry) -> Iterable[RenderableType]:
    yield Text(f"ordered {said.mitigation} ({entry.subject}) for incident {said.incident}")
    yield Text(f"rule {said.rule}: {said.reason}")


@_lines.register
def _undo(said: UndoOrder, entry: LedgerEntry) -> Iterable[RenderableType]:
    yield Text(f"undo of {said.mitigation} ({entry.subject}) for incident {said.incident}")
    if said.comment:
        yield Text(f"comment: {said.comment}")


@_lines.register
def _withdrawal(said: WithdrawalBody, entry: LedgerEntry) -> Iterable[RenderableType]:
    yield Text(f"took {entry.subject} back to version {said.back_to}: {said.reason}")


@_lines.register
def _review_decision(said: ReviewDecisionBody, entry: LedgerEntry) -> Iterable[RenderableType]:
    yield Text(f"review {said.review}: {said.choice} {entry.subject}")
    if said.comment:
        yield Text(f"comment: {said.comment}")


@_lines.register
def _review_outcome(said: ReviewOutcomeBody, entry: LedgerEntry) -> Iterable[RenderableType]:
    yield Text(f"review {said.review}: {said.outcome}; {said.detail}")


@_lines.register
def _decision(said: DecisionBody, entry: LedgerEntry) -> Iterable[RenderableType]:
    decision, evidence = said.decision, said.evidence
    yield Text(f"decided to {decision.action} {entry.subject} by rule {decision.rule}: {decision.reason}")
    yield metrics_table(evidence)
    facts = Table.grid(padding=(0, 2))
    facts.add_row("holdout", f"{evidence.rows} rows, digest {evidence.evaluation_set_digest[:16]}")
    facts.add_row("data", f"{evidence.data_source}, digest {evidence.dataset_digest[:16]}")
    facts.add_row("MLflow runs", f"train {evidence.train_run}, score {evidence.score_run}")
    facts.add_row("rules", f"spec {evidence.spec_digest[:16]}, policy {evidence.policy_digest[:16]}")
    facts.add_row("evidence", Text(said.evidence_at, overflow="fold"))
    yield facts


@_lines.register
def _critique(said: CritiqueBody, entry: LedgerEntry) -> Iterable[RenderableType]:
    judged, plan = said.criticism, said.plan
    yield Text(f"plan of {said.planned_by}: {plan.action.kind}; {plan.rationale}")
    yield Text(f"critic: {judged.judgement} {entry.subject} by rule {judged.rule}: {judged.reason}")
    digest = said.evaluation_set_digest[:16]
    yield Text(
        f"interim look {said.look} at the holdout {digest}, at confidence {judged.confidence:.4g}"
        if digest
        else "no interim look"
    )


def ledger_table(entries: list[LedgerEntry]) -> RenderableType:
    """Entries of the ledger, as they come."""
    table = plain_table("model", "entry", "at", "kind", "subject", "what", "hash")
    for entry in entries:
        table.add_row(
            entry.model,
            str(entry.sequence),
            moment(entry.recorded_at),
            entry.kind,
            entry.subject,
            styled(_what(entry)),
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


def _what(entry: LedgerEntry) -> str:
    """What an entry says, in a word; empty for one whose kind says it, the stored body for one that cannot be read."""
    try:
        said = read_body(entry)
    except UnreadableEntryError:
        return shortened(_raw(entry), _RAW)
    match said:
        case DecisionBody():
            return said.decision.action
        case OutcomeBody() | HaltBody() | RefusalBody() | ReviewOutcomeBody():
            return said.outcome
        case ReviewDecisionBody():
            return said.choice
        case _:
            return ""
