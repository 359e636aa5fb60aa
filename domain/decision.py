"""Decisions about promotion, and the changes of champion that they bring about."""

from datetime import datetime
from typing import Literal

from domain.message import Message

Action = Literal["promote", "reject", "flag"]
MoveState = Literal["begun", "done", "void"]


class Decision(Message):
    """What was decided about a challenger, and by which rule.

    Attributes:
        rule: name of the rule of agents.promotion that fired.
        reason: one sentence for people.
        evidence_digest: of the evidence it was decided on.
    """

    action: Action
    rule: str
    reason: str
    model: str
    challenger_version: str
    champion_version: str | None
    evidence_digest: str


class ChampionMove(Message):
    """One change of a model's champion.

    Attributes:
        sequence: 1 for the model's first champion; two moves never share one.
        previous: the champion before, and so the rollback target.
        decided_by: key of the ledger record that ordered it, or ``outside`` for a change that somebody else made.
        state: ``begun`` before the alias moves, ``done`` once it has been read back, ``void`` if another change of the
            alias came in between.
    """

    model: str
    sequence: int
    version: str
    previous: str | None
    run: str
    decided_by: str
    at: datetime
    state: MoveState = "begun"
