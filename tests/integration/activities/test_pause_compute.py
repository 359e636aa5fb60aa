"""Pausing compute is a lease: what is paused, until when, and the way back."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.pause_compute import run_pause_compute, run_resume_compute
from activities.undo_mitigations import run_undo_mitigations
from domain.compute import ComputeResource
from domain.incident import Incident
from domain.response import MitigationResult
from tests.integration.activities.interruptions import Interrupted, KilledError
from tests.integration.activities.memory_ports import MemoryCompute, resource
from tests.integration.activities.responder import Case

pytestmark = pytest.mark.xdist_group("mlflow")


def _workspace(case: Case, *resources: ComputeResource, **given: Any) -> MemoryCompute:
    compute = MemoryCompute(*resources, **given)
    case.replace(compute=compute)
    return compute


def _overspent(case: Case, name: str = "b1") -> Incident:
    """A budget that is spent; kept under the test's own model, since all tests share the platform."""
    return case.alert(name, category="budget", metric="spend", value=None, severity="critical", rule=name)


def _pause(case: Case, incident: Incident) -> MitigationResult:
    return run_pause_compute(case.services, case.request(incident, "pause_compute"))


def test_only_what_is_not_essential_is_paused(case: Case) -> None:
    """Tagged essential, untagged, protected and stopped compute is left alone, and the ledger says why."""
    case.specify(playbook={"protected": ["demo"], "pause_minutes": 30})
    compute = _workspace(
        case,
        resource("adhoc"),
        resource("nightly", tag="true"),
        resource("old", tag=None),
        resource("demo"),
        resource("idle", state="stopped"),
        resource("reports", kind="sql_warehouse"),
    )
    incident = _overspent(case)
    before = case.services.clock()
    result = _pause(case, incident)
    assert compute.calls == ["pause adhoc", "pause reports"]
    (entry,) = case.entries()
    assert (entry.kind, entry.run, entry.actor) == ("mitigation", incident.response, "nightshift")
    assert entry.body["names"] == ["adhoc", "reports"]
    assert entry.body["spared"] == {
        "nightly": "it is tagged essential",
        "old": "it has no tag nightshift-essential=false",
        "demo": "the playbook protects it",
        "idle": "it does not run",
    }
    ends = datetime.fromisoformat(entry.body["ends"])
    assert before + timedelta(minutes=30) <= ends <= case.services.clock() + timedelta(minutes=30)
    assert result.action is not None
    assert (result.action.state, result.resume_at, result.escalate) == ("done", ends, False)
    assert result.action.detail == f"paused adhoc, reports; lease until {entry.body['ends']}"
    assert case.read(incident).state == "mitigated"


def test_paused_twice_is_one_lease(case: Case) -> None:
    """A repeat gets the first answer, and touches nothing."""
    compute = _workspace(case, resource("adhoc"))
    incident = _overspent(case)
    first, second = _pause(case, incident), _pause(case, incident)
    assert second == first
    assert (compute.calls, len(case.entries())) == (["pause adhoc"], 1)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_it_pauses_the_same_list(case: Case, after: bool) -> None:
    """What the ledger names is paused, even if a resource has stopped meanwhile."""
    compute = _workspace(case, resource("a"), resource("b"), resource("c", tag="true"))
    incident = _overspent(case)
    number, finished = 0, False
    while not finished:
        number += 1
        try:
            run_pause_compute(
                Interrupted(case.services, last=number, after=after), case.request(incident, "pause_compute")
            )
            finished = True
        except KilledError:
            pass
    assert number > 4
    assert compute.running() == ["c"]
    assert case.action(incident, "pause_compute").facts["names"] == ["a", "b"]
    assert len(case.entries()) == 1


def test_nothing_to_pause_is_for_a_person(case: Case) -> None:
    """The budget is spent, and nothing may be stopped."""
    _workspace(case, resource("nightly", tag="true"))
    incident = _overspent(case)
    result = _pause(case, incident)
    assert result.action is not None
    assert (result.action.state, result.escalate, result.resume_at) == ("refused", True, None)
    assert result.action.detail == "paused nothing: no compute that runs is tagged as not essential"
    assert case.read(incident).state == "open"


def test_what_refuses_to_be_paused_does_not_keep_the_others_running(case: Case) -> None:
    """The rest is a lease; the one that refused is told, and not started at its end."""
    compute = _workspace(case, resource("a"), resource("b"), resource("c"), refusing=("b",))
    incident = _overspent(case)
    result = _pause(case, incident)
    assert result.action is not None
    assert compute.running() == ["b"]
    assert (result.action.state, result.action.facts["names"]) == ("done", ["a", "c"])
    assert "b was not paused: Databricks refused: 403" in result.action.detail


def test_when_nothing_lets_itself_be_paused_a_person_is_told_why(case: Case) -> None:
    """A missing permission is not an empty workspace."""
    _workspace(case, resource("a"), refusing=("a",))
    result = _pause(case, _overspent(case))
    assert result.action is not None
    assert (result.action.state, result.escalate) == ("refused", True)
    assert "a was not paused: Databricks refused: 403" in result.action.detail
    assert "no compute that runs is tagged" not in result.action.detail


