"""The response to an incident: plan, mitigate, verify, and tell people what they must know."""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

import azure.durable_functions as df

from nightshift.domain.platform.message import Message
from nightshift.domain.platform.names import (
    INCIDENT_CHANGED,
    MOVE_SERVING,
    PAUSE_COMPUTE,
    PLAN_RESPONSE,
    READ_RETRAINING,
    RESUME_COMPUTE,
    RETRAIN,
    ROLL_BACK,
    SETTLE_MITIGATION,
    TELL_ON_CALL,
    UNDO_MITIGATIONS,
    VERIFY_RECOVERY,
)
from nightshift.domain.platform.step import Failure
from nightshift.domain.response.incident import ActionState
from nightshift.domain.response.messages import (
    MitigateRequest,
    MitigationResult,
    MoveServingRequest,
    PlannedResponse,
    PlanRequest,
    ResponseInput,
    ResponsePlan,
    RetrainingRequest,
    RetrainingState,
    Serve,
    ServeResult,
    SettleRequest,
    UndoRequest,
    UndoResult,
    Verification,
    VerifyRequest,
)
from nightshift.domain.response.playbook import Mitigation
from orchestrators.platform.failures import reason_of
from orchestrators.platform.retries import steadily
from orchestrators.platform.versions import tell_step
from orchestrators.platform.waiting import pause, wait_until

Steps = Generator[Any, Any, Any]

_ACTIVITIES: dict[Mitigation, str] = {
    "rollback": ROLL_BACK,
    "retrain": RETRAIN,
    "pause_compute": PAUSE_COMPUTE,
    "page": TELL_ON_CALL,
    "notify": TELL_ON_CALL,
    "ask": TELL_ON_CALL,
}
# Those whose effect on the signal is looked at afterwards.
_VERIFIED = frozenset({"rollback", "retrain"})

# An endpoint that does not serve a version after this long is somebody's to look at.
SERVING_LOOKS = 60
SERVING_PAUSE = timedelta(seconds=2)
# A retraining is one lifecycle, behind at most a few others.
RETRAINING_LOOKS = 600
_FIRST_LOOK, _LONGEST_LOOK = timedelta(seconds=3), timedelta(seconds=60)


class UnpagedError(RuntimeError):
    """On-call was to be paged about an incident, and the page is not on record."""


def response(context: df.DurableOrchestrationContext) -> Steps:
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


