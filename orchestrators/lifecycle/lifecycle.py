"""The lifecycle of a model: new data in; a champion, a rejection or a question to a person out."""

from collections.abc import Generator
from typing import Any, Literal

import azure.durable_functions as df

from nightshift.domain.improvement.messages import ImprovementInput, ImprovementOutcome, improvement_of
from nightshift.domain.lifecycle.run import (
    AlertRequest,
    DecideRequest,
    DecideResult,
    EvaluateRequest,
    EvaluateResult,
    HaltRecord,
    LifecycleInput,
    RunEvent,
    RunOutcome,
    TriggerRequest,
    ValidateRequest,
    ValidationResult,
    WithdrawRequest,
    WithdrawResult,
)
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import (
    DECIDE_ACTION,
    EVALUATE_METRICS,
    IMPROVEMENT,
    MOVE_SERVING,
    PUBLISH_EVENT,
    RECORD_HALT,
    SEND_ALERT,
    VALIDATE_DATA,
    VALIDATION_JOB,
    WITHDRAW_PROMOTION,
)
from nightshift.domain.platform.step import Failure, Patience
from nightshift.domain.response.messages import Serve
from nightshift.domain.uploads.upload import BlobRef
from orchestrators.champions.serving import follow_alias
from orchestrators.lifecycle.job import JobEnd, run_job
from orchestrators.platform.failures import reason_of
from orchestrators.platform.retries import steadily
from orchestrators.platform.versions import tell_step

Steps = Generator[Any, Any, Any]

# A decision is void when the champion moved while it was made. Twice more is enough: each round scores afresh, and
# a champion that moves three times within one run is something for a person.
MAX_ROUNDS = 3


# Subscribers are told as soon as may be, but a run does not wait minutes for a topic.
PUBLISHING = Patience(attempts=3, seconds=5)


# A decision that waits for another champion's move must outlast move_champion.ABANDONED_AFTER.
DECIDING_ATTEMPTS = 80


class _Halt(Exception):  # noqa: N818 - not an error of ours: it carries the outcome out of the nested steps
    def __init__(self, outcome: Literal["halted", "failed"], failure: Failure) -> None:
        super().__init__(failure.message)
        self.outcome = outcome
        self.failure = failure


def lifecycle(context: df.DurableOrchestrationContext) -> Steps:
    """Retrain a model on a batch of uploads and decide about the result.

    1. Publish that the run has started.
    2. ``validate_data``; files that are too large are validated by a Databricks job first. Nothing left: halt.
    3. ``trigger_databricks_job`` and ``poll_job_status`` until the training job has ended; when the platform failed,
       again with the next attempt.
    4. ``evaluate_metrics``: champion against challenger on the same rows.
    5. ``decide_action``: promote, reject or flag. If the champion moved meanwhile, score again (3, only its score
       task) and decide on that.
    6. A rejection goes on into the improvement loop if the spec says so for its rule, or if a person has asked for it;
       what the loop promotes or flags is the run's outcome.
    7. A promoted version is served, where the spec names an endpoint; if that does not follow, both go back.
    8. Publish the outcome. A run that halts or fails is written to the ledger, and on-call is told.
    """
    run = _Run(context, LifecycleInput.from_json(context.get_input()))
    try:
        yield from run.publish("started", {"uploads": [upload.name for upload in run.order.uploads]})
        outcome = yield from run.decide()
    except _Halt as halt:
        outcome = yield from run.halt(halt)
    yield from run.publish(outcome.outcome, outcome.model_dump(mode="json", include=_PUBLISHED))
    return outcome.to_json()


_PUBLISHED = {"reason", "challenger_version", "champion_version", "review_id"}


