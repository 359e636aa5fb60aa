"""The ledger for a terminal: every kind of entry says what it is about."""

import json
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from nightshift.cli.ledger_report import explanation_report, ledger_table
from nightshift.domain.ledger.bodies import record
from nightshift.domain.ledger.ledger import GENESIS, Body, LedgerEntry, chain
from nightshift.domain.platform.view import Explanation
from tests.support.ledger_bodies import AT, BODIES
from tests.unit.domain.ledger.test_bodies import UNKNOWN

_WORDS = {
    "DecisionBody": ("decided to promote version 2 by rule better: because", "https://store/evidence.json"),
    "OutcomeBody": ("outcome: promoted; champion is version 2",),
    "HaltBody": ("failed at poll_job_status: job_failed", "no such column"),
    "BrokenOffBody": ("the response to incident i1 broke off: it was terminated",),
    "RefusalBody": ("retrain refused (no_newer_data) for incident i1; no job was started", "upload data"),
    "RollbackOrder": ("ordered rollback (version 2) for incident i1", "rule critical: rmse rose"),
    "RetrainingOrder": ("ordered retrain (version 2) for incident i1", "rule drift: psi is 0.4"),
    "LeaseOrder": ("ordered pause_compute (version 2) for incident i1", "rule budget: 90 % is spent"),
    "UndoOrder": ("undo of rollback (version 2) for incident i1", "comment: it was the data"),
    "WithdrawalBody": ("took version 2 back to version 1: it does not serve",),
    "CritiqueBody": (
        "critic: retry version 2 by rule closer: rmse is nearer",
        "plan of rules: adjust_training_window; old data misleads",
        "look 2 at the holdout abc, at confidence 0.97",
    ),
    "ImprovementOrder": ("ordered: improve on a.csv; [b]more",),
    "ReevaluationOrder": ("ordered: fresh evidence on a.csv; the champion moved",),
    "ReviewDecisionBody": ("review v1: approve version 2", "comment: known"),
    "ReviewOutcomeBody": ("review v1: void; spec changed",),
}


def _told(body: Body) -> str:
    return _shown(explanation_report(Explanation(run="r", model="m", entries=(_entry(body),))))


def _entry(body: Body) -> LedgerEntry:
    made = record(body, key="k", model="m", run="r", subject="version 2", actor="ann")
    return chain(made, sequence=7, previous_hash=GENESIS, recorded_at=AT)


def _shown(report: RenderableType) -> str:
    console = Console(file=StringIO(), width=240)
    console.print(report)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_an_entry_says_what_was_decided(body: Body) -> None:
    """Every kind, with who did it and when; text is printed as it is."""
    text = _told(body)
    assert "ledger entry 7, 2026-03-01 03:00:00Z, by ann" in text
    assert [words for words in _WORDS[type(body).__name__] if words not in text] == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [*UNKNOWN.values(), ("outcome", {"outcome": "shadow", "champion_version": None}), ("decision", {})],
    ids=str,
)
def test_an_entry_that_this_release_cannot_read_is_shown_as_it_is_stored(kind: str, body: dict[str, object]) -> None:
    """After a rollback, or by a command line that is older than the app: in one line, beside those that it can read."""
    entry = _entry(BODIES[1])
    strange = entry.model_copy(update={"kind": kind, "body": body})
    told = _shown(explanation_report(Explanation(run="r", model="m", entries=(strange, entry))))
    assert f"{kind} about version 2, which this release cannot read: {json.dumps(body)}" in told
    assert "outcome: promoted" in told
    lines = _shown(ledger_table([strange, entry])).splitlines()
    assert json.dumps(body)[:60] in lines[1]
    assert "promoted" in lines[2]
