"""The trace of a round of the improvement loop: what planner, executor and critic took in and gave out, and when."""

from datetime import datetime
from typing import Any, Literal

from nightshift.domain.platform.message import Message


class RoundSpan(Message):
    """One step of a round.

    Attributes:
        error: why it failed; empty if it did not.
    """

    name: Literal["plan", "execute", "critique"]
    began_at: datetime
    ended_at: datetime
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    error: str = ""


class RoundTrace(Message):
    """A round as MLflow keeps it.

    Attributes:
        key: identity of the round; a trace is written once per key.
        attributes: of the whole round: tokens, cost, plan, verdict.
    """

    key: str
    model: str
    run: str
    round: int
    spans: tuple[RoundSpan, ...]
    attributes: dict[str, str | int | float]


class PlanFeedback(Message):
    """What a person thinks of a round's plan."""

    by: str
    helpful: bool
    comment: str