class _Run:
    """The steps of one run; it holds nothing that replay would not build again."""

    def __init__(self, context: df.DurableOrchestrationContext, order: LifecycleInput) -> None:
        self.context = context
        self.order = order
        self.job_runs: list[int] = []
        self.refused: tuple[str, ...] = ()

    def decide(self) -> Generator[Any, Any, RunOutcome]:
        """Steps 2 to 7."""
        data = yield from self.validate()
        assert data.manifest is not None, "validation without failure leaves a manifest"
        assert data.job is not None, "and says how to run the job"
        for number in range(MAX_ROUNDS):
            request = TriggerRequest(
                model=self.order.model,
                run=self.order.run,
                job=data.job.job,
                purpose="train" if number == 0 else "score",
                attempt=1,
                round=number,
                dataset=data.manifest,
            )
            yield from self.job(request, data)
            evaluate = EvaluateRequest(model=self.order.model, run=self.order.run, manifest=data.manifest, round=number)
            evaluated = EvaluateResult.from_json((yield from self.step(EVALUATE_METRICS, evaluate)))
            self.halt_on(evaluated.failure)
            assert evaluated.evidence is not None, "an evaluation without failure leaves evidence"
            request_decision = DecideRequest(
                model=self.order.model,
                run=self.order.run,
                manifest=data.manifest,
                evidence=evaluated.evidence,
                round=number,
                improve=any(upload.improve for upload in self.order.uploads),
            )
            patience = self.order.patience
            patience = patience.model_copy(update={"attempts": max(patience.attempts, DECIDING_ATTEMPTS)})
            decided = DecideResult.from_json((yield from self.step(DECIDE_ACTION, request_decision, patience)))
            self.halt_on(decided.failure)
            if decided.outcome != "void":
                improved = yield from self.improve(decided, data, evaluated.evidence)
                outcome = self.outcome(decided, improved)
                if outcome.outcome == "promoted" and decided.endpoint:
                    yield from self.serve(decided.endpoint, outcome)
                return outcome
        raise _Halt(
            "failed",
            Failure(
                step=DECIDE_ACTION,
                code="champion_moved",
                message=f"the champion moved during each of {MAX_ROUNDS} rounds; nothing was changed",
            ),
        )

    def improve(
        self, decided: DecideResult, data: ValidationResult, evidence: BlobRef
    ) -> Generator[Any, Any, ImprovementOutcome | None]:
        """Step 6: the improvement loop, if the spec wants one after such a rejection."""
        if decided.improve is None:
            return None
        assert data.manifest is not None, "the decision was about it"
        assert data.job is not None, "which has run"
        run = improvement_of(self.order.run)
        order = ImprovementInput(
            model=self.order.model,
            run=run,
            validated_by=self.order.run,
            manifest=data.manifest,
            evidence=evidence,
            job=data.job,
            policy=decided.improve,
            patience=self.order.patience,
            trace=self.order.trace,
        )
        self.tell(IMPROVEMENT)
        result = yield self.context.call_sub_orchestrator(IMPROVEMENT, order.to_json(), instance_id=run)
        return ImprovementOutcome.from_json(result)

    def serve(self, endpoint: str, outcome: RunOutcome) -> Steps:
        """Step 7: the endpoint serves the new champion, or alias and endpoint go back and the run has failed."""
        assert outcome.challenger_version is not None, "it was promoted"
        assert outcome.decision is not None, "by a decision"
        serve = Serve(endpoint=endpoint, model=self.order.model, version=outcome.challenger_version)
        moved = yield from follow_alias(self.context, serve, self.order.run, self.attempt)
        if moved.moved:
            return
        problem = f"the serving endpoint did not follow: {moved.failure.message if moved.failure else moved.detail}"
        request = WithdrawRequest(
            model=self.order.model,
            run=self.order.run,
            version=serve.version,
            previous=outcome.decision.champion_version,
            reason=problem[:2_000],
        )
        withdrawn = WithdrawResult.from_json((yield from self.step(WITHDRAW_PROMOTION, request)))
        self.halt_on(withdrawn.failure)
        message = f"{problem}; {withdrawn.detail}"
        if withdrawn.version is not None:
            serve = serve.model_copy(update={"version": withdrawn.version})
            back = yield from follow_alias(self.context, serve, self.order.run, self.attempt)
            if not back.moved:
                message = f"{message}; it does not serve version {withdrawn.version} either"
        raise _Halt("failed", Failure(step=MOVE_SERVING, code="endpoint_not_moved", message=message))

    def validate(self) -> Generator[Any, Any, ValidationResult]:
        """Step 2."""
        request = ValidateRequest(model=self.order.model, run=self.order.run, uploads=self.order.uploads)
        result = ValidationResult.from_json((yield from self.step(VALIDATE_DATA, request)))
        if result.oversize:
            for item in result.oversize:
                job = TriggerRequest(
                    model=self.order.model,
                    run=self.order.run,
                    job=VALIDATION_JOB,
                    purpose="validate",
                    attempt=1,
                    dataset=item.order,
                    report=item.report,
                )
                yield from self.job(job, result)
            reports = {item.identity: item.report for item in result.oversize}
            again = request.model_copy(update={"job_reports": reports})
            result = ValidationResult.from_json((yield from self.step(VALIDATE_DATA, again)))
        self.halt_on(result.failure, outcome="halted")
        self.refused = result.refused
        if result.refused:
            detail = "\n".join(
                f"{part.upload.name}: {violation.message}"
                for part in result.parts
                for violation in part.report.violations
            )
            names = ", ".join(result.refused)
            yield from self.alert("refused", "warning", f"Left out of the run of {self.order.model}: {names}", detail)
        return result

    def job(self, request: TriggerRequest, data: ValidationResult) -> Generator[Any, Any, None]:
        """Step 3, for one purpose."""
        assert data.job is not None, "validation says how to run jobs"
        end: JobEnd = yield from run_job(self.context, request, data.job, self.order.patience, self.tell)
        self.job_runs.extend(end.run_ids)
        self.halt_on(end.failure)

    def step(self, activity: str, message: Message, patience: Patience | None = None) -> Generator[Any, Any, Any]:
        """Call an activity, tell the run's status, and give up with a failure when its patience is used up."""
        self.tell(activity)
        try:
            return (yield steadily(self.context, activity, message, patience or self.order.patience))
        except Exception as error:
            failure = Failure(step=activity, code="service_unavailable", message=reason_of(error))
            raise _Halt("failed", failure) from error

    def attempt(self, activity: str, message: Message) -> Steps:
        """Call an activity whose failure is not the run's end."""
        try:
            return (yield from self.step(activity, message))
        except _Halt as halt:
            return {"failure": halt.failure.to_json()}

    def tell(self, step: str) -> None:
        """Set the custom status that people see while the run goes on."""
        tell_step(self.context, step)

    def halt_on(self, failure: Failure | None, outcome: Literal["halted", "failed"] = "failed") -> None:
        """Leave the run when a step has failed."""
        if failure is not None:
            raise _Halt(outcome, failure)

    def outcome(self, decided: DecideResult, improved: ImprovementOutcome | None) -> RunOutcome:
        """The output of a decided run; what the improvement loop has made of it counts."""
        assert decided.decision is not None, "a decided run has a decision"
        assert decided.outcome is not None, "and an outcome"
        assert decided.outcome != "void", "that stands"
        return RunOutcome(
            outcome=decided.outcome,
            model=self.order.model,
            run=self.order.run,
            reason=decided.decision.reason,
            decision=decided.decision,
            challenger_version=decided.decision.challenger_version,
            champion_version=decided.champion_version,
            job_runs=tuple(self.job_runs),
            review_id=decided.review_id,
            refused=self.refused,
        ).improved(improved)

    def halt(self, halt: _Halt) -> Generator[Any, Any, RunOutcome]:
        """Step 8 of a run that did not come to a decision, or whose decision could not be carried out."""
        failure = halt.failure
        severity: Literal["critical", "warning"] = "warning" if halt.outcome == "halted" else "critical"
        title = f"Run of {self.order.model} {halt.outcome} at {failure.step}: {failure.code}"
        record = HaltRecord(model=self.order.model, run=self.order.run, outcome=halt.outcome, failure=failure)
        yield steadily(self.context, RECORD_HALT, record, self.order.patience)
        names = ", ".join(upload.name for upload in self.order.uploads)
        detail = f"{failure.message}\nuploads of this run: {names}"
        yield from self.alert(failure.step, severity, title, detail)
        return RunOutcome(
            outcome=halt.outcome,
            model=self.order.model,
            run=self.order.run,
            reason=failure.message,
            failure=failure,
            job_runs=tuple(self.job_runs),
        )

    def alert(
        self, key: str, severity: Literal["critical", "warning"], title: str, detail: str
    ) -> Generator[Any, Any, None]:
        """Tell on-call; an alert that cannot be recorded fails the run, because nothing may be swallowed."""
        request = AlertRequest(
            key=f"{self.order.run}:{key}",
            model=self.order.model,
            run=self.order.run,
            rule=key,
            severity=severity,
            title=title,
            detail=detail[:4_000],
            at=self.context.current_utc_datetime,
        )
        yield steadily(self.context, SEND_ALERT, request, self.order.patience)

    def publish(self, kind: Any, data: dict[str, Any]) -> Generator[Any, Any, None]:
        """Publish a lifecycle event; a topic that refuses or stays away is logged and does not stop the run."""
        event = RunEvent(kind=kind, model=self.order.model, run=self.order.run, data=data)
        try:
            yield steadily(self.context, PUBLISH_EVENT, event, PUBLISHING)
        except Exception:  # noqa: BLE001 - Durable raises the bare class; the activity has logged the reason
            tell_step(self.context, PUBLISH_EVENT, unpublished=kind)
