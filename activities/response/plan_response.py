"""Decide what is done about an incident, on what is known of it and of its surroundings."""

from collections.abc import Iterator

from agents.response.plan import CAUSES, ResponseContext
from agents.response.plan import plan_response as plan_for
from nightshift.domain.ledger.ledger import ACTOR
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.alert import PLATFORM
from nightshift.domain.response.incident import Incident, TimelineEntry
from nightshift.domain.response.messages import PlannedResponse, PlanRequest, ResponsePlan
from nightshift.services.platform.activity import activity
from nightshift.services.response.find_incident import find_incident
from nightshift.services.response.record_alert import playbook_of


@activity("plan_response")
def plan_response(services: Services, request: PlanRequest) -> PlannedResponse:
    """Apply the responder's rules and write the plan into the incident's timeline."""
    plan, cause = _plan_once(services, request), None
    # Once more whenever a cause is named: one that was resolved before this symptom named it wakes nobody.
    while plan.verdict == "hold" and plan.cause != cause:
        cause = plan.cause
        plan = _plan_once(services, request)
    return PlannedResponse(plan=plan)


def _plan_once(services: Services, request: PlanRequest) -> ResponsePlan:
    incident = find_incident(services, request.model, request.incident_id)
    context = ResponseContext(
        incident=incident,
        playbook=playbook_of(services, request.model),
        others=_possible_causes(services, incident),
        at=request.at,
    )
    plan = plan_for(context)
    what = f"{plan.verdict} by rule {plan.rule}: {plan.reason}"
    key = f"plan-{request.look}-{plan.rule}-{plan.cause}"
    entry = TimelineEntry(key=key, at=request.at, actor=ACTOR, what=what, verdict=plan.verdict)

    def with_plan(known: Incident) -> Incident:
        if any(line.what == entry.what for line in known.timeline):
            return known
        return known.with_event(entry).model_copy(update={"caused_by": plan.cause or known.caused_by})

    services.incidents.change(request.model, request.incident_id, with_plan)
    return plan


def _possible_causes(services: Services, incident: Incident) -> Iterator[Incident]:
    """Open critical incidents of the model, then of the platform, whose symptom this one may be; read as taken."""
    for place in dict.fromkeys((incident.model, PLATFORM)):
        for category in CAUSES.get(incident.category, ()):
            yield from services.incidents.open_of(place, category, "critical")
