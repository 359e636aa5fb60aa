"""Whether an incident is acted upon now: every rule, and their order."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from agents.response.classification import UNKNOWN
from agents.response.plan import ResponseContext, plan_response
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.messages import ResponsePlan
from nightshift.domain.response.playbook import MaintenanceWindow, Playbook, Reaction
from tests.support.incident_examples import AT, incident

DRIFT = incident(category="drift", rule="psi_critical")
CAUSE = incident(incident_id="i2", category="pipeline", rule="pipeline_failed", title="loader broke")
MAINTENANCE = Playbook(maintenance=(MaintenanceWindow(starts=AT, ends=AT + timedelta(hours=2), reason="upgrade"),))


def _plan(subject: Incident, *others: Incident, playbook: Playbook | None = None, at: datetime = AT) -> ResponsePlan:
    return plan_response(ResponseContext(incident=subject, playbook=playbook or Playbook(), others=others, at=at))


def test_the_playbooks_line_is_done() -> None:
    """A critical degradation: rollback, then a notice; nothing to wait for."""
    plan = _plan(incident())
    assert (plan.verdict, plan.rule, plan.mitigations, plan.until) == ("act", "playbook", ("rollback", "notify"), None)


def test_the_plan_carries_the_time_to_recover() -> None:
    """The orchestrator reads no spec."""
    assert _plan(incident(), playbook=Playbook(verify_minutes=3)).verify_minutes == 3


def test_a_plan_is_read_by_the_release_before_and_theirs_by_this_one() -> None:
    """After a rollback it stands in history; that release requires a field which nobody reads."""
    written = _plan(incident()).to_json()
    assert "pause_minutes" in written
    assert ResponsePlan.from_json(written | {"pause_minutes": 480.0}).verify_minutes == written["verify_minutes"]


def test_what_has_resolved_itself_is_left() -> None:
    """Also in maintenance, and while a cause is open: there is nothing to do."""
    gone = DRIFT.model_copy(update={"state": "resolved"})
    plan = _plan(gone, CAUSE, playbook=MAINTENANCE)
    assert (plan.verdict, plan.rule, plan.mitigations, plan.cause) == ("leave", "resolved_already", (), "")


def test_maintenance_mutes_until_its_end() -> None:
    """Nothing is done and the reason is reported; the plan is made again when it ends."""
    plan = _plan(incident(), playbook=MAINTENANCE)
    assert (plan.verdict, plan.rule, plan.mitigations) == ("mute", "maintenance", ())
    assert plan.until == AT + timedelta(hours=2)
    assert plan.reason == "maintenance until 2026-03-01T14:00:00+00:00: upgrade"


def test_what_lasts_beyond_maintenance_is_acted_upon() -> None:
    """At its end the window covers nothing any more."""
    assert _plan(incident(), playbook=MAINTENANCE, at=AT + timedelta(hours=2)).rule == "playbook"


def test_a_symptom_waits_for_its_cause() -> None:
    """Drift that a broken pipeline makes is not trained upon; the cause is linked."""
    plan = _plan(DRIFT, CAUSE)
    assert (plan.verdict, plan.rule, plan.cause, plan.mitigations) == ("hold", "cause_open", "i2", ())
    assert plan.until == AT + timedelta(minutes=60)
    assert "i2 (loader broke)" in plan.reason


def test_a_cause_of_the_platform_counts_too() -> None:
    """A shared pipeline belongs to no model."""
    assert _plan(DRIFT, CAUSE.model_copy(update={"model": "platform"})).rule == "cause_open"


def test_a_failed_run_holds_up_its_own_model_only() -> None:
    """A run of a model without a spec is the platform's incident, but no other model's cause."""
    failed = CAUSE.alert.model_copy(update={"run": "lifecycle-other-1"})
    assert _plan(DRIFT, CAUSE.model_copy(update={"alert": failed})).rule == "cause_open"
    assert _plan(DRIFT, CAUSE.model_copy(update={"model": "platform", "alert": failed})).rule == "playbook"


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "resolved"},
        {"state": "mitigated"},
        {"severity": "warning"},
        {"category": "budget"},
        {"incident_id": DRIFT.incident_id},
    ],
    ids=["resolved", "mitigated", "warning", "other category", "itself"],
)
def test_what_is_no_open_critical_cause_holds_nothing_up(changed: dict[str, Any]) -> None:
    """Only what may still break the data does."""
    assert _plan(DRIFT, CAUSE.model_copy(update=changed)).rule == "playbook"


def test_an_acknowledged_cause_still_holds_its_symptom() -> None:
    """Somebody works on it; the data is as broken as before."""
    assert _plan(DRIFT, CAUSE.model_copy(update={"state": "acknowledged"})).rule == "cause_open"


def test_a_degradation_does_not_wait_for_a_pipeline() -> None:
    """Rolling back needs no data."""
    assert _plan(incident(), CAUSE).rule == "playbook"


@pytest.mark.parametrize(("seconds", "rule"), [(3599, "cause_open"), (3600, "cause_lasts")])
def test_a_cause_that_lasts_is_for_a_person(seconds: float, rule: str) -> None:
    """The spec's time to hold counts from when the symptom was recorded."""
    assert _plan(DRIFT, CAUSE, at=AT + timedelta(seconds=seconds)).rule == rule


def test_a_person_is_asked_instead_of_training_on_broken_data() -> None:
    """When waiting is over, the playbook's line is not done."""
    plan = _plan(DRIFT, CAUSE, at=AT + timedelta(hours=2))
    assert (plan.verdict, plan.mitigations, plan.cause) == ("act", ("ask",), "i2")


def test_maintenance_goes_before_a_cause() -> None:
    """Both hold; the plan is made again when maintenance ends, and finds the cause then."""
    assert _plan(DRIFT, CAUSE, playbook=MAINTENANCE).rule == "maintenance"


def test_what_no_rule_knows_is_for_a_person() -> None:
    """Whatever the playbook would do about its category, and also where it would do nothing."""
    unknown = incident(category="drift", severity="warning", rule=UNKNOWN, reason="no rule knows it")
    silent = Playbook(reactions=(Reaction(category="drift", severity="warning", mitigations=()),))
    for playbook in (Playbook(), silent):
        plan = _plan(unknown, playbook=playbook)
        assert (plan.verdict, plan.rule, plan.mitigations) == ("act", "nobody_knows", ("ask",))
        assert plan.reason.startswith(unknown.reason)


def test_where_the_playbook_does_nothing_nothing_is_done() -> None:
    """It is recorded, and the timeline says why nothing happened."""
    plan = _plan(incident(severity="informational"))
    assert (plan.verdict, plan.rule, plan.mitigations) == ("leave", "nothing_to_do", ())
    assert "informational degradation" in plan.reason


def test_nobody_is_asked_about_what_the_playbook_ignores() -> None:
    """An informational drift does not wait for a cause, only to wake a person in the end."""
    plan = _plan(DRIFT.model_copy(update={"severity": "informational"}), CAUSE, at=AT + timedelta(hours=2))
    assert (plan.verdict, plan.rule) == ("leave", "nothing_to_do")
