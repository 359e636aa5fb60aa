"""The lifecycle of a model: new data in; a champion, a rejection or a question to a person out."""

from typing import Any, Literal

import azure.durable_functions as df

from activities.champions.move_serving import move_serving
from activities.champions.withdraw_promotion import withdraw_promotion
from activities.lifecycle.decide_action import decide_action
from activities.lifecycle.evaluate_metrics import evaluate_metrics
from activities.lifecycle.publish_event import publish_event
from activities.lifecycle.record_halt import record_halt
from activities.lifecycle.send_alert import send_alert
from activities.uploads.validate_data import validate_data
from nightshift.domain.improvement.messages import ImprovementInput, ImprovementOutcome, improvement_of
from nightshift.domain.lifecycle.run import (
    AlertRequest,
    DecideRequest,
    DecideResult,
    EvaluateRequest,
    HaltRecord,
    LifecycleInput,
    Oversize,
    RunEvent,
    RunOutcome,
    TriggerRequest,
    Validated,
    ValidateRequest,
    WithdrawRequest,
)
from nightshift.domain.platform.names import IMPROVEMENT, VALIDATION_JOB
from nightshift.domain.platform.step import Failure, JobSettings, RetryPolicy
from nightshift.domain.response.messages import EndpointTarget, MoveServingRequest
from nightshift.domain.uploads.upload import BlobRef
from orchestrators.champions.serving import sync_or_take_back
from orchestrators.lifecycle.job import run_job
from orchestrators.platform.calls import Orchestration, StepFailed, Steps, StepUnavailable, call
from orchestrators.platform.versions import set_step

# A decision is void when the champion moved while it was made. Twice more is enough: each round scores afresh, and
# a champion that moves three times within one run is something for a person.
MAX_ROUNDS = 3


# Subscribers are notified soon, but a run does not wait minutes for a topic.
PUBLISHING = RetryPolicy(attempts=3, seconds=5)


# A decision that waits for another champion's move must outlast move_champion.ABANDONED_AFTER.
DECIDING_ATTEMPTS = 80


def deciding(retry: RetryPolicy) -> RetryPolicy:
    """The retry policy of a decision."""
    return retry.model_copy(update={"attempts": max(retry.attempts, DECIDING_ATTEMPTS)})


class _Halt(Exception):  # noqa: N818 - not an error of ours: it carries the outcome out of the nested steps
    def __init__(self, failure: Failure, outcome: Literal["halted", "failed"] = "failed") -> None:
        super().__init__(failure.message)
        self.outcome = outcome
        self.failure = failure


