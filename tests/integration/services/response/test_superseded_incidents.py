"""An incident of a run that halted or failed is over when a later run of the model went well."""

from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from activities.lifecycle.decide_action import decide_action
from nightshift.domain.lifecycle.run import DecideRequest
from nightshift.domain.response.incident import Incident
from nightshift.services.response.superseded_incidents import close_superseded
from tests.support.model_data import Starts
from tests.support.responder import Case
from tests.support.reviewing import flag

pytestmark = pytest.mark.xdist_group("mlflow")

EARLIER, LATER = "lifecycle-m-1", "lifecycle-m-2"


def _reported(case: Case, rule: str, run: str = EARLIER, name: str = "", **given: Any) -> Incident:
    """What a run of the model has reported as its own trouble."""
    fields = {"category": "pipeline", "source": "nightshift", "rule": rule, "run": run, "metric": "", "value": None}
    return case.alert(name or f"{run}:{rule}", **(fields | {"baseline": None} | given))


@pytest.mark.parametrize(
    ("rule", "outcome", "state"),
    [
        ("validate_data", "rejected", "resolved"),
        ("poll_job_status", "flagged", "resolved"),
        ("run_broke_off", "promoted", "resolved"),
        ("refused", "promoted", "resolved"),
        ("improvement_rejected", "promoted", "resolved"),
        ("improvement_rejected", "rejected", "open"),
        ("move_serving", "promoted", "open"),
        ("review_act", "promoted", "open"),
    ],
)
def test_what_a_later_run_shows_to_be_over_is_closed(case: Case, rule: str, outcome: str, state: str) -> None:
    """By the system, with its reason; once. What a decision does not show to be over stays a person's."""
    incident = _reported(case, rule)
    for _ in range(2):
        close_superseded(case.services, case.model, LATER, outcome)
    after = case.read(incident)
    assert after.state == state
    told = [(entry.actor, entry.what) for entry in after.timeline if entry.key.startswith("superseded-")]
    assert told == ([("nightshift", f"run {LATER} went well: {outcome}")] if state == "resolved" else [])


def test_what_this_run_reports_itself_is_not_over(case: Case) -> None:
    """It left a file out as the run before did, or its improvement loop found nothing: the trouble is still there."""
    left_out = _reported(case, "refused")
    _reported(case, "refused", LATER)
    improved = _reported(case, "improvement_failed", "improvement-m-2")
    assert close_superseded(case.services, case.model, LATER, "promoted") == ()
    assert {case.read(incident).state for incident in (left_out, improved)} == {"open"}


def test_what_others_report_is_theirs(case: Case) -> None:
    """A signal of the model fires on, whatever its runs do; so does another system's pipeline."""
    incidents = [case.alert("a1"), case.drift("d1"), _reported(case, "validate_data", source="airflow", run="")]
    assert close_superseded(case.services, case.model, LATER, "promoted") == ()
    assert {case.read(incident).state for incident in incidents} == {"open"}


async def test_the_run_that_comes_to_a_decision_closes_it(
    case: Case, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    """Also one that was paged and that somebody has acknowledged."""
    review = flag(case, mlflow_client, tmp_path)
    incident = _reported(case, "validate_data", "lifecycle-other-1")
    case.services.incidents.change(case.model, incident.incident_id, lambda known: known.transition("acknowledge"))
    client: Any = Starts()
    decided = DecideRequest(model=case.model, run=review.run, manifest=review.manifest, evidence=review.evidence)
    result = await decide_action(case.services, client, decided)
    assert result.outcome == "flagged"
    assert case.read(incident).state == "resolved"