def test_a_large_workspace_fits_into_ledger_and_incident(case: Case) -> None:
    """Three hundred clusters with long names: a hundred are paused and named."""
    names = [f"{number:03d}-{'a-long-cluster-name' * 3}" for number in range(300)]
    resources = [resource(name, tag="false" if number % 2 else "true") for number, name in enumerate(names)]
    compute = _workspace(case, *resources)
    result = _pause(case, _overspent(case))
    assert result.failure is None
    assert result.action is not None
    assert (result.action.state, len(result.action.facts["names"])) == ("done", 100)
    assert len(compute.calls) == 100


def test_the_end_of_the_lease_starts_what_it_paused(case: Case) -> None:
    """Once; what was stopped before stays so."""
    compute = _workspace(case, resource("a"), resource("b"), resource("idle", state="stopped"))
    incident = _overspent(case)
    _pause(case, incident)
    request = case.request(incident, "pause_compute")
    results = [run_resume_compute(case.services, request) for _ in range(2)]
    assert [result.failure for result in results] == [None, None]
    assert compute.calls == ["pause a", "pause b", "resume a", "resume b"]
    action = case.action(incident, "pause_compute")
    assert (action.state, action.facts["resumed"]) == ("done", True)
    assert action.detail.endswith("resumed a, b")
    assert [(entry.kind, entry.actor) for entry in case.entries()] == [
        ("mitigation", "nightshift"),
        ("undo", "nightshift"),
    ]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_the_end_of_the_lease_comes_all_the_same(case: Case, after: bool) -> None:
    """Everything runs again, and the incident says so."""
    compute = _workspace(case, resource("a"), resource("b"))
    incident = _overspent(case)
    _pause(case, incident)
    number, finished = 0, False
    while not finished:
        number += 1
        try:
            run_resume_compute(
                Interrupted(case.services, last=number, after=after), case.request(incident, "pause_compute")
            )
            finished = True
        except KilledError:
            pass
    assert compute.running() == ["a", "b"]
    assert case.action(incident, "pause_compute").facts["resumed"] is True
    assert len(case.entries()) == 2


def test_a_job_cluster_is_not_started_again(case: Case) -> None:
    """Its runs are gone: that is told, and the others are started."""
    compute = _workspace(case, resource("run-7", kind="job_cluster"), resource("a"))
    incident = _overspent(case)
    _pause(case, incident)
    run_resume_compute(case.services, case.request(incident, "pause_compute"))
    assert compute.running() == ["a"]
    detail = case.action(incident, "pause_compute").detail
    assert "resumed a; run-7 was not started: Databricks refused: its runs are gone" in detail


def test_of_two_overlapping_leases_the_last_to_end_starts_the_compute(case: Case) -> None:
    """The second budget holds what the first has paused, and adds what came since."""
    compute = _workspace(case, resource("a"))
    first, second = _overspent(case, "b1"), _overspent(case, "b2")
    _pause(case, first)
    result = _pause(case, second)
    assert result.action is not None
    assert result.action.facts["names"] == ["a"]
    run_resume_compute(case.services, case.request(first, "pause_compute"))
    assert compute.running() == []
    assert f"a stays paused by incident {second.incident_id}" in case.action(first, "pause_compute").detail
    run_resume_compute(case.services, case.request(second, "pause_compute"))
    assert compute.running() == ["a"]


def test_a_lease_past_its_end_holds_nothing(case: Case) -> None:
    """Its response was ended by hand and never resumed anything: the next lease is not held up by it."""
    compute = _workspace(case, resource("a"))
    first, second = _overspent(case, "b1"), _overspent(case, "b2")
    case.specify(playbook={"pause_minutes": 0.000_001})
    _pause(case, first)
    case.specify(playbook={"pause_minutes": 60})
    run_pause_compute(case.services, case.request(second, "pause_compute"))
    run_resume_compute(case.services, case.request(second, "pause_compute"))
    assert compute.running() == ["a"]


def test_resuming_what_was_never_paused_does_nothing(case: Case) -> None:
    """An incident without a lease."""
    compute = _workspace(case, resource("a"))
    result = run_resume_compute(case.services, case.request(_overspent(case), "pause_compute"))
    assert (result.failure, compute.calls, case.entries()) == (None, [], ())


def test_a_person_may_end_a_lease_early(case: Case) -> None:
    """Undone under their name; the lease's own end then finds nothing to do."""
    compute = _workspace(case, resource("a"))
    incident = _overspent(case)
    _pause(case, incident)
    result = run_undo_mitigations(case.services, case.undo_request(incident))
    assert (result.undone, result.refused) == (("pause_compute: resumed a",), ())
    run_resume_compute(case.services, case.request(incident, "pause_compute"))
    assert compute.calls == ["pause a", "resume a"]
    assert (case.action(incident, "pause_compute").state, case.read(incident).state) == ("undone", "open")
    assert [(entry.kind, entry.actor) for entry in case.entries()] == [("mitigation", "nightshift"), ("undo", "ann")]


def test_a_lease_that_has_ended_cannot_be_undone(case: Case) -> None:
    """Everything runs already: nothing is claimed, and the incident does not open again."""
    _workspace(case, resource("a"))
    incident = _overspent(case)
    _pause(case, incident)
    run_resume_compute(case.services, case.request(incident, "pause_compute"))
    result = run_undo_mitigations(case.services, case.undo_request(incident))
    assert (result.undone, len(result.refused)) == ((), 1)
    assert case.read(incident).state == "mitigated"
