"""A lifecycle run: the messages between its steps, and its outcome."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from nightshift.domain.champions.decision import Decision
from nightshift.domain.improvement.loop import ImprovementPolicy
from nightshift.domain.improvement.messages import ImprovementOutcome
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.lifecycle.job import JobStatus
from nightshift.domain.platform.correlation import Traceparent
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import LIFECYCLE
from nightshift.domain.platform.step import Failure, JobSettings, RetryPolicy
from nightshift.domain.response.alert import Severity
from nightshift.domain.uploads.dataset import PartReport
from nightshift.domain.uploads.upload import BlobRef, Upload

OutcomeName = Literal["promoted", "rejected", "flagged", "halted", "failed"]


class QueueInput(Message):
    """Input of the orchestration that takes a model's uploads one batch at a time."""

    model: str
    generation: int
    claim: int = 0
    trace: Traceparent = ""


class ClaimRequest(Message):
    """Ask for the next batch of a model's uploads; the same request always gets the same batch."""

    model: str
    generation: int
    claim: int


class Batch(Message):
    """The uploads of one run, in order of arrival; empty when the queue has gone idle."""

    run: str = ""
    uploads: tuple[Upload, ...] = ()
    patience: RetryPolicy = RetryPolicy()


class LifecycleInput(Message):
    """Input of a lifecycle orchestration; ``trace`` is that of its first upload."""

    model: str
    run: str
    uploads: tuple[Upload, ...]
    patience: RetryPolicy = RetryPolicy()
    trace: Traceparent = ""


class ValidateRequest(Message):
    """Input of ``validate_data``; ``job_reports`` maps upload identity to the report that a Databricks job wrote."""

    model: str
    run: str
    uploads: tuple[Upload, ...]
    job_reports: dict[str, BlobRef] = {}


class ValidationOrderRef(Message):
    """A file that is too large to validate here: the order for the Databricks job and where its report will be."""

    identity: str
    order: BlobRef
    report: BlobRef


class Oversize(Message):
    """Result of ``validate_data``: files that a Databricks job must validate first; then the step runs again."""

    oversize: tuple[ValidationOrderRef, ...] = Field(min_length=1)
    job: JobSettings


class Validated(Message):
    """Result of ``validate_data``: the dataset to train on.

    Attributes:
        parts: reports of the uploads, with at most 20 violations each; the full ones are at ``reports``.
        refused: uploads of the batch that failed while others passed.
    """

    parts: tuple[PartReport, ...]
    reports: BlobRef
    manifest: BlobRef
    job: JobSettings
    refused: tuple[str, ...] = ()


class TriggerRequest(Message):
    """Input of ``trigger_databricks_job``.

    Attributes:
        purpose: ``train`` runs the whole job, ``score`` only its score task, ``validate`` the validation job.
        attempt: number of the attempt after the platform failed, from 1; each has an idempotency token of its own.
        round: number of the scoring, from 0; a decision that became void is made again on a new one.
        dataset: the manifest; for ``validate`` the order.
        report: where the validation job writes its report.
        plan: what the improvement loop wants tried; then each round trains a version of its own.
    """

    model: str
    run: str
    job: str
    purpose: Literal["train", "score", "validate"]
    attempt: int
    round: int = 0
    dataset: BlobRef
    report: BlobRef | None = None
    plan: Plan | None = None

    @property
    def train_token(self) -> str:
        """Marks the one model version of this run (of this round, for a plan), whatever the number of attempts."""
        return self.run if self.plan is None else score_token(self.run, self.round)

    @property
    def score_token(self) -> str:
        """Marks one scoring of that version against the champion of the moment."""
        return score_token(self.run, self.round)


def score_token(run: str, round_number: int) -> str:
    """The token of a run's scoring round."""
    return f"{run}.{round_number}"


class PollRequest(Message):
    """Input of ``poll_job_status``."""

    model: str
    run: str
    run_id: int


class EvaluateRequest(Message):
    """Input of ``evaluate_metrics``: which score run to read.

    Attributes:
        counted: whether it is an interim look at this holdout; each further one needs stronger evidence.
    """

    model: str
    run: str
    manifest: BlobRef
    round: int = 0
    counted: bool = False


