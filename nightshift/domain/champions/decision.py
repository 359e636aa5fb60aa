"""Decisions about promotion, and the changes of champion that they bring about."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import model_validator

from nightshift.domain.champions.alias_change_kind import AliasChangeKind, kind_of_order
from nightshift.domain.platform.errors import MoveFencedError
from nightshift.domain.platform.message import Message

Action = Literal["promote", "reject", "flag"]
AliasChangeState = Literal["begun", "done", "void"]


class Decided(Message):
    """As much of a decision as can be read of any release's: what it was, even if this one knows no such action."""

    action: str


class Decision(Decided):
    """What was decided about a challenger, and by which rule.

    Attributes:
        rule: name of the rule of agents.champions.promotion that fired.
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


class AliasChange(Message):
    """One change of a model's champion.

    Attributes:
        sequence: 1 for the model's first champion; two moves never share one.
        version: the new champion; empty for the alias being removed outside Nightshift.
        previous: the champion before, and so the rollback target.
        decided_by: key of the ledger record that ordered it, or ``outside`` for a change that somebody else made.
        kind: what brought it about: a ``promotion`` by a run, one by a ``review``, a ``rollback``, the ``undo`` of a
            mitigation, the ``withdrawal`` of a promotion because what serves the model did not follow, or a change made
            ``outside`` Nightshift.
        state: ``begun`` before the alias moves, ``done`` once it has been read back, ``void`` if another change of the
            alias came in between.
        epoch: how often the move was taken up; a writer with an older epoch may neither set the alias nor end the move.
        version_created_at, previous_created_at: when MLflow made those versions, by its own clock, because a number may
            belong to another version later; None for no version, and in a row of an earlier release.
    """

    model: str
    sequence: int
    version: str
    previous: str | None
    run: str
    decided_by: str
    kind: AliasChangeKind
    at: datetime
    state: AliasChangeState = "begun"
    epoch: int = 0
    version_created_at: datetime | None = None
    previous_created_at: datetime | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_an_earlier_release(cls, given: object) -> object:
        """A move that was recorded without a kind."""
        if isinstance(given, Mapping) and "kind" not in given and "decided_by" in given:
            return {**given, "kind": kind_of_order(str(given["decided_by"]))}
        return given

    def taken_up(self, *, by: "AliasChange") -> "AliasChange":
        """This move as it stands, taken up once more by the writer that knows it so.

        Raises:
            MoveFencedError: it has ended, or another writer has taken it up since.
        """
        self._hold_for(by)
        return self.model_copy(update={"epoch": self.epoch + 1})

    def finalized(self, state: AliasChangeState, *, by: "AliasChange") -> "AliasChange":
        """This move in its final state, set by the writer that knows it as it is; a repeat finds it in that state.

        Raises:
            MoveFencedError: it has ended otherwise, or another writer has taken it up since.
        """
        if (self.state, self.epoch) == (state, by.epoch):
            return self
        self._hold_for(by)
        return self.model_copy(update={"state": state})

    def _hold_for(self, writer: "AliasChange") -> None:
        if (self.state, self.epoch) == ("begun", writer.epoch):
            return
        became = f"taken up (epoch {self.epoch})" if self.state == "begun" else f"ended as {self.state!r}"
        raise MoveFencedError(self.model, self.version, self.sequence, became)


def withdrawn(move: AliasChange, moves: Sequence[AliasChange]) -> bool:
    """Whether the next move took this one back, because what serves the model did not follow."""
    later = (other for other in moves if other.state == "done" and other.sequence > move.sequence)
    following = min(later, key=lambda other: other.sequence, default=None)
    return following is not None and following.kind == "withdrawal"
