"""Planning a response while the incidents around it change."""

from collections.abc import Callable
from typing import Any

import pytest

from activities.response.plan_response import plan_response
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.messages import PlanRequest, ResponsePlan
from tests.support.responder import Case

pytestmark = pytest.mark.xdist_group("mlflow")


class CuredMeanwhile:
    """An incident store in which an incident is resolved just before the first change of another is written."""

    def __init__(self, incidents: Any, cause: Incident) -> None:
        self._incidents = incidents
        self._cause: Incident | None = cause

    def __getattr__(self, name: str) -> Any:
        return getattr(self._incidents, name)

    def change(self, model: str, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        """Resolve the cause, once, then change what was to be changed."""
        cause, self._cause = self._cause, None
        if cause is not None:
            self._incidents.change(cause.model, cause.incident_id, lambda incident: incident.transition("resolve"))
        changed: Incident = self._incidents.change(model, incident_id, change)
        return changed


def _plan(case: Case, incident: Incident) -> ResponsePlan:
    request = PlanRequest(model=case.model, incident_id=incident.incident_id, at=case.services.clock(), look=0)
    planned = plan_response(case.services, request).plan
    assert planned is not None
    return planned


def _broken_pipeline(case: Case) -> Incident:
    return case.alert("p1", category="pipeline", metric="", value=None, baseline=None)


def test_a_symptom_names_its_cause(case: Case) -> None:
    """So that the resolution of the cause finds the response that waits for it."""
    cause, symptom = _broken_pipeline(case), case.drift()
    assert _plan(case, symptom).verdict == "hold"
    assert case.read(symptom).caused_by == cause.incident_id


def test_a_cause_cured_while_its_symptom_is_planned(case: Case) -> None:
    """Whoever cured it could not see the symptom and woke nobody: the symptom is planned again instead of waiting."""
    cause, symptom = _broken_pipeline(case), case.drift()
    case.replace(incidents=CuredMeanwhile(case.services.incidents, cause))
    plan = _plan(case, symptom)
    assert (plan.verdict, plan.mitigations[0]) == ("act", "retrain")
    assert [line.what.split()[0] for line in case.read(symptom).timeline[-2:]] == ["hold", "act"]