class DecideRequest(Message):
    """Input of ``decide_action``.

    Attributes:
        validated_by: the run that validated the data, if it is another.
        improve: a person has asked for an improvement: whatever is not promoted goes on into the loop.
    """

    model: str
    run: str
    manifest: BlobRef
    evidence: BlobRef
    round: int = 0
    validated_by: str = ""
    improve: bool = False


class EvaluateResult(Message):
    """Result of ``evaluate_metrics``; the evidence itself is in blob storage, its summary here for the timeline.

    Attributes:
        look: number of this interim look at the holdout; 0 if it is not counted.
    """

    evidence: BlobRef
    summary: Evidence
    look: int = 0


class DecideResult(Message):
    """Result of ``decide_action``.

    Attributes:
        outcome: what became of the decision; ``void`` when the champion had moved since the evidence was made.
        champion_version: the champion after the action.
        ledger: sequence of the ledger entry of the decision.
        improve: what the spec allows the improvement loop, if this decision is to start one.
        endpoint: that serves the model's champion, if the spec names one; it must follow a promotion.
    """

    decision: Decision
    outcome: Literal["promoted", "rejected", "flagged", "void"]
    champion_version: str | None = None
    ledger: int
    review_id: str | None = None
    improve: ImprovementPolicy | None = None
    endpoint: str = ""


class WithdrawRequest(Message):
    """Input of ``withdraw_promotion``: the run's promotion is taken back, because its endpoint did not follow."""

    model: str
    run: str
    version: str
    previous: str | None
    reason: str


class WithdrawResult(Message):
    """Result of ``withdraw_promotion``; ``version`` is champion again, None if it could not be put back."""

    version: str | None = None
    detail: str


class JobPolled(Message):
    """Result of ``poll_job_status``."""

    status: JobStatus


class HaltRecord(Message):
    """Input of ``record_halt``: why a run ended without a decision about its challenger."""

    model: str
    run: str
    outcome: Literal["halted", "failed"]
    failure: Failure


def broke_off(why: str) -> Failure:
    """The failure of a run whose orchestration ended before it could record its own end."""
    return Failure(step=LIFECYCLE, code="run_broke_off", message=(why or "no reason is known")[:4_000])


class Recorded(Message):
    """Result of ``record_halt``: the sequence of the ledger entry."""

    ledger: int


class AlertRequest(Message):
    """Something of our own that on-call must know; it goes the way of every pipeline alert.

    Attributes:
        key: identity of the alert; raising it again changes nothing.
        model: as somebody named it; a name that no spec has makes it an alert of the platform.
        rule: what kind of trouble it is, such as the step that failed; runs with the same share an incident.
        halt: what the ledger must say about a run that ended without saying it itself.
    """

    key: str
    model: str
    run: str
    rule: str
    severity: Severity
    title: str
    detail: str
    at: datetime
    halt: HaltRecord | None = None


class RunEvent(Message):
    """A lifecycle event for the Event Grid topic; ``kind`` becomes the CloudEvent type ``Nightshift.Run.<Kind>``."""

    kind: Literal["started", "promoted", "rejected", "flagged", "halted", "failed"]
    model: str
    run: str
    data: dict[str, Any]


class RunOutcome(Message):
    """Output of a lifecycle orchestration.

    Attributes:
        refused: names of the uploads that were left out because they broke the contract.
        improvement: what the improvement loop came to, if the decision started one.
    """

    outcome: OutcomeName
    model: str
    run: str
    reason: str
    decision: Decision | None = None
    failure: Failure | None = None
    challenger_version: str | None = None
    champion_version: str | None = None
    job_runs: tuple[int, ...] = ()
    review_id: str | None = None
    refused: tuple[str, ...] = ()
    improvement: ImprovementOutcome | None = None

    def improved(self, improvement: ImprovementOutcome | None) -> "RunOutcome":
        """The outcome with that of its improvement loop: what the loop promoted or flagged is the run's outcome."""
        if improvement is None:
            return self
        if improvement.outcome not in {"promoted", "flagged"}:
            return self.model_copy(update={"improvement": improvement})
        update = {
            "outcome": improvement.outcome,
            "reason": improvement.reason,
            "decision": improvement.decision,
            "challenger_version": improvement.challenger_version,
            "champion_version": improvement.champion_version,
            "review_id": improvement.review_id,
            "improvement": improvement,
        }
        return self.model_copy(update=update)
