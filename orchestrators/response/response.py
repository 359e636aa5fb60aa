"""The response to an incident: plan, mitigate, verify, and notify people."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import azure.durable_functions as df

from activities.response.complete_mitigation import complete_mitigation
from activities.response.handlers import HANDLERS
from activities.response.mitigations.notify_on_call import notify_on_call
from activities.response.plan_response import plan_response
from activities.response.undo_mitigations import undo_mitigations
from activities.response.verify_recovery import verify_recovery
from nightshift.domain.platform.names import INCIDENT_CHANGED
from nightshift.domain.platform.step import Failure
from nightshift.domain.response.incident import ActionState
from nightshift.domain.response.messages import (
    CompleteMitigationRequest,
    EndpointTarget,
    MitigateRequest,
    MitigationResult,
    MoveServingRequest,
    PlanRequest,
    ResponseInput,
    ResponsePlan,
    RetrainingRequest,
    RetrainingState,
    UndoRequest,
    VerifyRequest,
)
from nightshift.domain.response.mitigations import VERIFIED, Mitigation
from nightshift.services.platform.activity import Declaration
from orchestrators.champions.serving import sync_or_take_back
from orchestrators.platform.calls import Orchestration, StepFailed, Steps
from orchestrators.platform.waiting import pause, wait_until

# A retraining is one lifecycle, behind at most a few others.
RETRAINING_POLLS = 600
_FIRST_POLL, _LONGEST_PAUSE = timedelta(seconds=3), timedelta(seconds=60)


class UnpagedError(RuntimeError):
    """On-call was to be paged about an incident, and the page is not on record."""


def response(context: df.DurableOrchestrationContext) -> Steps[dict[str, Any]]:
    """Answer an incident.

    1. ``plan_response``: act, hold (its cause is open), mute (maintenance) or leave. Hold and mute are planned again
       when their time is over or the incident changes.
    2. Each mitigation in the playbook's order. An endpoint follows the alias, or both go back. What is refused or fails
       pages a person.
    3. ``verify_recovery`` until the signal has recovered or its time is over; then a person is paged.
    4. A compute lease is resumed when it ends.
    """
    order = ResponseInput.from_json(context.get_input())
    return (yield from _Response(context, order).run())


class _Response(Orchestration):
    """The steps of one response; it holds nothing that replay would not build again."""

    def __init__(self, context: df.DurableOrchestrationContext, order: ResponseInput) -> None:
        super().__init__(context, order.patience)
        self.order = order
        self.changed = context.wait_for_external_event(INCIDENT_CHANGED)
        self.woken = False
        self.trouble: list[str] = []
        self.escalations = 0
        self.unrecorded: Failure | None = None

    def run(self) -> Steps[dict[str, Any]]:
        """Steps 1 to 4; a response whose page could not even be put on record fails, which the sweep pages.

        Raises:
            UnpagedError: so.
        """
        verdict = yield from self.answer()
        if self.unrecorded is not None:
            raise UnpagedError(self.unrecorded.message)
        return verdict

    def answer(self) -> Steps[dict[str, Any]]:
        """Steps 1 to 4."""
        if self.order.again:
            self.trouble.append("it fired again after it had been resolved; nothing is done a second time")
            yield from self.escalate()
            return {"verdict": "again"}
        plan = yield from self.plan()
        if plan is None:
            yield from self.escalate()
            return {"verdict": "failed", "trouble": self.trouble}
        results: dict[str, str] = {}
        ends: list[tuple[datetime, Mitigation]] = []
        for mitigation in plan.mitigations:
            result = yield from self.mitigate(mitigation, plan.reason)
            results[mitigation] = "failed" if result is None else result.action.state
            if result is not None and result.resume_at is not None:
                ends.append((result.resume_at, mitigation))
        since = self.context.current_utc_datetime
        if self.trouble:
            yield from self.escalate()
        acted = {name for name, state in results.items() if name in VERIFIED and state == "done"}
        if acted:
            results["recovered"] = yield from self.verify(since, plan.verify_minutes)
        for at, mitigation in sorted(ends):
            yield from self.end(mitigation, at)
        return {"verdict": plan.verdict, "rule": plan.rule, **results}

    def plan(self) -> Steps[ResponsePlan | None]:
        """Step 1; None if it could not be planned."""
        look = 0
        while True:
            request = PlanRequest(
                model=self.order.model,
                incident_id=self.order.incident_id,
                at=self.context.current_utc_datetime,
                look=look,
            )
            try:
                plan = (yield from self.step(plan_response, request)).plan
            except StepFailed as failed:
                self.note(failed)
                return None
            if plan.until is None or plan.verdict not in {"hold", "mute"}:
                return plan
            yield from self.sleep(plan.until)
            look += 1

    def mitigate(self, mitigation: Mitigation, reason: str) -> Steps[MitigationResult | None]:
        """Step 2, one mitigation; None if its activity has failed."""
        handler = HANDLERS[mitigation]
        request = MitigateRequest(
            model=self.order.model, incident_id=self.order.incident_id, mitigation=mitigation, reason=reason
        )
        try:
            result = yield from self.step(handler.act, request)
        except StepFailed as failed:
            self.note(failed)
            return None
        if result.escalate:
            self.trouble.append(f"{mitigation} {result.action.state}: {result.action.detail}")
        if result.serve is not None:
            result = yield from self.follow(result, result.serve)
        if handler.outcome is not None and result.identity:
            result = yield from self.await_outcome(result, handler.outcome)
        return result

    def follow(self, result: MitigationResult, serve: EndpointTarget) -> Steps[MitigationResult]:
        """Bring the endpoint to the version of the alias; if it does not get there, the alias goes back."""

        def take_back(problem: str) -> Steps[tuple[str, EndpointTarget | None]]:
            request = UndoRequest(
                model=self.order.model, incident_id=self.order.incident_id, actor="nightshift", comment=problem[:500]
            )
            try:
                undone = yield from self.step(undo_mitigations, request)
            except StepFailed as failed:
                self.note(failed)
                return "", None
            return "; ".join(undone.refused), undone.serve

        request = MoveServingRequest(model=self.order.model, incident_id=self.order.incident_id, serve=serve)
        followed = yield from sync_or_take_back(self, request, take_back)
        if not followed.moved:
            self.trouble.append(f"{result.action.mitigation} undone: {followed.detail}")
            return _with_state(result, "failed")
        detail = f"{result.action.detail}; {followed.detail}"
        yield from self.complete(result.action.mitigation, "done", detail, mitigated=True)
        return _with_state(result, "done")

    def await_outcome(
        self, result: MitigationResult, outcome: Declaration[RetrainingRequest, RetrainingState]
    ) -> Steps[MitigationResult]:
        """Wait for the own verdict of a run that a mitigation has ordered."""
        request = RetrainingRequest(
            model=self.order.model, incident_id=self.order.incident_id, identity=result.identity
        )
        interval = _FIRST_POLL
        for _ in range(RETRAINING_POLLS):
            yield from pause(self.context, interval)
            try:
                state = yield from self.step(outcome, request)
            except StepFailed as failed:
                self.note(failed)
                return result
            if state.outcome is not None:
                promoted = state.outcome == "promoted"
                yield from self.complete(
                    result.action.mitigation,
                    "done" if promoted else "failed",
                    state.detail,
                    mitigated=promoted,
                    facts={"run": state.run, "outcome": state.outcome},
                )
                if not promoted:
                    self.trouble.append(f"retraining did not help: {state.detail}")
                return _with_state(result, "done" if promoted else "failed")
            interval = min(interval * 1.5, _LONGEST_PAUSE)
        self.trouble.append("the retraining has not come to an end")
        return result

    def verify(self, since: datetime, minutes: float) -> Steps[str]:
        """Step 3."""
        deadline = since + timedelta(minutes=minutes)
        while True:
            now = self.context.current_utc_datetime
            request = VerifyRequest(
                model=self.order.model, incident_id=self.order.incident_id, since=since, final=now >= deadline
            )
            try:
                verified = yield from self.step(verify_recovery, request)
            except StepFailed as failed:
                self.note(failed)
                yield from self.escalate()
                return "no"
            if verified.recovered:
                return "yes"
            if verified.recovered is False:
                self.trouble.append(verified.detail)
                yield from self.escalate()
                return "no"
            yield from self.sleep(deadline)

    def end(self, mitigation: Mitigation, at: datetime) -> Steps[None]:
        """Step 4; an undo before that has resumed it already, and then nothing is left to do."""
        end = HANDLERS[mitigation].end
        if end is None:
            return
        yield from wait_until(self.context, at)
        request = MitigateRequest(model=self.order.model, incident_id=self.order.incident_id, mitigation=mitigation)
        try:
            yield from self.step(end, request)
        except StepFailed as failed:
            self.trouble.append(f"the compute lease has ended, but nothing was resumed: {failed.failure.message}")
            yield from self.escalate()

    def escalate(self) -> Steps[None]:
        """Page a person with everything that went wrong; each escalation pages, at intervals."""
        self.escalations += 1
        request = MitigateRequest(
            model=self.order.model,
            incident_id=self.order.incident_id,
            mitigation="page",
            reason="\n".join(self.trouble)[:4_000],
            escalation=f"{self.context.instance_id}:{self.escalations}",
        )
        try:
            yield from self.step(notify_on_call, request)
        except StepFailed as failed:
            self.unrecorded = failed.failure

    def complete(
        self,
        mitigation: Mitigation,
        state: ActionState,
        detail: str,
        *,
        mitigated: bool,
        facts: dict[str, str] | None = None,
    ) -> Steps[None]:
        """Write down what became of a mitigation that was waited for; the sweep writes what could not be."""
        request = MitigateRequest(model=self.order.model, incident_id=self.order.incident_id, mitigation=mitigation)
        settled = CompleteMitigationRequest.of(request, state, detail, mitigated=mitigated, facts=facts)
        with suppress(StepFailed):
            yield from self.step(complete_mitigation, settled)

    def note(self, failed: StepFailed) -> None:
        """Remember a failed step for the page."""
        self.trouble.append(str(failed))

    def sleep(self, until: datetime) -> Steps[None]:
        """Wait until a time, or until the incident changes for the first time; later changes are found by time."""
        if self.woken:
            yield from wait_until(self.context, min(until, self.context.current_utc_datetime + _LONGEST_PAUSE))
        else:
            self.woken = yield from wait_until(self.context, until, self.changed)


def _with_state(result: MitigationResult, state: ActionState) -> MitigationResult:
    return result.model_copy(update={"action": result.action.model_copy(update={"state": state})})