class _Response:
    """The steps of one response; it holds nothing that replay would not build again."""

    def __init__(self, context: df.DurableOrchestrationContext, order: ResponseInput) -> None:
        self.context = context
        self.order = order
        self.changed = context.wait_for_external_event(INCIDENT_CHANGED)
        self.woken = False
        self.trouble: list[str] = []
        self.escalations = 0
        self.unrecorded: Failure | None = None

    def run(self) -> Steps:
        """Steps 1 to 4; a response whose page could not even be put on record fails, which the sweep pages.

        Raises:
            UnpagedError: so.
        """
        verdict = yield from self.answer()
        if self.unrecorded is not None:
            raise UnpagedError(self.unrecorded.message)
        return verdict

    def answer(self) -> Steps:
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
        resume_at: datetime | None = None
        for mitigation in plan.mitigations:
            result = yield from self.mitigate(mitigation, plan.reason)
            results[mitigation] = result.action.state if result.action else "failed"
            resume_at = result.resume_at or resume_at
        since = self.context.current_utc_datetime
        if self.trouble:
            yield from self.escalate()
        acted = {name for name, state in results.items() if name in _VERIFIED and state == "done"}
        if acted:
            results["recovered"] = yield from self.verify(since, plan.verify_minutes)
        if resume_at is not None:
            yield from self.resume(resume_at)
        return {"verdict": plan.verdict, "rule": plan.rule, **results}

    def plan(self) -> Generator[Any, Any, ResponsePlan | None]:
        """Step 1."""
        look = 0
        while True:
            request = PlanRequest(
                model=self.order.model,
                incident_id=self.order.incident_id,
                at=self.context.current_utc_datetime,
                look=look,
            )
            planned = PlannedResponse.from_json((yield from self.step(PLAN_RESPONSE, request)))
            if planned.failure is not None or planned.plan is None:
                self.note(planned.failure)
                return None
            plan = planned.plan
            if plan.until is None or plan.verdict not in {"hold", "mute"}:
                return plan
            yield from self.sleep(plan.until)
            look += 1

    def mitigate(self, mitigation: Mitigation, reason: str) -> Generator[Any, Any, MitigationResult]:
        """Step 2, one mitigation."""
        request = MitigateRequest(
            model=self.order.model, incident_id=self.order.incident_id, mitigation=mitigation, reason=reason
        )
        result = MitigationResult.from_json((yield from self.step(_ACTIVITIES[mitigation], request)))
        self.note(result.failure)
        if result.escalate and result.action is not None:
            self.trouble.append(f"{mitigation} {result.action.state}: {result.action.detail}")
        if result.serve is not None:
            result = yield from self.follow(result, result.serve)
        if mitigation == "retrain" and result.identity:
            result = yield from self.await_retraining(result)
        return result

    def follow(self, result: MitigationResult, serve: Serve) -> Generator[Any, Any, MitigationResult]:
        """Bring the endpoint to the version of the alias; if it does not get there, the alias goes back."""
        moved = yield from self.move_serving(serve)
        if moved.moved:
            yield from self.settle("rollback", "done", f"{_detail(result)}; {moved.detail}", mitigated=True)
            return _with_state(result, "done")
        problem = moved.failure.message if moved.failure else moved.detail
        self.trouble.append(f"rollback undone, because its endpoint did not follow: {problem}")
        request = UndoRequest(
            model=self.order.model, incident_id=self.order.incident_id, actor="nightshift", comment=problem[:500]
        )
        undone = UndoResult.from_json((yield from self.step(UNDO_MITIGATIONS, request)))
        self.note(undone.failure)
        if undone.serve is not None:
            back = yield from self.move_serving(undone.serve)
            if not back.moved:
                self.trouble.append(f"the endpoint does not serve the champion: {back.detail or back.failure}")
        return _with_state(result, "failed")

    def move_serving(self, serve: Serve) -> Generator[Any, Any, ServeResult]:
        """Look at the endpoint until it serves the version, has failed, or its time is over."""
        result = ServeResult()
        for looks in range(SERVING_LOOKS):
            request = MoveServingRequest(
                model=self.order.model, incident_id=self.order.incident_id, serve=serve, looks=looks
            )
            result = ServeResult.from_json((yield from self.step(MOVE_SERVING, request)))
            if result.moved or result.failed or result.failure is not None:
                return result
            yield from pause(self.context, SERVING_PAUSE)
        return result.model_copy(update={"failed": True, "detail": f"{result.detail}, but does not get there"})

    def await_retraining(self, result: MitigationResult) -> Generator[Any, Any, MitigationResult]:
        """Wait for the retraining's own verdict."""
        request = RetrainingRequest(
            model=self.order.model, incident_id=self.order.incident_id, identity=result.identity
        )
        interval = _FIRST_LOOK
        for _ in range(RETRAINING_LOOKS):
            yield from pause(self.context, interval)
            state = RetrainingState.from_json((yield from self.step(READ_RETRAINING, request)))
            if state.failure is not None:
                self.note(state.failure)
                return result
            if state.outcome is not None:
                promoted = state.outcome == "promoted"
                yield from self.settle(
                    "retrain",
                    "done" if promoted else "failed",
                    state.detail,
                    mitigated=promoted,
                    facts={"run": state.run, "outcome": state.outcome},
                )
                if not promoted:
                    self.trouble.append(f"retraining did not help: {state.detail}")
                return _with_state(result, "done" if promoted else "failed")
            interval = min(interval * 1.5, _LONGEST_LOOK)
        self.trouble.append("the retraining has not come to an end")
        return result

    def verify(self, since: datetime, minutes: float) -> Generator[Any, Any, str]:
        """Step 3."""
        deadline = since + timedelta(minutes=minutes)
        while True:
            now = self.context.current_utc_datetime
            request = VerifyRequest(
                model=self.order.model, incident_id=self.order.incident_id, since=since, final=now >= deadline
            )
            verified = Verification.from_json((yield from self.step(VERIFY_RECOVERY, request)))
            if verified.failure is not None or verified.recovered is False:
                self.note(verified.failure)
                if verified.detail:
                    self.trouble.append(verified.detail)
                yield from self.escalate()
                return "no"
            if verified.recovered:
                return "yes"
            yield from self.sleep(deadline)

    def resume(self, at: datetime) -> Steps:
        """Step 4; an undo before that has resumed it already, and then nothing is left to do."""
        yield from wait_until(self.context, at)
        request = MitigateRequest(
            model=self.order.model, incident_id=self.order.incident_id, mitigation="pause_compute"
        )
        resumed = yield from self.step(RESUME_COMPUTE, request)
        if resumed.get("failure"):
            self.trouble.append(
                f"the compute lease has ended, but nothing was resumed: {resumed['failure']['message']}"
            )
            yield from self.escalate()

    def escalate(self) -> Steps:
        """Page a person with everything that went wrong; each escalation pages, at intervals."""
        self.escalations += 1
        request = MitigateRequest(
            model=self.order.model,
            incident_id=self.order.incident_id,
            mitigation="page",
            reason="\n".join(self.trouble)[:4_000],
            escalation=f"{self.context.instance_id}:{self.escalations}",
        )
        result = MitigationResult.from_json((yield from self.step(TELL_ON_CALL, request)))
        self.unrecorded = result.failure or self.unrecorded

    def settle(
        self,
        mitigation: Mitigation,
        state: ActionState,
        detail: str,
        *,
        mitigated: bool,
        facts: dict[str, Any] | None = None,
    ) -> Steps:
        """Write down what became of a mitigation that was waited for."""
        request = SettleRequest(
            model=self.order.model,
            incident_id=self.order.incident_id,
            mitigation=mitigation,
            state=state,
            detail=detail[:2_000],
            mitigated=mitigated,
            facts=facts or {},
        )
        yield from self.step(SETTLE_MITIGATION, request)

    def step(self, activity: str, message: Message) -> Steps:
        """Call an activity; when its patience is used up, its result is a failure like any other."""
        tell_step(self.context, activity)
        try:
            return (yield steadily(self.context, activity, message, self.order.patience))
        except Exception as error:  # noqa: BLE001 - Durable raises the bare class when the retries are used up
            failure = Failure(step=activity, code="service_unavailable", message=reason_of(error))
            return {"failure": failure.to_json()}

    def note(self, failure: Failure | None) -> None:
        """Remember a failure for the page."""
        if failure is not None:
            self.trouble.append(f"{failure.step} failed: {failure.code}: {failure.message}")

    def sleep(self, until: datetime) -> Steps:
        """Wait until a time, or until the incident changes for the first time; later changes are looked for by time."""
        if self.woken:
            yield from wait_until(self.context, min(until, self.context.current_utc_datetime + _LONGEST_LOOK))
        else:
            self.woken = yield from wait_until(self.context, until, self.changed)


def _detail(result: MitigationResult) -> str:
    return result.action.detail if result.action else ""


def _with_state(result: MitigationResult, state: ActionState) -> MitigationResult:
    action = result.action
    return result.model_copy(update={"action": action.model_copy(update={"state": state}) if action else None})
