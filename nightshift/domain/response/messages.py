"""The messages of a response: what is done about an incident, step by step."""

from datetime import datetime

from nightshift.domain.platform.correlation import Traceparent
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.step import RetryPolicy
from nightshift.domain.response.incident import ActionState, IncidentAction, Verdict
from nightshift.domain.response.mitigations import Mitigation

# An alert is answered within seconds or, after two minutes without an answer of MLflow or Databricks, by a person.
RESPONDING = RetryPolicy(attempts=45, seconds=3)


class ResponseInput(Message):
    """Input of the orchestration that answers an incident.

    Attributes:
        again: it fired again after it had been resolved: nothing is done a second time, a person is paged.
    """

    model: str
    incident_id: str
    again: bool = False
    patience: RetryPolicy = RESPONDING
    trace: Traceparent = ""


class PlanRequest(Message):
    """Input of ``plan_response``.

    Attributes:
        at: the orchestration's time.
        look: the number of this plan within the response.
    """

    model: str
    incident_id: str
    at: datetime
    look: int = 0


class ResponsePlan(Message):
    """What is done about an incident now.

    Attributes:
        rule: name of the rule of agents.response.plan that fired.
        mitigations: in this order; empty unless the verdict is ``act``.
        until: when a ``hold`` or ``mute`` is planned again at the latest.
        cause: the incident whose symptom this one may be.
        pause_minutes: nobody reads it. It is written so that the release before, which requires it, reads a plan that
            stands in history after a rollback; a release behind this one may drop it.
    """

    verdict: Verdict
    rule: str
    reason: str
    mitigations: tuple[Mitigation, ...] = ()
    until: datetime | None = None
    cause: str = ""
    verify_minutes: float
    pause_minutes: float = 0


class PlannedResponse(Message):
    """Result of ``plan_response``."""

    plan: ResponsePlan


class MitigateRequest(Message):
    """Input of every mitigation; ``reason`` is the plan's.

    Attributes:
        escalation: identity of an escalation, of which each pages; empty for what the playbook orders.
    """

    model: str
    incident_id: str
    mitigation: Mitigation
    reason: str = ""
    escalation: str = ""


class MitigationResult(Message):
    """What became of a mitigation.

    Attributes:
        serve: the endpoint and version that must follow the alias, if the spec names an endpoint.
        identity: of the upload under which a retraining was submitted; empty for every other mitigation.
        resume_at: when paused compute is to be resumed.
        escalate: whether a person must be paged because of this.
    """

    action: IncidentAction
    serve: "EndpointTarget | None" = None
    identity: str = ""
    resume_at: datetime | None = None
    escalate: bool = False


class EndpointTarget(Message):
    """An endpoint that must serve a version."""

    endpoint: str
    model: str
    version: str


class MoveServingRequest(Message):
    """Input of ``move_serving``.

    Attributes:
        run, review_id, incident_id: the one because of which the endpoint is moved; the others are empty.
        looks: polls so far, which distinguish an older failure from a new one.
    """

    model: str
    serve: EndpointTarget
    looks: int = 0
    run: str = ""
    review_id: str = ""
    incident_id: str = ""


class MoveServingResult(Message):
    """Where an endpoint is on its way to a version.

    Attributes:
        moved: it serves the version, and reads back ready.
        failed: its update has failed; it will not get there.
    """

    moved: bool = False
    failed: bool = False
    detail: str = ""


class CompleteMitigationRequest(Message):
    """Input of ``settle_mitigation``: what finally became of an action whose endpoint or run was waited for."""

    model: str
    incident_id: str
    mitigation: Mitigation
    state: ActionState
    detail: str
    mitigated: bool = False
    facts: dict[str, str] = {}

    @classmethod
    def of(
        cls,
        request: MitigateRequest,
        state: ActionState,
        detail: str,
        *,
        mitigated: bool = False,
        facts: dict[str, str] | None = None,
    ) -> "CompleteMitigationRequest":
        """What is to be written down about the mitigation that was asked for."""
        return cls(
            model=request.model,
            incident_id=request.incident_id,
            mitigation=request.mitigation,
            state=state,
            detail=detail[:2_000],
            mitigated=mitigated,
            facts=facts or {},
        )


class VerifyRequest(Message):
    """Input of ``verify_recovery``; ``final`` when the time to recover is over, ``since`` when it was acted upon."""

    model: str
    incident_id: str
    since: datetime
    final: bool


class Verification(Message):
    """Whether the signal has recovered; None while it is too early to say."""

    recovered: bool | None = None
    detail: str = ""


class RetrainingState(Message):
    """What became of a retraining: None while it goes on."""

    run: str = ""
    outcome: str | None = None
    detail: str = ""


class RetrainingRequest(Message):
    """Input of ``read_retraining``: the upload whose run is looked for."""

    model: str
    incident_id: str
    identity: str


class UndoRequest(Message):
    """Input of an undo, and of the orchestration that does it.

    Attributes:
        order: distinguishes the undos of one incident by one person: when it was asked for; empty if Nightshift undoes.
    """

    model: str
    incident_id: str
    actor: str
    comment: str
    order: str = ""
    patience: RetryPolicy = RESPONDING
    trace: Traceparent = ""


class UndoResult(Message):
    """What an undo has taken back, in sentences; ``serve`` an endpoint that must follow."""

    undone: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    serve: EndpointTarget | None = None
