"""After acting: recovered, not yet known, or a person's."""

from datetime import timedelta
from typing import Any

import pytest

from activities.response.verify_recovery import verify_recovery
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.response.incident import Incident, IncidentAction
from nightshift.domain.response.messages import Verification, VerifyRequest
from nightshift.services.response.keep_action import keep_action
from nightshift.services.response.record_alert import record_alert
from tests.support.incident_examples import alert
from tests.support.responder import Case

pytestmark = pytest.mark.xdist_group("mlflow")


@pytest.fixture
def incident(case: Case) -> Incident:
    """A degradation that was mitigated just after it fired."""
    opened = case.alert()
    done = IncidentAction(mitigation="rollback", state="done", detail="version 2", at=opened.recorded_at)
    keep_action(case.services, opened, done, mitigated=True)
    return case.read(opened)


def _verify(case: Case, incident: Incident, *, final: bool) -> Verification:
    """Look at the signal; it was acted upon a second after its alert."""
    since = incident.opened_at + timedelta(seconds=1)
    return verify_recovery(
        case.services,
        VerifyRequest(model=case.model, incident_id=incident.incident_id, since=since, final=final),
    )


def _send(case: Case, name: str, seconds: float, incident: Incident, **given: Any) -> None:
    """Another alert, so many seconds after the first, when that time has come."""
    fired = incident.opened_at + timedelta(seconds=seconds)
    fields = {"alert_id": f"{case.model}-{name}", "model": case.model, "fired_at": fired}
    case.replace(clock=lambda: fired)
    record_alert(case.services, alert(**(fields | given)).model_dump_json().encode())


def test_before_its_time_is_over_it_cannot_be_said(case: Case, incident: Incident) -> None:
    """No news is no proof yet, and nothing is written."""
    assert _verify(case, incident, final=False) == Verification()
    assert case.read(incident) == incident


def test_without_another_alert_it_has_recovered(case: Case, incident: Incident) -> None:
    """Its time is over and it was quiet: the incident is closed."""
    assert _verify(case, incident, final=True).recovered is True
    after = case.read(incident)
    assert after.state == "resolved"
    assert after.timeline[-1].what.startswith("no alert has fired since ")


def test_a_resolution_of_its_source_is_recovery_at_once(case: Case, incident: Incident) -> None:
    """It need not be waited for."""
    _send(case, "a1", 5, incident, state="resolved")
    found = _verify(case, incident, final=False)
    assert (found.recovered, found.detail) == (True, "its source has resolved it")


def test_what_fires_again_after_acting_has_not_recovered(case: Case, incident: Incident) -> None:
    """The incident opens again, and the caller pages."""
    _send(case, "a2", 60, incident)
    assert _verify(case, incident, final=False).recovered is None
    found = _verify(case, incident, final=True)
    assert found.recovered is False
    assert "fired again at " in found.detail
    assert case.read(incident).state == "open"


def test_an_alert_from_before_the_action_does_not_count(case: Case, incident: Incident) -> None:
    """It came late, but fired before."""
    _send(case, "a2", 0.5, incident)
    assert _verify(case, incident, final=True).recovered is True


@pytest.mark.parametrize(("seconds", "recovered"), [(1, True), (1.001, False)])
def test_an_alert_of_the_moment_of_the_action_does_not_count(
    case: Case, incident: Incident, seconds: float, recovered: bool
) -> None:
    """It was acted upon one second after the first alert: what fires then is what was acted upon, a millisecond later
    it is not.
    """
    _send(case, "a2", seconds, incident)
    assert _verify(case, incident, final=True).recovered is recovered


@pytest.mark.parametrize("behind", [timedelta(minutes=10), timedelta(hours=2)])
def test_a_source_whose_clock_is_behind_has_not_recovered_while_it_fires(case: Case, behind: timedelta) -> None:
    """Its alerts are said to have fired before the action, and reach us after it."""
    arrived = case.services.clock()
    opened = case.alert("b1", fired_at=arrived - behind)
    done = IncidentAction(mitigation="rollback", state="done", detail="version 2", at=opened.recorded_at)
    keep_action(case.services, opened, done, mitigated=True)
    since = opened.recorded_at + timedelta(seconds=1)
    request = VerifyRequest(model=case.model, incident_id=opened.incident_id, since=since, final=True)
    later = since + timedelta(minutes=5)
    case.replace(clock=lambda: later)
    case.alert("b2", fired_at=later - behind)
    found = verify_recovery(case.services, request)
    assert (found.recovered, case.read(opened).state) == (False, "open")


def test_a_source_whose_clock_is_behind_and_that_is_quiet_has_recovered(case: Case) -> None:
    """Its one alert was there before the action."""
    opened = case.alert("b1", fired_at=case.services.clock() - timedelta(minutes=10))
    done = IncidentAction(mitigation="rollback", state="done", detail="version 2", at=opened.recorded_at)
    keep_action(case.services, opened, done, mitigated=True)
    since = opened.recorded_at + timedelta(seconds=1)
    request = VerifyRequest(model=case.model, incident_id=opened.incident_id, since=since, final=True)
    assert verify_recovery(case.services, request).recovered is True


def test_a_source_whose_clock_is_set_back_is_heard_at_its_next_alert(case: Case, incident: Incident) -> None:
    """By an hour while the incident is open: what it fires after the action looks like from before it, so it may be
    taken for quiet. The window ends with its next alert, which opens the incident again and pages.
    """
    back = timedelta(hours=1)
    since = incident.opened_at + timedelta(seconds=1)
    request = VerifyRequest(model=case.model, incident_id=incident.incident_id, since=since, final=True)
    for number, minutes in enumerate((5, 10)):
        now = since + timedelta(minutes=minutes)
        case.replace(clock=lambda now=now: now)
        fields = {"alert_id": f"{case.model}-back-{number}", "model": case.model, "fired_at": now - back}
        recorded = record_alert(case.services, alert(**fields).model_dump_json().encode())
        assert recorded.reopened is bool(number)
        if not number:
            assert verify_recovery(case.services, request).recovered is True
    assert (case.read(incident).state, case.read(incident).occurrences) == ("open", 3)


@pytest.mark.parametrize("again", [False, True], ids=["quiet", "fired again"])
def test_looked_at_twice_it_says_and_reports_the_same(case: Case, incident: Incident, again: bool) -> None:
    """A repeat of the last look adds nothing."""
    if again:
        _send(case, "a2", 60, incident)
    first = _verify(case, incident, final=True)
    told = case.read(incident)
    second = _verify(case, incident, final=True)
    assert second.recovered == first.recovered
    assert case.read(incident) == told


def test_what_a_person_has_taken_back_is_theirs(case: Case, incident: Incident) -> None:
    """Nobody is paged about an undo that somebody made."""
    done = incident.actions[0]
    keep_action(case.services, incident, done.model_copy(update={"state": "undone"}), actor="ann")
    _send(case, "a2", 60, incident)
    found = _verify(case, incident, final=True)
    assert (found.recovered, "a person has taken" in found.detail) == (True, True)


def test_an_incident_that_is_not_there_is_named(case: Case, incident: Incident) -> None:
    """A wrong id is refused, and not tried again."""
    with pytest.raises(BadInputError) as refused:
        _verify(case, incident.model_copy(update={"incident_id": "nothing"}), final=True)
    assert (refused.value.code, refused.value.retryable) == ("bad_input", False)
    assert (refused.value.fields["field"], refused.value.fields["value"]) == ("incident", "nothing")
