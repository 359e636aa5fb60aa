"""The ledger for a terminal: every kind of entry says what it is about."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any, get_args

import pytest
from rich.console import Console

from nightshift.cli.ledger_report import _TOLD, explanation_report
from nightshift.domain.ledger.ledger import EntryKind, LedgerEntry
from nightshift.domain.platform.view import Explanation

CRITICISM = {
    "criticism": {"judgement": "retry", "rule": "closer", "reason": "rmse is nearer", "confidence": 0.97},
    "plan": {"action": {"kind": "adjust_training_window", "days": 90}, "rationale": "old data misleads"},
    "planned_by": "rules",
    "evaluation_set_digest": "abc",
    "look": 2,
}


def _told(kind: EntryKind, body: dict[str, Any]) -> str:
    entry = LedgerEntry(
        key="k",
        model="m",
        run="r",
        kind=kind,
        subject="version 2",
        actor="ann",
        body=body,
        sequence=7,
        recorded_at=datetime(2026, 3, 1, tzinfo=UTC),
        previous_hash="0",
        hash="1",
    )
    console = Console(file=StringIO(), width=160)
    console.print(explanation_report(Explanation(run="r", model="m", entries=(entry,))))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_every_kind_of_entry_is_told() -> None:
    """A new kind needs words of its own."""
    assert set(_TOLD) == set(get_args(EntryKind))


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("outcome", {"outcome": "promoted", "champion_version": "2"}, "outcome: promoted; champion is version 2"),
        ("criticism", CRITICISM, "critic: retry version 2 by rule closer: rmse is nearer"),
        ("criticism", CRITICISM, "plan of rules: adjust_training_window; old data misleads"),
        ("criticism", CRITICISM, "look 2 at the holdout abc, at confidence 0.97"),
        (
            "undo",
            {"reason": "it does not serve", "back_to": "1"},
            "took version 2 back to version 1: it does not serve",
        ),
        ("undo", {"mitigation": "rollback", "incident": "i1", "comment": "c"}, "undo of rollback (version 2)"),
        ("order", {"order": "improve", "files": ["a.csv"], "reason": "[b]more"}, "ordered: improve on a.csv; [b]more"),
        ("review", {"review": "v1", "choice": "approve", "comment": "known"}, "review v1: approve version 2"),
        ("review", {"review": "v1", "outcome": "void", "detail": "spec changed"}, "review v1: void; spec changed"),
    ],
)
def test_an_entry_says_what_was_decided(kind: EntryKind, body: dict[str, Any], said: str) -> None:
    """With who did it and when; text is printed as it is."""
    text = _told(kind, body)
    assert "ledger entry 7, 2026-03-01 00:00:00Z, by ann" in text
    assert said in text
