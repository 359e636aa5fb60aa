"""What the orchestrator of the improvement loop and its activities say to each other, and how a loop is ordered."""

from datetime import datetime
from typing import Literal

from nightshift.domain.champions.decision import Decision
from nightshift.domain.improvement.loop import Budget, Critique, ImprovementPolicy, Planned, Round
from nightshift.domain.platform.correlation import Traceparent
from nightshift.domain.platform.identity import RunId
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import IMPROVEMENT, LIFECYCLE
from nightshift.domain.platform.step import Failure, JobSettings, RetryPolicy
from nightshift.domain.uploads.upload import BlobRef


def critique_key(run: str, round_number: int) -> str:
    """Key of the ledger entry of a round's critique."""
    return f"{run}:criticism:{round_number}"


def improvement_of(run: str) -> str:
    """Instance id of the improvement loop of a lifecycle run."""
    found = RunId.parse(run)
    return str(found.relative) if found is not None and found.kind == LIFECYCLE else f"{IMPROVEMENT}-{run}"


class ImprovementInput(Message):
    """Input of the improvement loop.

    Attributes:
        validated_by: the lifecycle run whose dataset and evidence it starts from.
        evidence: of the challenger that failed.
    """

    model: str
    run: str
    validated_by: str
    manifest: BlobRef
    evidence: BlobRef
    job: JobSettings
    policy: ImprovementPolicy
    patience: RetryPolicy = RetryPolicy()
    trace: Traceparent = ""


class ImproveOrder(Message):
    """Input of ``order_improvement``.

    Attributes:
        run: the lifecycle run whose data is taken; empty: the model's last one that was decided.
        by: who asks: a principal, or the id of the review that asked.
    """

    model: str
    run: str = ""
    by: str
    reason: str


class ImproveOrdered(Message):
    """Result of ``order_improvement``: under ``identity`` the order's run is found, as an upload's is.

    Attributes:
        improves: the run whose data was taken.
        repeated: it had been ordered before; nothing was ordered a second time.
    """

    identity: str
    improves: str
    files: tuple[str, ...]
    repeated: bool = False


class PlanImprovementRequest(Message):
    """Input of ``plan_improvement``: the evidence of the last challenger, and what was tried."""

    model: str
    run: str
    manifest: BlobRef
    evidence: BlobRef
    rounds: tuple[Round, ...]
    spent: Budget


class PlanImprovementResult(Message):
    """Result of ``plan_improvement``."""

    planned: Planned


class CritiqueRequest(Message):
    """Input of ``criticise_round``.

    Attributes:
        evidence: None if the round's job run failed.
        start: the evidence that started the loop.
        rounds: all so far; the last is judged.
        look: number of the interim look, see EvaluateResult.
    """

    model: str
    run: str
    manifest: BlobRef
    evidence: BlobRef | None
    start: BlobRef
    rounds: tuple[Round, ...]
    spent: Budget
    look: int


class TraceRoundRequest(Message):
    """Input of ``trace_round``: a round and when each of its steps ended.

    Attributes:
        times: when the round began, was planned, was executed, was judged.
        feedback: of the round before, which the planner saw.
    """

    model: str
    run: str
    round: Round
    times: tuple[datetime, datetime, datetime, datetime]
    feedback: str = ""


class TraceRoundResult(Message):
    """Result of ``trace_round``: the id of the trace."""

    trace: str


class CritiqueResult(Message):
    """Result of ``criticise_round``."""

    criticism: Critique
    ledger: int


class ImprovementOutcome(Message):
    """Output of the improvement loop."""

    outcome: Literal["promoted", "rejected", "flagged", "failed"]
    model: str
    run: str
    reason: str
    rounds: tuple[Round, ...]
    spent: Budget
    decision: Decision | None = None
    challenger_version: str | None = None
    champion_version: str | None = None
    review_id: str | None = None
    failure: Failure | None = None