def lifecycle(context: df.DurableOrchestrationContext) -> Steps[dict[str, Any]]:
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
    8. Publish the outcome. A run that halts or fails is written to the ledger, and on-call is notified.
    """
    run = _Run(context, LifecycleInput.from_json(context.get_input()))
    try:
        yield from run.publish("started", {"uploads": [upload.name for upload in run.order.uploads]})
        outcome = yield from run.decide()
    except _Halt as halt:
        outcome = yield from run.halt(halt)
    except StepFailed as failed:
        outcome = yield from run.halt(_Halt(failed.failure))
    yield from run.publish(outcome.outcome, outcome.model_dump(mode="json", include=_PUBLISHED))
    return outcome.to_json()


_PUBLISHED = {"reason", "challenger_version", "champion_version", "review_id"}


class _Run(Orchestration):
    """The steps of one run; it holds nothing that replay would not build again."""

    def __init__(self, context: df.DurableOrchestrationContext, order: LifecycleInput) -> None:
        super().__init__(context, order.patience)
        self.order = order
        self.job_runs: list[int] = []
        self.refused: tuple[str, ...] = ()

    def decide(self) -> Steps[RunOutcome]:
        """Steps 2 to 7."""
        data = yield from self.validate()
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
            yield from self.job(request, data.job)
            evaluate = EvaluateRequest(model=self.order.model, run=self.order.run, manifest=data.manifest, round=number)
            evaluated = yield from self.step(evaluate_metrics, evaluate)
            request_decision = DecideRequest(
                model=self.order.model,
                run=self.order.run,
                manifest=data.manifest,
                evidence=evaluated.evidence,
                round=number,
                improve=any(upload.improve for upload in self.order.uploads),
            )
            decided = yield from self.step(decide_action, request_decision, deciding(self.retry))
            if decided.outcome != "void":
                improved = yield from self.improve(decided, data, evaluated.evidence)
                outcome = self.outcome(decided, decided.outcome, improved)
                if outcome.outcome == "promoted" and decided.endpoint:
                    yield from self.serve(decided, outcome)
                return outcome
        raise _Halt(
            Failure(
                step=decide_action.name,
                code="champion_moved",
                message=f"the champion moved during each of {MAX_ROUNDS} rounds; nothing was changed",
            ),
        )

    def improve(self, decided: DecideResult, data: Validated, evidence: BlobRef) -> Steps[ImprovementOutcome | None]:
        """Step 6: the improvement loop, if the spec wants one after such a rejection."""
        if decided.improve is None:
            return None
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
        self.set_status(IMPROVEMENT)
        result = yield self.context.call_sub_orchestrator(IMPROVEMENT, order.to_json(), instance_id=run)
        return ImprovementOutcome.from_json(result)

    def serve(self, decided: DecideResult, outcome: RunOutcome) -> Steps[None]:
        """Step 7: the endpoint serves the new champion, or alias and endpoint go back and the run has failed."""
        promoted = outcome.decision or decided.decision
        serve = EndpointTarget(endpoint=decided.endpoint, model=self.order.model, version=promoted.challenger_version)

        def take_back(problem: str) -> Steps[tuple[str, EndpointTarget | None]]:
            request = WithdrawRequest(
                model=self.order.model,
                run=self.order.run,
                version=serve.version,
                previous=promoted.champion_version,
                reason=problem[:2_000],
            )
            withdrawn = yield from self.step(withdraw_promotion, request)
            back = None if withdrawn.version is None else serve.model_copy(update={"version": withdrawn.version})
            return withdrawn.detail, back

        request = MoveServingRequest(model=self.order.model, run=self.order.run, serve=serve)
        followed = yield from sync_or_take_back(self, request, take_back)
        if not followed.moved:
            raise _Halt(Failure(step=move_serving.name, code="endpoint_not_moved", message=followed.detail))

    def validate(self) -> Steps[Validated]:
        """Step 2."""
        request = ValidateRequest(model=self.order.model, run=self.order.run, uploads=self.order.uploads)
        result = yield from self.validate_once(request)
        if isinstance(result, Oversize):
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
                yield from self.job(job, result.job)
            reports = {item.identity: item.report for item in result.oversize}
            result = yield from self.validate_once(request.model_copy(update={"job_reports": reports}))
            if isinstance(result, Oversize):
                raise _Halt(
                    Failure(
                        step=validate_data.name,
                        code="job_report_missing",
                        message="files are still too large to validate here, although a job has reported on them",
                    )
                )
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

    def validate_once(self, request: ValidateRequest) -> Steps[Validated | Oversize]:
        """Validate; data that nobody can train on halts the run, which is no failure of ours."""
        try:
            return (yield from self.step(validate_data, request))
        except StepUnavailable:
            raise
        except StepFailed as failed:
            raise _Halt(failed.failure, "halted") from failed

    def job(self, request: TriggerRequest, settings: JobSettings) -> Steps[None]:
        """Step 3, for one purpose."""
        end = yield from run_job(self, request, settings)
        self.job_runs.extend(end.run_ids)
        if end.failure is not None:
            raise _Halt(end.failure)

    def outcome(
        self,
        decided: DecideResult,
        outcome: Literal["promoted", "rejected", "flagged"],
        improved: ImprovementOutcome | None,
    ) -> RunOutcome:
        """The output of a decided run; what the improvement loop has made of it counts."""
        return RunOutcome(
            outcome=outcome,
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

    def halt(self, halt: _Halt) -> Steps[RunOutcome]:
        """Step 8 of a run that did not come to a decision, or whose decision could not be carried out."""
        failure = halt.failure
        severity: Literal["critical", "warning"] = "warning" if halt.outcome == "halted" else "critical"
        title = f"Run of {self.order.model} {halt.outcome} at {failure.step}: {failure.code}"
        record = HaltRecord(model=self.order.model, run=self.order.run, outcome=halt.outcome, failure=failure)
        yield from call(self.context, record_halt, record, self.retry)
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

    def alert(self, key: str, severity: Literal["critical", "warning"], title: str, detail: str) -> Steps[None]:
        """Notify on-call; an alert that cannot be recorded fails the run, because nothing may be swallowed."""
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
        yield from call(self.context, send_alert, request, self.retry)

    def publish(self, kind: Any, data: dict[str, Any]) -> Steps[None]:
        """Publish a lifecycle event; a topic that refuses or stays away is logged and does not stop the run."""
        event = RunEvent(kind=kind, model=self.order.model, run=self.order.run, data=data)
        try:
            yield from call(self.context, publish_event, event, PUBLISHING)
        except StepFailed:
            # The activity has logged the reason.
            set_step(self.context, publish_event.name, unpublished=kind)
